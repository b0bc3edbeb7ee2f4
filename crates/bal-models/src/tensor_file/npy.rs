//! One array as numpy writes it: a header in the syntax of Python, then the numbers.

/// The first bytes of every array.
const MAGIC: &[u8] = b"\x93NUMPY";

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The type of the numbers: `<f4`.
    pub(super) descr: String,
    /// Sizes of the dimensions, none for a single value; the last runs fastest.
    pub(super) shape: Vec<usize>,
}

impl Header {
    /// The header's bytes: format 1.0, a multiple of 64 long, as numpy's own.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        // `(3,)`, `(3, 4,)` and `()` are tuples.
        let sizes: Vec<String> = self.shape.iter().map(|size| format!("{size},")).collect();
        let (descr, sizes) = (&self.descr, sizes.join(" "));
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}");
        let length = (MAGIC.len() + 4 + text.len() + 1).next_multiple_of(64) - MAGIC.len() - 4;
        let mut bytes = [MAGIC, &[1, 0], &(length as u16).to_le_bytes(), text.as_bytes()].concat();
        bytes.resize(MAGIC.len() + 4 + length - 1, b' ');
        bytes.push(b'\n');
        bytes
    }

    /// Reads the header at the beginning of `bytes`; returns it with what follows.
    ///
    /// # Errors
    /// What is wrong: no array, or one whose columns come first.
    pub(super) fn split(bytes: &[u8]) -> Result<(Self, &[u8]), String> {
        let wrong = |what: &str| format!("has a header of which {what} cannot be read");
        let rest = bytes.strip_prefix(MAGIC).ok_or("is no array of numpy")?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(|| wrong("the version"))?;
        let (length, rest) = if version[0] == 1 {
            let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(|| wrong("the length"))?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        } else {
            let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(|| wrong("the length"))?;
            (u32::from_le_bytes(*length) as usize, rest)
        };
        let (text, data) = rest.split_at_checked(length).ok_or_else(|| wrong("the end"))?;
        let text = std::str::from_utf8(text).map_err(|_| wrong("the text"))?;
        if value(text, "fortran_order").ok_or_else(|| wrong("the order"))?.starts_with("True") {
            return Err("has its columns first; save numpy.ascontiguousarray of it".into());
        }
        let descr = value(text, "descr").and_then(|rest| rest.strip_prefix('\'')?.split_once('\''));
        let shape = value(text, "shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
        let sizes = shape.ok_or_else(|| wrong("the shape"))?.0.split(',').map(str::trim);
        let shape = sizes.filter(|size| !size.is_empty()).map(str::parse).collect::<Result<_, _>>();
        let header = Self {
            descr: descr.ok_or_else(|| wrong("the type"))?.0.into(),
            shape: shape.map_err(|_| wrong("the shape"))?,
        };
        Ok((header, data))
    }
}

/// What follows the key in the header's text.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    Some(text.split_once(&format!("'{key}':"))?.1.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_and_are_aligned() {
        for shape in [vec![], vec![3], vec![3, 40, 1, 28, 28]] {
            let header = Header { descr: "<f4".into(), shape };
            let bytes = header.to_bytes();
            assert_eq!(bytes.len() % 64, 0);
            assert_eq!(Header::split(&[&bytes, &b"rest"[..]].concat()), Ok((header, &b"rest"[..])));
        }
    }

    /// The bytes that numpy 2 writes for `numpy.zeros((2, 3), "<i8")` and `numpy.zeros(5)`.
    #[test]
    fn headers_of_numpy_are_understood() {
        for (text, descr, shape) in [
            ("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }", "<i8", vec![2, 3]),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (5,), }", "<f8", vec![5]),
        ] {
            let padded = format!("{text:<117}\n");
            let bytes = [MAGIC, &[1, 0, 118, 0], padded.as_bytes()].concat();
            let (header, rest) = Header::split(&bytes).unwrap();
            assert_eq!((header.descr.as_str(), header.shape, rest.len()), (descr, shape, 0));
        }
    }

    #[test]
    fn what_is_no_array_is_refused_with_a_reason() {
        let whole = Header { descr: "<f4".into(), shape: vec![2] }.to_bytes();
        for length in 0..whole.len() {
            assert!(Header::split(&whole[..length]).is_err(), "{length}");
        }
        let text = String::from_utf8_lossy(&whole[10..]).into_owned();
        for (old, new, said) in [
            ("False", "True ", "columns first"),
            ("(2,)", "(x,)", "the shape"),
            ("'descr'", "'dascr'", "the type"),
        ] {
            let bytes = [&whole[..10], text.replace(old, new).as_bytes()].concat();
            let error = Header::split(&bytes).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
