//! Prediction: what a posterior says of images, and how sure it is.

use crate::{ModelSource, Refusal, Remedy, Session, answers::Answers, model_source::LoadedModel};
use anyhow::Result;
use bal_data::own::{Decoded, Preprocessing};
use bal_models::Ensemble;
use std::path::{Path, PathBuf};
use tch::{Kind, Tensor};

/// A posterior that answers.
pub struct Predictor {
    classifier: Ensemble,
    labels: Vec<String>,
    preprocessing: Preprocessing,
}

/// What a posterior says of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// The most probable class, counted from 0.
    pub class: usize,
    /// Its probability.
    pub probability: f64,
    /// Of every class, in their order.
    pub probabilities: Vec<f64>,
    /// The entropy of these probabilities, in nats.
    pub predictive_entropy: f64,
    /// The part of it that comes from the members' disagreement, in nats.
    pub mutual_information: f64,
}

impl Predictor {
    /// The posterior of a run, or of files of weights. Colours and transparency are read as the run has them.
    ///
    /// # Errors
    /// When it cannot be read, is a network that PyTorch saved, or is to read images otherwise than its run did.
    pub fn load(model: &ModelSource, session: &Session) -> Result<Self> {
        let source = model.load(session.device)?;
        let posterior = source.posterior().ok_or_else(|| {
            Refusal::of_request(
                "a run or a file of weights can predict; networks that PyTorch saved can be evaluated",
            )
        })?;
        Ok(Self {
            classifier: Ensemble::new(posterior, session.device)?,
            labels: source.labels()?,
            preprocessing: preprocessing(model, &source, posterior.first_network()?.input())?,
        })
    }

    /// What the classes are called.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The image in a file as the network takes it, with what was done to it.
    ///
    /// # Errors
    /// When it cannot be read or decoded.
    pub fn decode(&self, file: &Path) -> Result<Decoded, bal_data::DataError> {
        self.preprocessing.decode(file)
    }

    /// The images in these files, decoded on the threads of the session, in their order.
    pub fn decode_all(
        &self,
        files: Vec<PathBuf>,
        session: &Session,
    ) -> Vec<Result<Decoded, bal_data::DataError>> {
        let preprocessing = self.preprocessing;
        session.workers.map(files, |file| preprocessing.decode(&file))
    }

    /// What it says of images, in their order.
    ///
    /// # Errors
    /// When the network gives something other than finite logits.
    pub fn predict(&self, images: &[&Decoded], session: &Session) -> Result<Vec<Predicted>> {
        let [channels, height, width] = self.preprocessing.image_shape();
        let bytes: Vec<u8> = images.iter().flat_map(|image| image.pixels.iter().copied()).collect();
        let shape = [images.len(), channels, height, width].map(|n| n as i64);
        let x = Tensor::f_from_data_size(&bytes, &shape, Kind::Uint8)?.to_kind(Kind::Float) / 255.0;
        let numbers: Vec<i64> = (0..shape[0]).collect();
        let answers = Answers::of(&self.classifier, &x, &numbers, session.device, &session.workers)?;
        let (entropies, information) = answers.uncertainty()?;
        let rows = answers.probabilities()?.into_iter().zip(entropies).zip(information);
        let predicted =
            |((probabilities, predictive_entropy), mutual_information): ((Vec<f64>, f64), f64)| {
                let by_probability = |a: &usize, b: &usize| probabilities[*a].total_cmp(&probabilities[*b]);
                let class = (0..probabilities.len()).max_by(by_probability).unwrap_or(0);
                let probability = probabilities[class];
                Predicted { class, probability, probabilities, predictive_entropy, mutual_information }
            };
        Ok(rows.map(predicted).collect())
    }
}

/// What a posterior says of the images in these files.
///
/// # Errors
/// When the model or an image cannot be read.
pub fn predict(model: &ModelSource, files: &[impl AsRef<Path>], session: &Session) -> Result<Vec<Predicted>> {
    let predictor = Predictor::load(model, session)?;
    let images = files.iter().map(|file| Ok(predictor.decode(file.as_ref())?)).collect::<Result<Vec<_>>>()?;
    predictor.predict(&images.iter().collect::<Vec<_>>(), session)
}

/// As images are for the network: colours and transparency as the run has them, else as the source says.
fn preprocessing(model: &ModelSource, source: &LoadedModel, input: [i64; 3]) -> Result<Preprocessing> {
    let plain = Preprocessing::to(input.map(|size| size as usize));
    let Some(run) = source.experiment()?.and_then(|run| run.images) else {
        let (gray, ground) = (model.gray.unwrap_or_default(), model.ground.unwrap_or_default());
        return Ok(Preprocessing { gray, ground, ..plain });
    };
    if model.gray.is_some_and(|gray| gray != run.gray)
        || model.ground.is_some_and(|ground| ground != run.ground)
    {
        let fault = format!(
            "{} was trained on images with gray = {} and ground = {}, and its images are read so",
            source.name(),
            run.gray,
            run.ground
        );
        return Err(Refusal::of_request(fault).with(Remedy::NoReading).into());
    }
    Ok(Preprocessing { gray: run.gray, ground: run.ground, ..plain })
}
