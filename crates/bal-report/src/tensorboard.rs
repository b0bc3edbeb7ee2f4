//! Event files: a run's metrics as `TensorBoard` reads them.
//!
//! ```text
//! file   = record*
//! record = length: u64, crc(length): u32, event, crc(event): u32        little-endian
//! crc(x) = rotr(crc32c(x), 15) + 0xa282ead8
//! event  = protobuf { 1: seconds since 1970 as double, 2: step, and 3: file version or 5: summary }
//! ```
//!
//! Source: the formats `TFRecord` of `TensorFlow` and `Event` of `TensorBoard` (`event.proto`, `summary.proto`).

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bal_files::Unfinished;

use crate::{MetricLine, ReportError};

/// The part of a file's name by which `TensorBoard` knows it.
const MARK: &str = "tfevents";
/// How the name of a file that was written here ends.
const WRITER: &str = "bal";

/// Appends a run's metrics to an event file.
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: File,
    /// When the run would have begun if it had never paused.
    begun: Duration,
}

impl EventWriter {
    /// Begins a file in `folder`, which is made if it is not there, with the lines that a resumed run has `before`. It
    /// takes the place of event files that were written here before: their steps may have been undone. Others stay.
    pub fn begin(folder: &Path, before: &[MetricLine], now: SystemTime) -> Result<Self, ReportError> {
        let failed = |path: &Path, source| ReportError::Write { path: path.to_owned(), source };
        fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let done = before.last().map_or(0.0, |line| line.seconds);
        let begun = now.saturating_sub(Duration::try_from_secs_f64(done).unwrap_or_default());
        let path = folder.join(format!("events.out.{MARK}.{}.{WRITER}", now.as_secs()));
        let mut events =
            event(begun, 0.0, 0, &[varint_key(3, BYTES), length_delimited(b"brain.Event:2")].concat());
        for line in before {
            events.extend(of_line(begun, line));
        }
        let begin = || -> io::Result<File> {
            let mut file = Unfinished::beside(&path)?;
            file.write_all(&events)?;
            file.replace()
        };
        let file = begin().map_err(|source| failed(&path, source))?;
        for entry in fs::read_dir(folder).map_err(|source| failed(folder, source))?.flatten() {
            if is_ours(&entry.file_name()) && entry.path() != path {
                fs::remove_file(entry.path()).map_err(|source| failed(&entry.path(), source))?;
            }
        }
        Ok(Self { path, file, begun })
    }

    /// Removes what was written in `folder` by [`EventWriter::begin`], and the folder if nothing else is in it.
    pub fn remove(folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if is_ours(&entry.file_name()) {
                // Nobody waits for it, and the next run of the folder would write over it.
                let _ = fs::remove_file(entry.path());
            }
        }
        let _ = fs::remove_dir(folder);
    }

    /// Adds the numbers of a sweep, each a scalar under its key in `metrics.jsonl`; the sweep is the step.
    pub fn write(&mut self, line: &MetricLine) -> Result<(), ReportError> {
        let path = &self.path;
        let written = self.file.write_all(&of_line(self.begun, line));
        written.map_err(|source| ReportError::Write { path: path.clone(), source })
    }
}

/// Whether a file was written here, by its name.
fn is_ours(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.contains(MARK) && name.ends_with(WRITER)
}

/// The record of a sweep of a run that began at `begun`.
fn of_line(begun: Duration, line: &MetricLine) -> Vec<u8> {
    let values: Vec<u8> =
        line.scalars().flat_map(|(key, value)| field(1, &scalar(key, value as f32))).collect();
    event(begun, line.seconds, line.sweep, &field(5, &values))
}

/// A record.
fn event(begun: Duration, seconds: f64, step: u64, what: &[u8]) -> Vec<u8> {
    let time = (begun.as_secs_f64() + seconds).to_le_bytes();
    let event = [&varint_key(1, DOUBLE), &time[..], &varint_key(2, VARINT), &varint(step), what].concat();
    let length = (event.len() as u64).to_le_bytes();
    [&length[..], &checksum(&length), &event, &checksum(&event)].concat()
}

/// Wire types of protobuf.
const VARINT: u64 = 0;
const DOUBLE: u64 = 1;
const BYTES: u64 = 2;
const FLOAT: u64 = 5;

/// `Summary.Value { 1: tag, 2: simple_value }`.
fn scalar(tag: &str, value: f32) -> Vec<u8> {
    [&field(1, tag.as_bytes())[..], &varint_key(2, FLOAT), &value.to_le_bytes()].concat()
}

fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint_key(number, BYTES), length_delimited(bytes)].concat()
}

fn length_delimited(bytes: &[u8]) -> Vec<u8> {
    [varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn varint_key(field: u64, wire: u64) -> Vec<u8> {
    varint(field << 3 | wire)
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 & 0x7f | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(sweep: u64, loss: f64) -> MetricLine {
        let seconds = sweep as f64 / 2.0;
        MetricLine {
            sweep,
            epoch: 1,
            seconds,
            loss,
            linf: Some(0.25),
            l2: None,
            data_energy: None,
            parameter_energy: None,
            configurational_temperature: None,
            accuracy: None,
        }
    }

    /// Events of a file, its lengths and checksums verified.
    fn events(mut bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut events = Vec::new();
        while !bytes.is_empty() {
            let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            assert_eq!(bytes[8..12], checksum(&bytes[..8]));
            let event = &bytes[12..12 + length];
            assert_eq!(bytes[12 + length..16 + length], checksum(event));
            events.push(event.to_vec());
            bytes = &bytes[16 + length..];
        }
        events
    }

    fn only_file(folder: &Path) -> PathBuf {
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        files.remove(0)
    }

    #[test]
    fn checksums_are_masked_crc32c() {
        // CRC-32C of "123456789" is 0xe3069283: rotated by 15 bits, plus the constant.
        assert_eq!(checksum(b"123456789"), 0x2507_c60d_u32.wrapping_add(0xa282_ead8).to_le_bytes());
    }

    #[test]
    fn a_scalar_is_these_bytes() {
        assert_eq!(scalar("loss", 1.0), [0x0a, 4, b'l', b'o', b's', b's', 0x15, 0, 0, 0x80, 0x3f]);
        assert_eq!(varint(300), [0xac, 2]);
    }

    #[test]
    fn each_sweep_is_an_event_with_its_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        let mut writer = EventWriter::begin(folder.path(), &[], now).unwrap();
        writer.write(&line(1, 2.5)).unwrap();
        writer.write(&line(300, 0.5)).unwrap();
        let events = events(&fs::read(only_file(folder.path())).unwrap());
        assert_eq!(events.len(), 3);
        assert!(events[0].ends_with(b"brain.Event:2"));
        assert_eq!(events[2][1..9], 1150f64.to_le_bytes());
        assert_eq!(events[2][9..12], [0x10, 0xac, 2]);
        let (loss, linf) = (field(1, &scalar("loss", 0.5)), field(1, &scalar("linf", 0.25)));
        assert_eq!(events[2][12..], field(5, &[loss, linf].concat()));
    }

    #[test]
    fn a_resumed_run_has_one_file_with_all_its_sweeps_and_none_that_was_undone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let mut writer = EventWriter::begin(folder.path(), &[], at(1000)).unwrap();
        for sweep in 1..=3 {
            writer.write(&line(sweep, 1.0)).unwrap();
        }
        for resumed in [1000, 5000] {
            EventWriter::begin(folder.path(), &[line(1, 1.0), line(2, 1.0)], at(resumed)).unwrap();
            let events = events(&fs::read(only_file(folder.path())).unwrap());
            assert_eq!(events.len(), 3);
            assert_eq!(events[2][1..9], (resumed as f64).to_le_bytes());
        }
    }

    #[test]
    fn event_files_of_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let theirs = folder.path().join("events.out.tfevents.1700000000.host.17.0");
        fs::write(&theirs, "theirs").unwrap();
        EventWriter::begin(folder.path(), &[], UNIX_EPOCH).unwrap();
        assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
