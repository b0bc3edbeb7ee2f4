//! MD5 digests, for files whose authors publish no other.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::str::FromStr;

use md5::Digest as _;
use serde::Deserialize;

use crate::DataError;
use crate::digest::hexadecimal;

/// An MD5 digest; displayed and parsed as 32 lower-case hexadecimal digits.
///
/// It tells whether a download is what its authors published. It does not withstand an attacker, who can make two files of one
/// MD5 digest, so the [manifest](crate::manifest) has a SHA-256 digest beside it.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Md5([u8; 16]);

impl Md5 {
    /// Digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(md5::Md5::digest(bytes).into())
    }

    /// Digest of the file at `path`.
    pub fn of_file(path: &Path) -> Result<Self, DataError> {
        let mut hasher = md5::Md5::new();
        let mut file = File::open(path).map_err(|error| DataError::read(path, error))?;
        io::copy(&mut file, &mut HashingSink(&mut hasher)).map_err(|error| DataError::read(path, error))?;
        Ok(Self(hasher.finalize().into()))
    }
}

/// Hashes what is written to it.
struct HashingSink<'a>(&'a mut md5::Md5);

impl io::Write for HashingSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Md5 {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        hexadecimal(text, "an MD5 digest").map(Self)
    }
}

impl TryFrom<String> for Md5 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 1321, appendix A.5: the digest of "abc".
    const ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

    #[test]
    fn displays_and_parses_the_published_digest_of_abc() {
        assert_eq!(Md5::of(b"abc").to_string(), ABC);
        assert_eq!(ABC.parse::<Md5>().unwrap(), Md5::of(b"abc"));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("abc"), "abc").unwrap();
        assert_eq!(Md5::of_file(&folder.path().join("abc")).unwrap(), Md5::of(b"abc"));
        assert!(ABC.to_uppercase().parse::<Md5>().unwrap_err().contains("32 lower-case"));
    }
}
