//! `bal predict`: what a posterior says of images, and how sure it is.

mod answer;
mod paths;
mod values;

use crate::{args::Predict, console::say, session::session};
use answer::{Answer, heading, width};
use anyhow::{Context, Error, Result};
use bal::{Predictor, Session};
use bal_data::own::{Conversion, Decoded};
use paths::{Fault, Found};
use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

/// Images that are decoded and shown to the networks together: memory is for so many, whatever their number.
const TOGETHER: usize = 512;

/// Predicts the classes of the images that the flags name.
pub(crate) fn predict(flags: &Predict) -> Result<()> {
    let source = flags.source();
    if bal::says_values(&source) {
        return values::predict(flags, &source);
    }
    let session = session(&flags.machine)?;
    let model = Predictor::load(&source, &session)?;
    let mut told = Told::new(flags, &model);
    let mut files = paths::files(&flags.images).peekable();
    while files.peek().is_some() {
        let files: Vec<Found> = files.by_ref().take(TOGETHER).collect();
        let (images, end) = told.usable(decoded(files, &model, &session));
        if !images.is_empty() && told.each(&model, &images, &session)?.is_gone() {
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

/// An image and the file that it is from.
type Image = (PathBuf, Decoded);

/// The images in their files' order.
fn decoded(files: Vec<Found>, model: &Predictor, session: &Session) -> Vec<Result<Image, Fault>> {
    let paths = files.iter().filter_map(|file| file.as_ref().ok()).cloned().collect();
    let mut images = model.decode_all(paths, session).into_iter();
    let image = |file: Found| match (file?, images.next()) {
        (file, Some(Ok(image))) => Ok((file, image)),
        (_, Some(Err(error))) => Err(Fault::Bad(error.to_string())),
        (file, None) => Err(Fault::Bad(format!("{}: it was not decoded", file.display()))),
    };
    files.into_iter().map(image).collect()
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
    fn new(flags: &'a Predict, model: &Predictor) -> Self {
        Self {
            flags,
            output: BufWriter::new(io::stdout().lock()),
            width: width(model.labels()),
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
    fn each(&mut self, model: &Predictor, images: &[Image], session: &Session) -> Result<Reader> {
        let decoded: Vec<&Decoded> = images.iter().map(|(_, image)| image).collect();
        for ((file, image), predicted) in images.iter().zip(model.predict(&decoded, session)?) {
            let sure = self.flags.abstain_above.is_none_or(|most| predicted.predictive_entropy <= most);
            let answer = Answer {
                image: file,
                class: sure.then_some(predicted.class),
                label: sure.then_some(model.labels()[predicted.class].as_str()),
                probability: predicted.probability,
                predictive_entropy: predicted.predictive_entropy,
                mutual_information: predicted.mutual_information,
                probabilities: &predicted.probabilities,
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
