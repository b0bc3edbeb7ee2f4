//! What kind of file a model is.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

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

/// Where the table of an archive's contents is, from its end.
const TABLE: u64 = 1 << 20;

impl FileKind {
    /// What a file is its bytes say, or else its name; what is neither counts as weights.
    pub(crate) fn of(path: &Path) -> Self {
        let named = |name: &str| path.extension().is_some_and(|extension| extension == name);
        let by_name = if named("pt2") {
            Self::Exported
        } else if named("pt") {
            Self::TorchScript
        } else {
            Self::Weights
        };
        match beginning(path) {
            // A zip archive, which both formats of PyTorch are.
            Some([b'P', b'K', ..]) if by_name == Self::Exported || holds_program(path) => Self::Exported,
            Some([b'P', b'K', ..]) => Self::TorchScript,
            // The length of a header and the header, of safetensors.
            Some([.., b'{']) => Self::Weights,
            _ => by_name,
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

/// Whether an archive names the graph of an exported program.
fn holds_program(path: &Path) -> bool {
    let table = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TABLE)))?;
        let mut bytes = Vec::new();
        file.take(TABLE).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let name = b"models/model.json";
    table().is_ok_and(|bytes| bytes.windows(name.len()).any(|window| window == name))
}
