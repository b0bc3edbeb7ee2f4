//! TorchScript modules out of files that may be anything.

use crate::ModelError;
use std::{fs::File, io::Read, path::Path};
use tch::{CModule, Device, TchError};

/// The first bytes of a zip archive, which a TorchScript file is.
const ZIP: &[u8] = b"PK\x03\x04";

/// All bytes of a file that begins as an archive; of a large file of another kind, four are read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    let io = |source| ModelError::Io { path: path.into(), action: "read", source };
    let mut file = File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    (&file).take(ZIP.len() as u64).read_to_end(&mut bytes).map_err(io)?;
    if bytes != ZIP {
        let reason = "it is no zip archive".into();
        return Err(ModelError::NotTorchScript { path: path.into(), reason });
    }
    file.read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

/// The module in evaluation mode, its weights without gradients.
pub(super) fn module(mut bytes: &[u8], device: Device) -> Result<CModule, TchError> {
    let mut module = CModule::load_data_on_device(&mut bytes, device)?;
    module.f_set_eval()?;
    for (_, weight) in module.named_parameters()? {
        // The handle is another, the tensor the module's own. Integers have no gradient to take away.
        if weight.requires_grad() {
            let _ = weight.f_set_requires_grad(false)?;
        }
    }
    Ok(module)
}

/// What a file of these `bytes` is refused for.
pub(super) fn refused(path: &Path, bytes: &[u8], error: &TchError) -> ModelError {
    // Of an archive without a program LibTorch says that it is damaged, and it is not.
    let reason = if is_of_tensors(bytes) {
        "it holds tensors and no network, as torch.save writes a state_dict".into()
    } else {
        cause(error)
    };
    ModelError::NotTorchScript { path: path.into(), reason }
}

/// Whether an archive was written by `torch.save`: it has pickled data, and no table of a program's constants.
fn is_of_tensors(bytes: &[u8]) -> bool {
    let holds = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    holds(b"/data.pkl") && !holds(b"/constants.pkl")
}

/// What LibTorch complains of, in one line: an error from within a script comes after its trace.
pub(super) fn cause(error: &TchError) -> String {
    let text = match error {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    let raised = text.lines().rev().find(|line| line.contains("Error: "));
    let line = raised.or(text.lines().find(|line| !line.trim().is_empty())).unwrap_or("no reason given");
    let line = line.split(" (C++").next().unwrap_or(line).trim();
    shortened(line.trim_start_matches("RuntimeError: "))
}

/// So much of a line as a reader takes in, whole words of it, with two dots where something is left out.
fn shortened(line: &str) -> String {
    const LENGTH: usize = 200;
    let Some((end, _)) = line.char_indices().nth(LENGTH) else { return line.into() };
    // A word that is cut is left out, unless it is all there is.
    let head = &line[..end];
    let whole = if line[end..].starts_with(char::is_whitespace) {
        head
    } else {
        head.rsplit_once(char::is_whitespace).map_or(head, |(whole, _)| whole)
    };
    format!("{} ..", whole.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reasons_end_with_a_whole_word_and_two_dots() {
        assert_eq!(shortened("as it is"), "as it is");
        let words = "ninechars ".repeat(40);
        let short = shortened(&words);
        assert_eq!(short, format!("{} ..", "ninechars ".repeat(20).trim_end()));
        assert_eq!(shortened(&format!("a{words}")), format!("a{} ..", "ninechars ".repeat(20).trim_end()));
        assert_eq!(shortened(&format!("ab{words}")), format!("ab{} ..", "ninechars ".repeat(19).trim_end()));
        assert_eq!(shortened(&"ü".repeat(300)), format!("{} ..", "ü".repeat(200)));
        assert_eq!(shortened(&"ü".repeat(200)), "ü".repeat(200));
    }
}
