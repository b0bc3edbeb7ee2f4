//! `bal predict`: what a posterior says of images, and how sure it is.

mod answer;
mod paths;

use crate::{
    answers::Answers,
    args::{ModelFlags, Predict, usage},
    console::say,
    subject::{self, Source},
};
use answer::{Answer, heading, width};
use anyhow::{Context, Error, Result};
use bal_core::Workers;
use bal_data::own::{Conversion, Decoded, Preprocessing};
use bal_models::Ensemble;
use paths::{Fault, Found};
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
    let model = Model {
        classifier: Ensemble::new(posterior, device)?,
        labels: source.labels()?,
        preprocessing: preprocessing(flags, &source, posterior.architecture.input())?,
    };
    let mut told = Told::new(flags, &model);
    let mut files = paths::files(&flags.images).peekable();
    while files.peek().is_some() {
        let files: Vec<Found> = files.by_ref().take(TOGETHER).collect();
        let (images, end) = told.usable(decoded(files, model.preprocessing, &workers));
        if !images.is_empty() && told.each(&model, &images, &workers)?.is_gone() {
            return Ok(());
        }
        // What came before is answered.
        if let Some(error) = end {
            there(told.output.flush())?;
            return Err(error);
        }
    }
    told.finish()
}

/// As images are for the network: colours and transparency as the run has them, else as the flags say.
fn preprocessing(flags: &Predict, source: &Source, input: [i64; 3]) -> Result<Preprocessing> {
    let plain = Preprocessing::to(input.map(|size| size as usize));
    let Some(run) = source.experiment()?.and_then(|run| run.images) else {
        let (gray, ground) = (flags.gray.unwrap_or_default(), flags.ground.unwrap_or_default());
        return Ok(Preprocessing { gray, ground, ..plain });
    };
    if flags.gray.is_some_and(|gray| gray != run.gray)
        || flags.ground.is_some_and(|ground| ground != run.ground)
    {
        return Err(usage(format!(
            "{} was trained on images with gray = {} and ground = {}, and its images are read so; leave --gray and --ground out",
            source.name(),
            run.gray,
            run.ground
        )));
    }
    Ok(Preprocessing { gray: run.gray, ground: run.ground, ..plain })
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
fn decoded(files: Vec<Found>, preprocessing: Preprocessing, workers: &Workers) -> Vec<Result<Image, Fault>> {
    workers.map(files, |file| {
        let file = file?;
        match preprocessing.decode(&file) {
            Ok(image) => Ok((file, image)),
            Err(error) => Err(Fault::Bad(error.to_string())),
        }
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

    /// Those that could be decoded, up to one that ends the program, with what it ends with; others are named.
    fn usable(&mut self, decoded: Vec<Result<Image, Fault>>) -> (Vec<Image>, Option<Error>) {
        let mut images = Vec::new();
        for image in decoded {
            match image {
                Ok(image) => images.push(image),
                Err(Fault::Bad(reason)) if self.flags.skip_bad_files => {
                    self.skipped += 1;
                    say(&format!("skipped {reason}"));
                }
                Err(Fault::Bad(reason)) => {
                    let context = "an image cannot be used (--skip-bad-files would name it and go on)";
                    return (images, Some(Error::msg(reason).context(context)));
                }
                Err(Fault::Last(error)) => return (images, Some(error)),
            }
        }
        (images, None)
    }

    /// Answers for each image.
    fn each(&mut self, model: &Model, images: &[Image], workers: &Workers) -> Result<Reader> {
        let [channels, height, width] = model.preprocessing.image_shape();
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
