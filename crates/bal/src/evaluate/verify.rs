//! Saved images, measured and classified once more.

use super::{adversarial::Adversarial, measured, of_model, rows::rows};
use crate::{
    ModelSource, Session,
    image_selection::{Selected, Wanted},
    model_source::ReadyModel,
    outputs::can_be_written,
};
use anyhow::{Context, Result, bail};
use bal_attacks::{AccuracyCurve, Changes, Measure, Norm, classify_again};
use bal_core::{Batch, Targets};
use bal_report::{Evaluation, write_image_rows};
use std::path::PathBuf;
use tch::Tensor;

/// Attacked images in a file, and what they are shown to.
#[derive(Clone, Debug)]
pub struct VerifyRequest {
    /// The file, as an evaluation saved it.
    pub file: PathBuf,
    /// The model.
    pub model: ModelSource,
    /// Where the data set is now; without it, where it was.
    pub dataset: Option<String>,
    /// A file for one line per image and radius.
    pub per_image: Option<PathBuf>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What was measured.
    pub evaluation: Evaluation,
    /// How many images there are, at all radii together.
    pub images: usize,
    /// What does not agree with the file, if anything.
    pub fault: Option<String>,
}

/// Checks what the file says of its images: that they were images of the data set, stayed within their radii and in
/// [0, 1], are what moved pixels make of the clean ones, and are taken by the model for what was written down.
///
/// # Errors
/// When something cannot be read, or images are not where the file says.
pub fn verify(request: &VerifyRequest, session: &Session) -> Result<Verified> {
    can_be_written(request.per_image.as_deref())?;
    let path = &request.file;
    let saved = Adversarial::read(path)?;
    let made = &saved.made;
    let device = session.device;
    let source = request.model.load(device)?;
    // They may lie elsewhere by now.
    let dataset = request.dataset.as_deref().unwrap_or(&made.dataset);
    let wanted = Wanted { dataset: Some(dataset), split: made.split, or_training: false };
    let chosen = Selected::all(&wanted, session, &[&source])?;
    session.note_all(&chosen.remarks);
    let context = || path.display().to_string();
    let places = places(&saved, &chosen).with_context(context)?;
    let chosen = chosen.only(&places);
    same_set(&saved, &chosen).with_context(context)?;
    let ReadyModel { classifier, model } = source.classifier(chosen.shown(None), session)?;
    let batch = Batch {
        x: saved.clean.to_device(device),
        targets: Targets::Classes(Tensor::from_slice(&saved.labels).to_device(device)),
        indices: (0..places.len() as i64).collect(),
    };
    let witness = saved.witness.as_ref().map(|witness| witness.to_device(device));
    let changes = Changes {
        attack: &made.attack,
        measure: made.measure,
        radii: &made.radii,
        together: Some(made.together),
        witness: witness.as_ref(),
    };
    let mut curve =
        classify_again(&*classifier, &batch, &changes, &saved.x.to_device(device), &session.workers)
            .map_err(|error| of_model(error.into(), &model))?;
    curve.parts.clone_from(&made.parts);
    let mut differ = 0;
    for ((outcome, predicted), broken_by) in
        curve.outcomes.iter_mut().zip(&saved.predicted).zip(&saved.broken_by)
    {
        differ += outcome.predicted.iter().zip(predicted).filter(|(now, then)| now != then).count();
        // Which part it was cannot be seen in an image.
        for (now, then) in outcome.broken_by.iter_mut().zip(broken_by) {
            *now = now.and(*then);
        }
    }
    if made.nearest && made.radii == [None] {
        curve.distances = Some(distances(&curve));
    }
    let of = saved.predicted.iter().map(Vec::len).sum::<usize>();
    let weights = model.weights.clone();
    let evaluation = measured(&curve, made.settings.clone(), model, &chosen, None)?;
    if let Some(file) = &request.per_image {
        write_image_rows(file, &rows(&curve, &chosen.numbers, chosen.files.as_deref()))?;
    }
    let fault = (differ > 0).then(|| {
        let why = match &made.weights {
            Some(then) if Some(then) != weights.as_ref() => "it is of other weights than these".to_string(),
            _ => "it is another model or another prediction, the file was changed, or another processor rounds otherwise at \
                  a boundary"
                .to_string(),
        };
        format!(
            "{}: {differ} of {of} predictions differ from those that the file holds, of {}; {why}",
            path.display(),
            made.model
        )
    });
    Ok(Verified { evaluation, images: of, fault })
}

/// How far the nearest error of each image is, of an attack that was let go as far as it had to.
fn distances(curve: &AccuracyCurve) -> Vec<Option<f64>> {
    let Some(outcome) = curve.outcomes.first() else { return vec![] };
    let lengths = match curve.measure {
        Some(Measure::Pixels(Norm::LInf)) => &outcome.linf,
        Some(Measure::Spatial(_)) => outcome.size.as_ref().unwrap_or(&outcome.l2),
        _ => &outcome.l2,
    };
    let distance = |image: usize| match (curve.clean[image] != curve.labels[image], curve.correct[0][image]) {
        (true, _) => Some(0.0),
        (false, false) => Some(lengths[image]),
        (false, true) => None,
    };
    (0..curve.labels.len()).map(distance).collect()
}

/// Refuses a file whose labels stand for other classes.
fn same_set(saved: &Adversarial, chosen: &Selected) -> Result<()> {
    let Some(then) = &saved.made.image_set else { return Ok(()) };
    let now = chosen.image_set(None)?;
    if then.digest == now.digest {
        return Ok(());
    }
    match (&then.classes, &now.classes) {
        (Some(then), Some(now)) if then != now => bail!(
            "its labels stand for {}, and those of {} for {}",
            then.join(", "),
            chosen.dataset,
            now.join(", ")
        ),
        _ => bail!("its images are not those of {}, or their classes are called otherwise", chosen.dataset),
    }
}

/// The saved images' places among those of the data set, which they have to equal.
fn places(saved: &Adversarial, chosen: &Selected) -> Result<Vec<i64>> {
    let place = |number: &i64| match chosen.numbers.iter().position(|known| known == number) {
        Some(place) => Ok(place as i64),
        None => bail!("there is no image {number} in {}", chosen.dataset),
    };
    let places = saved.indices.iter().map(place).collect::<Result<Vec<i64>>>()?;
    let original = chosen.images.batch(&places);
    let labels = Vec::<i64>::try_from(original.classes()?)?;
    if let Some(row) = labels.iter().zip(&saved.labels).position(|(known, said)| known != said) {
        let (number, said, known) = (saved.indices[row], saved.labels[row], labels[row]);
        bail!("image {number} of {} has label {known}, not {said}", chosen.dataset);
    }
    if original.x.size() != saved.clean.size() {
        let (known, found) = (original.x.size(), saved.clean.size());
        bail!("images of {} have shape {:?}, not {:?}", chosen.dataset, &known[1..], &found[1..]);
    }
    let clean = saved.clean.to_device(original.x.device());
    let same = original.x.f_eq_tensor(&clean)?.f_reshape([places.len() as i64, -1])?.f_all_dim(1, false)?;
    if let Some(row) = Vec::<bool>::try_from(same)?.iter().position(|same| !same) {
        bail!("image {} as it was is not that of {}", saved.indices[row], chosen.dataset);
    }
    Ok(places)
}
