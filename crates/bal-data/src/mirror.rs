//! A mirror: a folder or a server that holds copies of the data sets, asked before their official sources.

use std::fmt;
use std::path::PathBuf;

use crate::DataError;

/// Where copies of the files are, laid out as `<mirror>/<set>/<file>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A base address, without the slash at its end.
    Url(String),
}

impl Mirror {
    /// The environment variable that names a mirror.
    pub const VARIABLE: &str = "BAL_DATA_MIRROR";

    /// Reads `http://..`, `https://..` or the path of an existing folder.
    pub fn parse(text: &str) -> Result<Self, DataError> {
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Self::Url(text.trim_end_matches('/').to_owned()));
        }
        let folder = PathBuf::from(text);
        if text.contains("://") || !folder.is_dir() {
            return Err(DataError::Mirror(text.to_owned()));
        }
        Ok(Self::Folder(folder))
    }

    /// The mirror of a command-line flag, else that of [`Mirror::VARIABLE`], else none.
    /// An empty variable counts as unset.
    pub fn choose(flag: Option<&str>) -> Result<Option<Self>, DataError> {
        if let Some(text) = flag {
            return Self::parse(text).map(Some);
        }
        match std::env::var_os(Self::VARIABLE) {
            Some(value) if !value.is_empty() => {
                let text =
                    value.to_str().ok_or_else(|| DataError::Mirror(value.to_string_lossy().into_owned()))?;
                Self::parse(text).map(Some)
            }
            _ => Ok(None),
        }
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Url(base) => base.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_and_existing_folders_and_refuses_the_rest() {
        assert_eq!(
            Mirror::parse("https://example.org/data/").unwrap(),
            Mirror::Url("https://example.org/data".into())
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap();
        assert_eq!(Mirror::parse(path).unwrap(), Mirror::Folder(path.into()));
        for text in ["", "ftp://example.org", "file:///", "/no/such/folder"] {
            let error = Mirror::parse(text).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn the_flag_wins_over_the_environment() {
        let chosen = Mirror::choose(Some("http://example.org")).unwrap();
        assert_eq!(chosen, Some(Mirror::Url("http://example.org".into())));
    }
}
