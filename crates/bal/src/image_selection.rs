//! Which images are attacked.

mod own;

use crate::{
    Note, Refusal, Remedy, Session, class_order,
    dataset::{self, DataSource, Test, Whole},
    experiment::Experiment,
    model_source::{Data, LoadedModel, Shown},
    published,
    trained_on::{Tie, TrainedOn},
};
use anyhow::{Context, Result, bail};
use bal_attacks::Settings;
use bal_core::{ImageDigest, Images, part_digest};
use bal_report::{ImageSet, Record, Split};
use own::{Account, Found, Picked, on_list, to_test};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Which images of a data set. The default are all test images of the data set that a run was trained on, else of MNIST.
#[derive(Clone, Debug)]
pub struct ImageSelection {
    /// A data set that the project knows, or a folder or table of one's own images.
    pub dataset: Option<String>,
    /// Test images, or those that a run held out or was trained on.
    pub split: Split,
    /// So many, drawn at random by the seed.
    pub sample: Option<u64>,
    /// Only the first so many.
    pub limit: Option<u64>,
}

impl Default for ImageSelection {
    fn default() -> Self {
        Self { dataset: None, split: Split::Test, sample: None, limit: None }
    }
}

/// Images of a data set, chosen for a model.
pub(crate) struct Selected {
    pub(crate) images: Images,
    /// The file of each, of images of the user's own that are files.
    pub(crate) files: Option<Vec<String>>,
    /// Their numbers in the part of the data set that they are of.
    pub(crate) numbers: Vec<i64>,
    pub(crate) dataset: String,
    pub(crate) split: Split,
    /// What their classes are called, in the order of the labels.
    pub(crate) class_names: Vec<String>,
    /// Whether they are the user's own.
    own: bool,
    digests: Vec<ImageDigest>,
    /// Of each image whether the model was trained on it; `None` where nobody knows.
    trained: Option<Vec<bool>>,
    /// What the user has to know of the choice.
    pub(crate) remarks: Vec<Note>,
}

/// Which images are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    /// A data set; without one the run's own.
    pub(crate) dataset: Option<&'a str>,
    pub(crate) split: Split,
    /// Whether training images could be asked for.
    pub(crate) or_training: bool,
}

/// The settings of an attack, with those that its images were drawn by, as a record has them.
pub(crate) fn with_images(attack: &Settings, images: &ImageSelection, seed: u64) -> Value {
    let mut settings = json!(attack);
    if let Some(map) = settings.as_object_mut() {
        map.insert("seed".into(), json!(seed));
        if let Some(count) = images.sample {
            map.insert("sample".into(), json!(count));
        }
    }
    settings
}

impl Selected {
    /// Those of the selection, for the model `source`; a sample is drawn by `seed`. Notes what there is to know of them.
    pub(crate) fn by(
        selection: &ImageSelection,
        seed: u64,
        session: &Session,
        source: &LoadedModel,
    ) -> Result<Self> {
        Self::for_all(selection, seed, session, &[source], true)
    }

    /// The same for several models, see [`Selected::all`]; `or_training` says whether training images could be asked for.
    pub(crate) fn for_all(
        selection: &ImageSelection,
        seed: u64,
        session: &Session,
        sources: &[&LoadedModel],
        or_training: bool,
    ) -> Result<Self> {
        let dataset = selection.dataset.as_deref();
        let wanted = Wanted { dataset, split: selection.split, or_training };
        let all = Self::all(&wanted, session, sources)?;
        session.note_all(&all.remarks);
        if let Some(count) = selection.sample {
            return all.sampled(count, seed);
        }
        if let Some(limit) = selection.limit {
            let labels = Vec::<i64>::try_from(all.images.labels())?;
            if let Some(remark) = one_sided(&labels, limit) {
                session.observer().note(&remark);
            }
        }
        Ok(all)
    }

    /// So many of them, drawn by `seed`.
    pub(crate) fn sampled(self, count: u64, seed: u64) -> Result<Self> {
        let drawn = dataset::sample(self.images.len(), count, seed)?;
        Ok(self.only(&drawn))
    }

    /// Only those at these places.
    pub(crate) fn only(self, places: &[i64]) -> Self {
        let at = |place: &i64| *place as usize;
        Self {
            images: self.images.subset(places),
            files: self.files.map(|files| places.iter().map(|place| files[at(place)].clone()).collect()),
            numbers: places.iter().map(|place| self.numbers[at(place)]).collect(),
            digests: places.iter().map(|place| self.digests[at(place)]).collect(),
            trained: self.trained.map(|trained| places.iter().map(|place| trained[at(place)]).collect()),
            ..self
        }
    }

    /// All images of a part of the data set, by default the run's own; what a run held out or was trained on is of that run.
    /// Where several models share the images, they are those to test the first one on, and none that another was trained on.
    pub(crate) fn all(wanted: &Wanted, session: &Session, sources: &[&LoadedModel]) -> Result<Self> {
        let (first, others) = sources.split_first().context("no model was named")?;
        let data = first.data(wanted.dataset)?;
        let found = match (wanted.split, &data.own) {
            (Split::Test, None) => published(&data, session, sources),
            (Split::Test, Some(_)) => users_own(wanted, &data, session, sources),
            (Split::HeldOut | Split::Train, _) => of_the_run(wanted, &data, session, first),
        }?;
        let mut chosen = first.numbered(Self {
            numbers: found.numbers,
            files: found.files,
            dataset: data.name,
            split: wanted.split,
            class_names: found.class_names,
            own: data.own.is_some(),
            digests: found.images.digests(),
            images: found.images,
            trained: None,
            remarks: found.remarks,
        })?;
        for source in others {
            let remark = source.agrees(&chosen)?;
            chosen.remarks.extend(remark);
        }
        let trained = chosen.trained_by(first);
        Ok(Self { trained, ..chosen })
    }

    /// Of each image whether this model was trained on it; `None` where nobody knows. Where images that a run was trained on
    /// are asked for, it is the first model's.
    fn trained_by(&self, model: &LoadedModel) -> Option<Vec<bool>> {
        let trained_on = model.trained_on();
        let trained =
            || self.digests.iter().map(|image| trained_on.tie(image) == Some(Tie::Trained)).collect();
        match self.split {
            Split::Train => Some(vec![true; self.digests.len()]),
            _ => trained_on.complete.then(trained),
        }
    }

    /// Which images the first `limit` are, as the record of another model has it.
    pub(crate) fn image_set_of(&self, limit: Option<u64>, model: &LoadedModel) -> Result<ImageSet> {
        let trained = self.trained_by(model);
        let count = limit.map_or(usize::MAX, |limit| limit as usize);
        let count = trained.map(|all| all.into_iter().take(count).filter(|&trained| trained).count() as u64);
        Ok(ImageSet { trained_on: count, ..self.image_set(limit)? })
    }

    /// Which images the first `limit` are, as a record has it.
    pub(crate) fn image_set(&self, limit: Option<u64>) -> Result<ImageSet> {
        let count = limit.map_or(self.digests.len(), |limit| self.digests.len().min(limit as usize));
        self.image_set_at(&(0..count as i64).collect::<Vec<_>>())
    }

    /// Which images those at these places are.
    pub(crate) fn image_set_at(&self, places: &[i64]) -> Result<ImageSet> {
        let labels = Vec::<i64>::try_from(self.images.labels())?;
        let labels: Vec<i64> = places.iter().map(|&place| labels[place as usize]).collect();
        let digests: Vec<ImageDigest> = places.iter().map(|&place| self.digests[place as usize]).collect();
        let count =
            |trained: &Vec<bool>| places.iter().filter(|&&place| trained[place as usize]).count() as u64;
        Ok(ImageSet {
            digest: part_digest(&digests, &labels, &self.class_names),
            classes: self.own.then(|| self.class_names.clone()),
            trained_on: self.trained.as_ref().map(count),
        })
    }

    /// Labels in the order of the classes `known`, by their names; an error is the name that is not there.
    pub(crate) fn in_order_of(self, known: &[String]) -> Result<Self, String> {
        let labels = class_order::places(&self.class_names, known)?;
        Ok(Self { images: self.images.relabelled(&labels), class_names: known.to_vec(), ..self })
    }

    /// The first `limit`, as a model is asked about them.
    pub(crate) fn shown(&self, limit: Option<u64>) -> Shown<'_> {
        Shown {
            images: &self.images,
            limit,
            dataset: &self.dataset,
            own_classes: self.own.then_some(&self.class_names[..]),
        }
    }

    /// Whether the images are the user's own.
    pub(crate) fn is_own(&self) -> bool {
        self.own
    }
}

/// Images of a place.
struct Part {
    images: Images,
    files: Option<Vec<String>>,
    numbers: Vec<i64>,
    class_names: Vec<String>,
    remarks: Vec<Note>,
}

impl Part {
    /// What was picked of a data set.
    fn of(whole: &Whole, picked: Picked, remarks: Vec<Note>) -> Self {
        Self {
            images: whole.images.subset(&picked.places),
            files: whole
                .files
                .as_ref()
                .map(|files| picked.places.iter().map(|&place| files[place as usize].clone()).collect()),
            numbers: picked.numbers,
            class_names: whole.class_names.clone(),
            remarks,
        }
    }

    /// Those of a test.
    fn whole(test: Test, numbers: Option<Vec<i64>>, dataset: &str, remarks: Vec<Note>) -> Self {
        let Test { images, class_names, files } = test;
        Self {
            numbers: numbers.unwrap_or_else(|| (0..images.len()).collect()),
            class_names: class_names.or_else(|| published::class_names(dataset)).unwrap_or_default(),
            images,
            files,
            remarks,
        }
    }
}

/// The published test images: always those, and a word where a model was trained on some of them.
fn published(data: &Data, session: &Session, sources: &[&LoadedModel]) -> Result<Part> {
    let test = data.source(session).test()?;
    let digests = test.images.digests();
    let mut remarks = Vec::new();
    for source in sources {
        let trained_on = source.trained_on();
        // Whoever publishes a data set may have images twice.
        let own = source.is_of(data)? && trained_on.test().eq(&digests);
        let tied = |image: &&ImageDigest| {
            if own { trained_on.by_start(image) } else { trained_on.tie(image).is_some() }
        };
        let seen = digests.iter().filter(tied).count();
        if seen > 0 {
            remarks.push(Note::warning(format!(
                "{} was trained on {seen} of the {} test images of {}, or held them out",
                source.name(),
                digests.len(),
                data.name
            )));
        }
    }
    Ok(Part::whole(test, None, &data.name, remarks))
}

/// Of the user's own images those to test on.
fn users_own(wanted: &Wanted, data: &Data, session: &Session, sources: &[&LoadedModel]) -> Result<Part> {
    let place = data.source(session);
    // What a run of before was trained on, it knows by all of its data together.
    let of_before = sources.iter().map(|source| Ok(!source.trained_on().complete && source.is_of(data)?));
    let of_before = of_before.collect::<Result<Vec<bool>>>()?.contains(&true);
    let names = sources.iter().map(|source| source.name()).collect::<Vec<_>>().join(", ");
    let whole = if of_before { place.whole() } else { place.labelled(first_names(sources)?.as_deref()) };
    let whole = whole.with_context(|| format!("{names} cannot be tested on {}", data.name))?;
    let digests = whole.images.digests();
    let mut remarks = Vec::new();
    let mut candidates = if whole.drawn { 0..digests.len() } else { whole.training..digests.len() };
    for source in sources.iter().filter(|source| !source.trained_on().complete) {
        match source.record() {
            Some(record) if source.is_of(data)? => {
                if same_images(record, &whole) {
                    candidates = whole.training..digests.len();
                } else if whole.drawn {
                    bail!("{}", changed(source.name(), &data.name));
                } else {
                    remarks.push(Note::warning(changed(source.name(), &data.name)));
                }
            }
            _ if whole.drawn => remarks.push(Note::remark(format!(
                "{} has no split of its own, and all its {} images are tested on; whether {} was trained on some of \
                 them cannot be told",
                data.name,
                candidates.len(),
                source.name()
            ))),
            _ => {}
        }
    }
    let models: Vec<&TrainedOn> = sources.iter().map(|source| source.trained_on()).collect();
    let picked = to_test(&Found { digests: &digests, candidates, drawn: whole.drawn }, &models);
    if picked.places.is_empty() {
        return Err(nothing_left(&names, &data.name, &picked.account, wanted).into());
    }
    let at_home = sources.iter().map(|source| source.is_of(data)).collect::<Result<Vec<_>>>()?;
    let at_home = at_home.into_iter().all(|at_home| at_home);
    remarks.extend(picked.account.remarks(&names, &data.name, at_home));
    Ok(Part::of(&whole, picked, remarks))
}

/// What the first model calls its classes, as folders can be called.
fn first_names(sources: &[&LoadedModel]) -> Result<Option<Vec<String>>> {
    let names = sources.first().map(|source| source.class_names()).transpose()?.flatten();
    Ok(names.map(|names| names.iter().map(|name| published::folder_name(name)).collect()))
}

/// Whether the images are those that a run of before was trained and is tested on, as their digests say.
fn same_images(record: &Record, whole: &Whole) -> bool {
    ["train", "test"].iter().all(|part| record.dataset.files.get(*part) == whole.digests.get(*part))
}

fn changed(name: &str, dataset: &str) -> String {
    format!(
        "{dataset} is not as it was when {name} was trained, and the run is of before it kept which images those were: test \
         images cannot be told from training images; put the images back as they were, or train again"
    )
}

fn nothing_left(names: &str, dataset: &str, account: &Account, wanted: &Wanted) -> Refusal {
    let Account { candidates, trained, held_out, .. } = account;
    if *candidates == 0 {
        let fault = format!("{dataset} has no test images");
        return Refusal::new(fault, Remedy::OtherImages { or_training: false });
    }
    let seen = match held_out {
        0 => format!("was trained on all {trained} images of {dataset}"),
        _ => format!(
            "was trained on {trained} of the {candidates} images of {dataset} and held out the others"
        ),
    };
    let fault = format!("{names} {seen}: none is left to test it on");
    Refusal::new(fault, Remedy::OtherImages { or_training: wanted.or_training })
}

/// The images that a run held out, or was trained on.
fn of_the_run(wanted: &Wanted, data: &Data, session: &Session, source: &LoadedModel) -> Result<Part> {
    let experiment: Experiment = source
        .experiment()?
        .context("only a run says which training images were held out, and which not; name a run")?;
    let Experiment { held_out, train_images, seed, .. } = experiment;
    let name = source.name();
    let held = wanted.split == Split::HeldOut;
    if held && held_out == 0 {
        bail!("{name} held out no images; train it with held_out above 0, and so many train_images fewer");
    }
    let trained_on = source.trained_on();
    let place: DataSource = data.source(session);
    if source.is_of(data)? && (data.own.is_none() || !trained_on.complete) {
        if let (Some(record), Some(_)) = (source.record(), &data.own) {
            let now = place.digests()?;
            if record.dataset.files.iter().any(|(file, digest)| now.get(file) != Some(digest)) {
                bail!("{}", changed(name, &data.name));
            }
        }
        let (test, numbers) = if held {
            place.held_out(held_out, seed)
        } else {
            place.trained_on(train_images, held_out, seed)
        }?;
        return Ok(Part::whole(test, Some(numbers), &data.name, vec![]));
    }
    let verb = if held { "held out" } else { "was trained on" };
    if !trained_on.complete {
        let fault = format!(
            "which images {name} {verb} cannot be told in {}: the run is of before it kept that",
            data.name
        );
        return Err(Refusal::new(fault, Remedy::NoDataset).into());
    }
    let whole = place.whole()?;
    let digests = whole.images.digests();
    let found = Found { digests: &digests, candidates: 0..digests.len(), drawn: true };
    let picked =
        if held { on_list(&found, trained_on.held_out()) } else { on_list(&found, trained_on.train()) };
    let Account { own, missing, .. } = picked.account;
    if own == 0 {
        bail!("none of the {missing} images that {name} {verb} is in {}", data.name);
    }
    let mut remarks = Vec::new();
    if missing > 0 {
        let all = own + missing;
        let dataset = &data.name;
        remarks.push(Note::remark(format!("of the {all} images that {name} {verb}, {own} are in {dataset}")));
    }
    let copies =
        picked.places.iter().filter(|&&place| trained_on.tie(&digests[place as usize]) == Some(Tie::Trained));
    let copies = copies.count();
    if held && copies > 0 {
        remarks.push(Note::warning(format!(
            "{copies} of the {own} held-out images are copies of images that {name} was trained on"
        )));
    }
    Ok(Part::of(&whole, picked, remarks))
}

/// What to know of the first `limit` images, where they are enough for all classes and miss some: the set is in the order of
/// its classes, and they stand for none but their own.
fn one_sided(labels: &[i64], limit: u64) -> Option<Note> {
    /// Images of each class in so many, were the order random.
    const ENOUGH: usize = 5;
    let first = labels.get(..limit as usize)?;
    let classes = |labels: &[i64]| labels.iter().collect::<BTreeSet<_>>().len();
    let (found, all) = (classes(first), classes(labels));
    (found < all && first.len() >= ENOUGH * all).then(|| {
        Note::remark(format!("the first {limit} images are of {found} of the {all} classes"))
            .with(Remedy::Sample(limit))
    })
}

#[cfg(test)]
mod tests {
    use super::one_sided;

    #[test]
    fn the_first_images_of_a_sorted_set_are_said_to_miss_classes() {
        let sorted: Vec<i64> = (0..100).map(|image| image / 25).collect();
        let mixed: Vec<i64> = (0..100).map(|image| image % 4).collect();
        let said = one_sided(&sorted, 50).unwrap().to_string();
        assert!(said.contains("the first 50 images are of 2 of the 4 classes; a sample of 50"), "{said}");
        // All classes; too few to expect them all; all images.
        for (labels, limit) in [(&mixed, 50), (&sorted, 80), (&sorted, 19), (&sorted, 100), (&sorted, 1000)] {
            assert_eq!(one_sided(labels, limit), None, "{limit}");
        }
    }
}
