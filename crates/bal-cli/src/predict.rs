//! `bal predict`: what a posterior says of images, and how sure it is.

mod answer;
mod paths;

use crate::{
    answers::Answers,
    args::{ModelFlags, Predict, usage},
    console::say,
    subject,
};
use answer::{Answer, heading, width};
use anyhow::{Context, Result};
use bal_core::Workers;
use bal_data::{
    DataError,
    own::{Conversion, Decoded, Preprocessing},
};
use bal_models::Ensemble;
use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    path::PathBuf,
};
use tch::{Kind, Tensor};

/// Images that are decoded and shown to the networks together: memory is for so many, whatever their number.
const TOGETHER: usize = 512;

/// Predicts the classes of the images that the flags name.
pub(crate) fn predict(flags: &Predict) -> Result<()> {
    let workers = flags.machine.workers()?;
    let device = flags.machine.device;
    let model = ModelFlags {
        members: flags.members.clone(),
        prediction: flags.prediction,
        ..ModelFlags::at(&flags.model)
    };
    let source = subject::read(&model, None, device)?;
    let posterior = source.posterior().ok_or_else(|| {
        usage("bal predict takes a run or a file of weights; networks in TorchScript are for bal evaluate")
    })?;
    let [channels, height, width] = posterior.architecture.input().map(|size| size as usize);
    let model = Model {
        classifier: Ensemble::new(posterior, device)?,
        labels: source.labels()?,
        preprocessing: Preprocessing { channels, height, width },
    };
    let mut told = Told::new(flags, &model);
    let mut files = paths::files(&flags.images).peekable();
    while files.peek().is_some() {
        let files = files.by_ref().take(TOGETHER).collect::<Result<Vec<PathBuf>>>()?;
        let images = told.usable(decoded(files, model.preprocessing, &workers))?;
        if images.is_empty() {
            continue;
        }
        if told.each(&model, &images, &workers)?.is_gone() {
            return Ok(());
        }
    }
    told.finish()
}

/// A posterior that answers.
struct Model {
    classifier: Ensemble,
    labels: Vec<String>,
    preprocessing: Preprocessing,
}

/// An image and the file that it is from.
type Image = (PathBuf, Decoded);

/// The images in their files' order.
fn decoded(
    files: Vec<PathBuf>,
    preprocessing: Preprocessing,
    workers: &Workers,
) -> Vec<(PathBuf, Result<Decoded, DataError>)> {
    workers.map(files, |file| {
        let decoded = preprocessing.decode(&file);
        (file, decoded)
    })
}

/// Whether somebody still reads what is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    There,
    Gone,
}

impl Reader {
    fn is_gone(self) -> bool {
        self == Self::Gone
    }
}

/// What was said so far.
struct Told<'a> {
    flags: &'a Predict,
    output: BufWriter<io::StdoutLock<'static>>,
    width: usize,
    images: u64,
    abstained: u64,
    skipped: u64,
    conversions: BTreeMap<Conversion, u64>,
}

impl<'a> Told<'a> {
    fn new(flags: &'a Predict, model: &Model) -> Self {
        Self {
            flags,
            output: BufWriter::new(io::stdout().lock()),
            width: width(&model.labels),
            images: 0,
            abstained: 0,
            skipped: 0,
            conversions: BTreeMap::new(),
        }
    }

    /// Those that could be decoded; the others end the program, or are named.
    fn usable(&mut self, decoded: Vec<(PathBuf, Result<Decoded, DataError>)>) -> Result<Vec<Image>> {
        let mut images = Vec::new();
        for (file, decoded) in decoded {
            match decoded {
                Ok(image) => images.push((file, image)),
                Err(error) if self.flags.skip_bad_files => {
                    self.skipped += 1;
                    say(&format!("skipped {error}"));
                }
                Err(error) => {
                    return Err(error)
                        .context("an image cannot be used (--skip-bad-files would name it and go on)");
                }
            }
        }
        Ok(images)
    }

    /// Answers for each image.
    fn each(&mut self, model: &Model, images: &[Image], workers: &Workers) -> Result<Reader> {
        let Preprocessing { channels, height, width } = model.preprocessing;
        let bytes: Vec<u8> = images.iter().flat_map(|(_, image)| image.pixels.iter().copied()).collect();
        let shape = [images.len(), channels, height, width].map(|n| n as i64);
        let x = Tensor::f_from_data_size(&bytes, &shape, Kind::Uint8)?.to_kind(Kind::Float) / 255.0;
        let numbers: Vec<i64> = (0..shape[0]).collect();
        let answers = Answers::of(&model.classifier, &x, &numbers, self.flags.machine.device, workers)?;
        let probabilities = answers.probabilities()?;
        let (entropies, information) = answers.uncertainty()?;
        for (row, (file, image)) in images.iter().enumerate() {
            let of_classes = &probabilities[row];
            let class =
                (0..of_classes.len()).max_by(|&a, &b| of_classes[a].total_cmp(&of_classes[b])).unwrap_or(0);
            let sure = self.flags.abstain_above.is_none_or(|most| entropies[row] <= most);
            let answer = Answer {
                image: file,
                class: sure.then_some(class),
                label: sure.then_some(model.labels[class].as_str()),
                probability: of_classes[class],
                predictive_entropy: entropies[row],
                mutual_information: information[row],
                probabilities: of_classes,
                conversions: &image.conversions,
            };
            self.abstained += u64::from(!sure);
            for conversion in &image.conversions {
                *self.conversions.entry(*conversion).or_default() += 1;
            }
            if self.write(&answer)?.is_gone() {
                return Ok(Reader::Gone);
            }
        }
        Ok(Reader::There)
    }

    fn write(&mut self, answer: &Answer) -> Result<Reader> {
        let mut lines = Vec::new();
        if self.flags.json {
            lines.push(serde_json::to_string(answer)?);
        } else {
            if self.images == 0 {
                lines.push(heading(self.width));
            }
            lines.push(answer.line(self.width));
        }
        self.images += 1;
        let written = lines.into_iter().try_for_each(|line| writeln!(self.output, "{line}"));
        there(written)
    }

    /// The last words: what happened to the images.
    fn finish(mut self) -> Result<()> {
        there(self.output.flush())?;
        let Self { images, abstained, skipped, conversions, flags, .. } = self;
        if images + skipped == 0 {
            anyhow::bail!("there are no images in what was named");
        }
        let converted = conversions.into_iter().map(|(conversion, count)| format!("{count} {conversion}"));
        let mut news: Vec<String> = converted.collect();
        if flags.abstain_above.is_some() {
            news.push(format!("{abstained} without a label"));
        }
        if skipped > 0 {
            news.push(format!("{skipped} skipped"));
        }
        if !news.is_empty() {
            say(&format!("{} images: {}", images + skipped, news.join(", ")));
        }
        Ok(())
    }
}

/// Whether the reader is there after writing; one that closed the pipe has seen enough.
fn there(written: io::Result<()>) -> Result<Reader> {
    match written {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error).context("cannot write to standard output"),
    }
}
