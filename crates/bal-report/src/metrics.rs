//! `metrics.jsonl`: one line per sweep, appended while a run goes on.
//!
//! A kill can cut the last line short. A line counts once its newline is written: reading ignores what follows
//! the last newline, and appending removes it first.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{ReportError, whole};

/// One line: where a run stood after a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricLine {
    /// Sweeps (for the baselines: optimiser steps) done, from 1.
    pub sweep: u64,
    /// The pass over the training images that the sweep belongs to, from 1.
    pub epoch: u64,
    /// Seconds of training so far, over all resumptions.
    pub seconds: f64,
    /// The training loss of the sweep, a mean over its images.
    pub loss: f64,
    /// The mean over images of the perturbation's greatest change of a pixel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linf: Option<f64>,
    /// The mean over images of the perturbation's Euclidean norm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l2: Option<f64>,
    /// The mean energy of the data chains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_energy: Option<f64>,
    /// The mean energy of the parameter chains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_energy: Option<f64>,
    /// The temperature of the parameter chains by the virial theorem, as a multiple of the posterior's: a single draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configurational_temperature: Option<f64>,
    /// The accuracy on the sweep's training images, in [0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
}

impl MetricLine {
    /// What was measured in the sweep, by key.
    pub(crate) fn scalars(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let numbers = [
            ("loss", Some(self.loss)),
            ("linf", self.linf),
            ("l2", self.l2),
            ("data_energy", self.data_energy),
            ("parameter_energy", self.parameter_energy),
            ("configurational_temperature", self.configurational_temperature),
            ("accuracy", self.accuracy),
        ];
        numbers.into_iter().filter_map(|(key, value)| Some((key, value?)))
    }

    /// The first number that JSON cannot hold.
    fn not_finite(&self) -> Option<(&'static str, f64)> {
        let seconds = std::iter::once(("seconds", self.seconds));
        seconds.chain(self.scalars()).find(|(_, value)| !value.is_finite())
    }
}

/// Appends lines to a `metrics.jsonl`.
#[derive(Debug)]
pub struct MetricsWriter {
    path: PathBuf,
    file: File,
}

impl MetricsWriter {
    /// Opens the file to append to it, creates it where there is none, and removes an incomplete last line.
    pub fn append(path: &Path) -> Result<Self, ReportError> {
        let open = || -> io::Result<File> {
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let complete = complete_lines(&bytes).len() as u64;
            file.set_len(complete)?;
            file.seek(SeekFrom::Start(complete))?;
            Ok(file)
        };
        match open() {
            Ok(file) => Ok(Self { path: path.to_owned(), file }),
            Err(source) => Err(write_error(path, source)),
        }
    }

    /// Adds a line, in one call to the system, so that it survives the process.
    ///
    /// A number that is not finite is refused, by key and sweep.
    pub fn write(&mut self, line: &MetricLine) -> Result<(), ReportError> {
        if let Some((key, value)) = line.not_finite() {
            let what = format!("{key} at sweep {} is {value}", line.sweep);
            return Err(ReportError::invalid(&self.path, what));
        }
        let mut bytes = serde_json::to_vec(line)
            .map_err(|source| ReportError::Parse { path: self.path.clone(), source })?;
        bytes.push(b'\n');
        self.file.write_all(&bytes).map_err(|source| write_error(&self.path, source))
    }

    /// Brings the lines to the disk, so that they also survive the machine; for use before a checkpoint
    /// that presumes them.
    pub fn sync(&mut self) -> Result<(), ReportError> {
        self.file.sync_data().map_err(|source| write_error(&self.path, source))
    }
}

/// All complete lines of the file.
///
/// Errors name the file, and the line that is not a metrics object.
pub fn read(path: &Path) -> Result<Vec<MetricLine>, ReportError> {
    let bytes = fs::read(path).map_err(|source| ReportError::Read { path: path.to_owned(), source })?;
    parse(path, &bytes)
}

/// Drops every line after the given sweep, and an incomplete last line, before a run resumes from a checkpoint
/// of that sweep. A missing file stays missing.
pub fn truncate_after(path: &Path, sweep: u64) -> Result<(), ReportError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(ReportError::Read { path: path.to_owned(), source });
        }
        Ok(bytes) => bytes,
    };
    let lines = parse(path, &bytes)?;
    let kept: Vec<u8> = bytes
        .split_inclusive(|&byte| byte == b'\n')
        .zip(&lines)
        .filter(|(_, line)| line.sweep <= sweep)
        .flat_map(|(text, _)| text.iter().copied())
        .collect();
    if kept == bytes {
        return Ok(());
    }
    whole::write(path, &kept)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<MetricLine>, ReportError> {
    complete_lines(bytes)
        .split_inclusive(|&byte| byte == b'\n')
        .enumerate()
        .map(|(index, text)| {
            serde_json::from_slice(text).map_err(|source| ReportError::MetricLine {
                path: path.to_owned(),
                line: index + 1,
                source,
            })
        })
        .collect()
}

/// The bytes up to and with the last newline.
fn complete_lines(bytes: &[u8]) -> &[u8] {
    match bytes.iter().rposition(|&byte| byte == b'\n') {
        Some(last) => bytes.get(..=last).unwrap_or_default(),
        None => &[],
    }
}

fn write_error(path: &Path, source: io::Error) -> ReportError {
    ReportError::Write { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
