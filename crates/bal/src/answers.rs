//! What a classifier says of images: the logits of every member.

use anyhow::{Context, Result, bail};
use bal_core::{Classifier, Prediction, Uncertainty, Workers, channels_last};
use std::sync::{Mutex, PoisonError};
use tch::{Device, Kind, Tensor};

/// Every member's answer to some images.
///
/// Networks compute in single precision, as they were trained; everything that is made of their logits is in double.
pub(crate) struct Answers {
    /// Raw logits, `[S, n, classes]`, finite, in double precision on the CPU.
    member_logits: Tensor,
    /// How they become one prediction.
    prediction: Prediction,
}

impl Answers {
    /// Shows the images `x`, `[n, c, h, w]` with n >= 1, to the classifier, which computes on `device`. Their numbers in
    /// the data set are for errors. The result does not depend on the number of workers.
    ///
    /// # Errors
    /// When the classifier fails, or gives something other than finite logits for each member, image and class.
    pub(crate) fn of(
        classifier: &dyn Classifier,
        x: &Tensor,
        numbers: &[i64],
        device: Device,
        workers: &Workers,
    ) -> Result<Self> {
        let model = Mutex::new(classifier.replicate());
        let mut start = 0;
        let shards = numbers.chunks(workers.together()).map(|numbers| {
            let length = numbers.len() as i64;
            start += length;
            (x.narrow(0, start - length, length), numbers)
        });
        let logits = workers.map(shards.collect(), |(x, numbers)| {
            let _guard = tch::no_grad_guard();
            let model = model.lock().unwrap_or_else(PoisonError::into_inner).replicate();
            let logits = model.member_logits(&channels_last(&x.to_device(device)))?;
            checked(&logits, numbers, model.classes())
        });
        let logits = logits.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(Self { member_logits: Tensor::f_cat(&logits, 1)?, prediction: classifier.prediction() })
    }

    /// How many members there are.
    pub(crate) fn members(&self) -> u64 {
        self.member_logits.size().first().map_or(0, |&members| members as u64)
    }

    /// The combined prediction's probabilities, a row for each image.
    pub(crate) fn probabilities(&self) -> Result<Vec<Vec<f64>>> {
        let logits = self.prediction.combine(&self.member_logits)?;
        Ok(Vec::<Vec<f64>>::try_from(logits.f_softmax(-1, Kind::Double)?)?)
    }

    /// How uncertain the members are together of each image: its predictive entropy and the mutual information.
    pub(crate) fn uncertainty(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        let Uncertainty { predictive_entropy, mutual_information } = Uncertainty::of(&self.member_logits)?;
        Ok((Vec::try_from(predictive_entropy)?, Vec::try_from(mutual_information)?))
    }
}

/// The logits in double precision on the CPU, if they are some for each of these images.
fn checked(logits: &Tensor, numbers: &[i64], classes: i64) -> Result<Tensor> {
    let images = numbers.len() as i64;
    match logits.size()[..] {
        [members, n, k] if members > 0 && n == images && k == classes => {}
        _ => bail!(
            "the model gave logits of shape {:?} where [members, {images}, {classes}] was expected",
            logits.size()
        ),
    }
    let logits = logits.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
    let finite = logits.f_isfinite()?.f_all_dim(-1, false)?.f_all_dim(0, false)?;
    if let Some(row) = Vec::<bool>::try_from(finite)?.iter().position(|finite| !finite) {
        let number = numbers.get(row).context("there are more logits than images")?;
        bail!("the model gives image {number} a logit that is not finite");
    }
    Ok(logits)
}
