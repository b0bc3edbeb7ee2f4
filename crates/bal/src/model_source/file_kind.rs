//! What kind of file a model is.

use std::{fs::File, io::Read, path::Path};

/// A kind of file that holds a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Weights in safetensors.
    Weights,
    /// A network that PyTorch saved as TorchScript.
    TorchScript,
    /// A network that PyTorch saved as an exported program (`.pt2`).
    Exported,
}

impl FileKind {
    /// What a file is its bytes say, or else its name; what is neither counts as weights.
    pub(crate) fn of(path: &Path) -> Self {
        let by_name = path.extension().is_some_and(|extension| extension == "pt");
        match beginning(path) {
            // The length of a header and the header, of safetensors.
            Some([.., b'{']) => Self::Weights,
            _ if bal_models::is_exported(path) => Self::Exported,
            // A zip archive, which TorchScript is.
            Some([b'P', b'K', ..]) => Self::TorchScript,
            _ if by_name => Self::TorchScript,
            _ => Self::Weights,
        }
    }
}

/// The first bytes of a file that has as many.
fn beginning(path: &Path) -> Option<[u8; 9]> {
    let mut first = [0; 9];
    // What is no regular file may have nothing to read, ever.
    let mut file = path.is_file().then(|| File::open(path).ok()).flatten()?;
    file.read_exact(&mut first).ok().map(|()| first)
}
