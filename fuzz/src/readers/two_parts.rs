//! An input that holds two files.

/// The input in two: its first two bytes are the length of the first.
pub(super) fn parts(bytes: &[u8]) -> [&[u8]; 2] {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return [&[], bytes] };
    let (first, second) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
    [first, second]
}

/// What [`parts`] takes apart.
pub(super) fn joined(first: &[u8], second: &[u8]) -> Vec<u8> {
    let length = u16::try_from(first.len()).unwrap();
    [&length.to_le_bytes(), first, second].concat()
}
