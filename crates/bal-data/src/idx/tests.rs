//! The IDX reader on honest files and on hostile ones.

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn stored(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.idx");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn header(code: u8, dims: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, dims.len() as u8];
    for dim in dims {
        bytes.extend(dim.to_be_bytes());
    }
    bytes
}

fn with(mut bytes: Vec<u8>, more: &[u8]) -> Vec<u8> {
    bytes.extend(more);
    bytes
}

#[test]
fn reads_back_what_it_wrote_plain_and_gzipped_in_all_ranks() {
    for dims in [&[24][..], &[4, 6], &[2, 3, 4], &[2, 3, 2, 2], &[0, 5]] {
        let count: usize = dims.iter().product();
        let values: Vec<u8> = (0..count as u8).map(|v| v.wrapping_mul(11)).collect();
        let mut plain = Vec::new();
        write_u8(&mut plain, dims, &values).unwrap();
        for bytes in [gz(&plain), plain] {
            let (_folder, path) = stored(&bytes);
            let loaded = read_u8(&path).unwrap();
            assert_eq!(loaded.values.shape(), dims);
            assert_eq!(loaded.values.iter().copied().collect::<Vec<_>>(), values);
            assert_eq!(loaded.sha256, Digest::of(&bytes));
        }
    }
}

#[test]
fn reads_big_endian_i32() {
    let bytes = with(header(I32, &[3]), &[0, 0, 1, 2, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0]);
    let (_folder, path) = stored(&bytes);
    assert_eq!(read_i32(&path).unwrap().values.into_raw_vec_and_offset().0, [258, -1, 0x7f00_0000]);
}

#[test]
fn hostile_files_get_an_error_with_file_and_offset() {
    let fine = with(header(U8, &[2, 3]), &[1, 2, 3, 4, 5, 6]);
    let packed = gz(&fine);
    let mut flipped = packed.clone();
    let checksum = flipped.len() - 8;
    flipped[checksum] ^= 1;
    let huge = with(header(U8, &[u32::MAX, u32::MAX, u32::MAX, u32::MAX]), &[7; 100]);
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("empty", vec![], "ends at byte 0, but its header declares 4 bytes"),
        ("magic cut", vec![0, 0, 8], "ends at byte 3"),
        ("text", b"<!DOCTYPE html>".to_vec(), "byte 0: magic [3c, 21, 44, 4f]"),
        ("unknown type", header(0x0d, &[1]), "byte 0: magic"),
        ("no dimensions", vec![0, 0, 8, 0, 1], "byte 0: magic"),
        ("five dimensions", header(U8, &[1; 5]), "byte 0: magic"),
        (
            "other type",
            with(header(I32, &[1]), &[0; 4]),
            "byte 2: holds elements of type 0x0c, expected 0x08",
        ),
        ("dimensions cut", fine[..9].to_vec(), "ends at byte 9, but its header declares 12 bytes"),
        ("values cut", fine[..15].to_vec(), "ends at byte 15, but its header declares 18 bytes"),
        (
            "lying size",
            with(header(U8, &[1 << 30]), &[0; 9]),
            "ends at byte 17, but its header declares 1073741832 bytes",
        ),
        ("too large", with(header(U8, &[1 << 31, 2]), &[0; 9]), "byte 4: dimensions [2147483648, 2]"),
        ("product overflows", huge, "byte 4: dimensions"),
        ("zero hides an overflow", header(U8, &[u32::MAX, u32::MAX, u32::MAX, 0]), "byte 4"),
        ("trailing byte", with(fine.clone(), &[0]), "byte 18: the content should end here"),
        ("gz: trailing member", with(packed.clone(), &gz(&[9])), "byte 18: the content should end here"),
        ("gz: trailing junk", with(packed.clone(), b"junk"), "byte 18 of the unpacked content: damaged gzip"),
        ("gz: cut", packed[..packed.len() - 4].to_vec(), "of the unpacked content: damaged gzip"),
        ("gz: wrong checksum", flipped, "byte 18 of the unpacked content: damaged gzip"),
        ("gz: magic only", vec![0x1f, 0x8b], "byte 0 of the unpacked content: damaged gzip"),
        ("gz: values cut", gz(&fine[..15]), "ends at byte 15, but its header declares 18 bytes"),
    ];
    for (name, bytes, expected) in cases {
        let (_folder, path) = stored(bytes);
        let error = read_u8(&path).unwrap_err().to_string();
        assert!(error.starts_with(path.to_str().unwrap()), "{name}: {error}");
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn a_gzip_bomb_is_left_after_its_declared_size() {
    // 64 MiB of zeros behind a header that declares one byte: refused at byte 9, not unpacked.
    let bomb = gz(&with(header(U8, &[1]), &vec![0; 64 << 20]));
    let mut source = Counting { inner: MultiGzDecoder::new(bomb.as_slice()), bytes: 0 };
    let error = parse(&mut source, Path::new("bomb"), U8).unwrap_err().to_string();
    assert_eq!(error, "bomb: byte 9: the content should end here, but more follows");
    assert_eq!(source.bytes, 10);
}

#[test]
fn memory_grows_with_the_bytes_that_arrive() {
    // Two GiB declared, 3 bytes there: at most one step is reserved.
    let mut few: &[u8] = &[1, 2, 3];
    let mut content = Content { reader: &mut few, path: Path::new("few"), offset: 8 };
    let error = content.values(LIMIT).unwrap_err().to_string();
    assert_eq!(error, format!("few: ends at byte 11, but its header declares {} bytes", LIMIT + 8));
}

#[test]
fn the_writer_refuses_values_that_do_not_fit_its_dimensions() {
    for (dims, count) in [(&[2, 2][..], 3), (&[2, 2], 5), (&[], 1), (&[1; 5], 1), (&[usize::MAX], 1)] {
        let error = write_u8(&mut Vec::new(), dims, &vec![0; count]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{dims:?}");
    }
}

/// Counts the bytes handed out.
struct Counting<R> {
    inner: R,
    bytes: usize,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count;
        Ok(count)
    }
}
