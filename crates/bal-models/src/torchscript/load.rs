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

pub(super) fn refused(path: &Path, error: &TchError) -> ModelError {
    ModelError::NotTorchScript { path: path.into(), reason: cause(error) }
}

/// What LibTorch complains of, in one line: an error from within a script comes after its trace.
pub(super) fn cause(error: &TchError) -> String {
    const LENGTH: usize = 200;
    let text = match error {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    let raised = text.lines().rev().find(|line| line.contains("Error: "));
    let line = raised.or(text.lines().find(|line| !line.trim().is_empty())).unwrap_or("no reason given");
    let line = line.split(" (C++").next().unwrap_or(line).trim();
    line.trim_start_matches("RuntimeError: ").chars().take(LENGTH).collect()
}
