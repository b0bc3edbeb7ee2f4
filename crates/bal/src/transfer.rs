//! Adversarial images of each of several models, shown to all of them.

use crate::{
    ImageSelection, ModelFiles, ModelSource, Refusal, Session,
    evaluate::{attack, measured, of_model, of_surrogate},
    image_selection::{Selected, with_images},
    model_source::{LoadedModel, ReadyModel},
    outputs::{self, can_be_written},
    partial::{Identity, Partial, used},
};
use anyhow::{Context, Result, bail};
use bal_attacks::{Attack, AttackSpec, NoStore, Protocol, Radii, Remembered, SettingError, Transfer};
use bal_report::{Evaluation, ImageSet, TransferMatrix, table};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Which models are attacked and shown the images of the others, how, and on which images.
#[derive(Clone, Debug)]
pub struct TransferRequest {
    /// The models, at least two. Each is attacked, and each is shown what the attack on any of them made.
    pub models: Vec<ModelSource>,
    /// The images, the same for all; none that one of the models was trained on, of the user's own.
    pub images: ImageSelection,
    /// The attack with its settings. The gradient of an ensemble that it follows is the attacked model's.
    pub attack: AttackSpec,
    /// Radii, ascending, as of [`crate::EvaluateRequest`].
    pub radii: Option<Radii>,
    /// A file for all evaluations. Beside it finished rows are kept, and an interrupted matrix goes on there.
    pub json: Option<PathBuf>,
    /// A file for the tables as Markdown.
    pub markdown: Option<PathBuf>,
    /// The seed of random starts and of a sample of images.
    pub seed: u64,
}

impl TransferRequest {
    /// An attack on each of `models`, on all test images of the first one's data set; a name alone means the usual settings.
    pub fn new(models: Vec<ModelSource>, attack: impl Into<AttackSpec>) -> Self {
        let (images, attack) = (ImageSelection::default(), attack.into());
        Self { models, images, attack, radii: None, json: None, markdown: None, seed: 0 }
    }

    /// The same at these radii.
    #[must_use]
    pub fn at(self, radii: Radii) -> Self {
        Self { radii: Some(radii), ..self }
    }

    /// The attack.
    ///
    /// # Errors
    /// For settings that the attack cannot have, for a ball without radii, and for an attack that needs a generator: its images
    /// would be the same in every row.
    pub fn attack(&self) -> Result<Attack, SettingError> {
        self.attack.complete()?;
        let attack = self.attack.build()?;
        attack.takes(self.radii.as_ref().and_then(|radii| radii.as_slice().last().copied()))?;
        Ok(attack)
    }

    /// The files that are asked for.
    fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.json, &self.markdown].into_iter().flatten().map(PathBuf::as_path)
    }
}

/// Attacks each model once, shows all models what was made, and writes the files that are asked for.
///
/// A cell on the diagonal is the evaluation of that model; any other is that of its column with its row as surrogate, with the
/// gradient that the surrogate's weights say. The result does not depend on the number of threads, nor on whether it was
/// interrupted.
///
/// # Errors
/// When a model, its images or a file cannot be read, models do not take the same images or know the same classes, what is
/// asked for does not fit a model, or a file cannot be written.
pub fn transfer(request: &TransferRequest, session: &Session) -> Result<TransferMatrix> {
    can_be_written(request.files())?;
    request.attack()?;
    if request.models.len() < 2 {
        let fault = format!(
            "at least 2 models are needed, to show one the images of the other; got {}",
            request.models.len()
        );
        return Err(Refusal::of_request(fault).into());
    }
    let sources = request.models.iter().map(|model| model.load(session.device));
    let sources = sources.collect::<Result<Vec<LoadedModel>>>()?;
    sources.iter().try_for_each(LoadedModel::takes_attacks)?;
    let all: Vec<&LoadedModel> = sources.iter().collect();
    let chosen = Selected::for_all(&request.images, request.seed, session, &all, false)?;
    // Beside the first file that is one, not a pipe.
    let partial = match request.files().find_map(outputs::file) {
        Some(file) => Some(Partial::of(&file, identity(request, &all, &chosen, session)?, false, session)?),
        None => None,
    };
    let names = names(&sources, &request.models);
    let models = sources
        .into_iter()
        .zip(names)
        .map(|(source, name)| participant(source, name, &chosen, request, session));
    let models = models.collect::<Result<Vec<Participant>>>()?;
    fit_each_other(&models)?;
    let mut rows = Vec::with_capacity(models.len());
    for (number, surrogate) in models.iter().enumerate() {
        if let Some(kept) = partial.as_ref().map(|partial| partial.read_row(number)).transpose()?.flatten() {
            rows.push(serde_json::from_slice(&kept).context("a row that was kept cannot be read")?);
            continue;
        }
        let row = row(request, surrogate, &models, &chosen, session)?;
        if let Some(partial) = &partial {
            partial.write_row(number, &serde_json::to_vec(&row)?)?;
        }
        rows.push(row);
    }
    let names = models.into_iter().map(|model| model.name).collect();
    let matrix = TransferMatrix::new(names, rows)?;
    if let Some(path) = &request.json {
        matrix.write(path)?;
    }
    if let Some(path) = &request.markdown {
        outputs::write(path, table::transfer_page(&matrix).as_bytes())?;
    }
    partial.map_or(Ok(()), Partial::remove)?;
    Ok(matrix)
}

/// A model that is attacked and shown images.
struct Participant {
    /// As it is called in the matrix.
    name: String,
    ready: ReadyModel,
    spec: AttackSpec,
    attack: Attack,
    /// What its record says of the images.
    image_set: ImageSet,
}

fn participant(
    source: LoadedModel,
    name: String,
    chosen: &Selected,
    request: &TransferRequest,
    session: &Session,
) -> Result<Participant> {
    // As an evaluation does: unless told otherwise an attack sees what the weights say that attacks should see.
    let spec = match request.attack.ensemble_gradient() {
        Some(_) => request.attack.following(source.ensemble_gradient())?,
        None => request.attack,
    };
    let limit = request.images.limit;
    let image_set = chosen.image_set_of(limit, &source)?;
    let ready = source.classifier(chosen.shown(limit), session)?;
    let classes = ready.classifier.classes();
    let attack = spec.build()?.for_classes(classes).with_context(|| name.clone())?;
    protocol(request, &attack).fits(classes, &chosen.images).with_context(|| name.clone())?;
    Ok(Participant { name, ready, spec, attack, image_set })
}

/// How a model is called: by its own name, or by its path where several have that name.
fn names(sources: &[LoadedModel], models: &[ModelSource]) -> Vec<String> {
    let own: Vec<&str> = sources.iter().map(LoadedModel::name).collect();
    let is_alone = |name: &str| own.iter().filter(|other| **other == name).count() == 1;
    let name = |(name, model): (&&str, &ModelSource)| {
        if is_alone(name) { (*name).to_string() } else { path(model).display().to_string() }
    };
    own.iter().zip(models).map(name).collect()
}

/// Refuses models that are called the same, and those that tell other numbers of classes apart.
fn fit_each_other(models: &[Participant]) -> Result<()> {
    for (place, model) in models.iter().enumerate() {
        let earlier = &models[..place];
        if earlier.iter().any(|other| other.name == model.name) {
            return Err(Refusal::of_request(format!("{} is named twice", model.name)).into());
        }
        let classes = |model: &Participant| model.ready.classifier.classes();
        if let Some(other) = earlier.iter().find(|other| classes(other) != classes(model)) {
            bail!(
                "{} tells {} classes apart and {} tells {}: images of one cannot be shown to the other",
                other.name,
                classes(other),
                model.name,
                classes(model)
            );
        }
    }
    Ok(())
}

fn protocol<'a>(request: &'a TransferRequest, attack: &'a Attack) -> Protocol<'a> {
    Protocol { attack, radii: request.radii.as_ref(), limit: request.images.limit, seed: request.seed }
}

/// The images that the attack on `surrogate` makes, shown to each model.
fn row(
    request: &TransferRequest,
    surrogate: &Participant,
    models: &[Participant],
    chosen: &Selected,
    session: &Session,
) -> Result<Vec<Evaluation>> {
    // On the attacked model itself first, whichever column that is: it is then that the images are made.
    let remembered = Remembered::of(surrogate.attack.clone());
    let itself = cell(request, surrogate, surrogate, &remembered, chosen, session)?;
    let mut itself = Some(itself);
    let shown = |target: &Participant| match itself.take_if(|_| target.name == surrogate.name) {
        Some(itself) => Ok(itself),
        None => cell(request, surrogate, target, &remembered, chosen, session),
    };
    models.iter().map(shown).collect()
}

/// What an evaluation of `target` says with the attack on `surrogate`.
fn cell(
    request: &TransferRequest,
    surrogate: &Participant,
    target: &Participant,
    remembered: &Attack,
    chosen: &Selected,
    session: &Session,
) -> Result<Evaluation> {
    let ReadyModel { classifier, model } = &target.ready;
    let said = surrogate.spec.recorded(classifier.classes());
    let settings = with_images(&said, &request.images, request.seed);
    let name = surrogate.attack.name();
    let is_itself = surrogate.name == target.name;
    let (shown, settings, title) = if is_itself {
        (remembered.clone(), settings, format!("{name} on {}", surrogate.name))
    } else {
        let copy = surrogate.ready.classifier.replicate();
        let settings = of_surrogate(settings, name, &surrogate.ready.model.source);
        (Transfer::of(copy, remembered.clone()), settings, format!("shown to {}", target.name))
    };
    let (images, store) = (&chosen.images, NoStore::default());
    let evaluated = attack(&title, &**classifier, images, &protocol(request, &shown), &store, session)
        .map_err(|error| of_model(error, model))?;
    let evaluation = measured(&evaluated.curve, settings, model.clone(), chosen, request.images.limit)?;
    Ok(Evaluation { image_set: Some(target.image_set.clone()), ..evaluation })
}

/// Everything that the rows depend on, beside the version of this program.
fn identity(
    request: &TransferRequest,
    sources: &[&LoadedModel],
    chosen: &Selected,
    session: &Session,
) -> Result<Value> {
    let identity = Identity {
        sources,
        model: &request.models[0],
        chosen,
        limit: request.images.limit,
        attack: request.attack.name().name(),
        settings: &with_images(&request.attack.settings(), &request.images, request.seed),
        radii: request.radii.as_ref(),
        images: false,
    };
    let mut identity = identity.value(session)?;
    let gradients: Vec<String> =
        sources.iter().map(|source| source.ensemble_gradient().to_string()).collect();
    identity["use of the models"] = request.models.iter().map(used).collect();
    identity["gradients"] = json!(gradients);
    Ok(identity)
}

/// Where a model is; of several files the first.
fn path(model: &ModelSource) -> &Path {
    match &model.files {
        ModelFiles::Run(run) => run,
        ModelFiles::Weights { files, .. } => files.first().map_or(Path::new(""), PathBuf::as_path),
        ModelFiles::TorchScript(saved) | ModelFiles::Exported(saved) => {
            saved.files.first().map_or(Path::new(""), PathBuf::as_path)
        }
    }
}
