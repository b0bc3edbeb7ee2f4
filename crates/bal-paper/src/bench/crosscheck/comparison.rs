//! One attack on one model, by both sides.

use std::collections::BTreeMap;

use crate::crosscheck::{Accuracy, Cell, Distances, Found, Seconds};
use anyhow::{Context, Result};
use bal_report::{Evaluation, PerImage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kept::{self, Kept};
use super::ours::Command;
use super::plan::{Attack, Compared, Model};
use super::theirs::{self, Answer, Part};
use crate::bench::process::Process;
use bal_chores::stage;

/// What is the same for all cells.
pub(super) struct Comparison<'a> {
    pub(super) command: Command<'a>,
    pub(super) other: Process,
    pub(super) kept: Kept,
    /// Seeds of either side where attacks begin at random.
    pub(super) seeds: u64,
    pub(super) versions: BTreeMap<String, String>,
    /// Our program, as it is now.
    pub(super) program: Value,
    /// The Python side's files, as they are now.
    pub(super) sources: Vec<Value>,
}

/// Both sides of an attack that does not begin at random.
#[derive(Serialize, Deserialize)]
struct Whole {
    seconds: Seconds,
    found: Found,
}

/// One seed of ours.
#[derive(Serialize, Deserialize)]
struct Ours {
    survivors: PerImage,
    seconds: f64,
    beside: f64,
}

impl Comparison<'_> {
    /// Runs what is not kept of a cell: ours, then theirs, each alone on the machine.
    pub(super) fn cell(&mut self, attack: &Attack, model: &Model) -> Result<Cell> {
        let (seconds, found, load) = match attack.compared {
            Compared::Accuracy(radii) => self.over_seeds(attack, model, radii)?,
            Compared::Images(_) | Compared::Distances => self.at_once(attack, model)?,
        };
        Ok(Cell {
            attack: attack.name.into(),
            model: model.name.into(),
            library: attack.theirs.library.into(),
            load,
            seconds,
            found,
        })
    }

    /// An attack that finds the same whatever the seed.
    fn at_once(&mut self, attack: &Attack, model: &Model) -> Result<(Seconds, Found, Option<f64>)> {
        let made_of = json!([self.ours_made_of(attack, model)?, self.theirs_made_of(attack, model)?]);
        let Self { command, other, kept, .. } = self;
        let name = format!("{}-{}", attack.name, model.name);
        let (whole, load) = kept.or_make(&name, made_of, || {
            stage(&format!("{} on {}", attack.name, model.name), || whole(command, other, attack, model))
        })?;
        Ok((whole.seconds, whole.found, load))
    }

    /// An attack that begins at random, with every seed. Theirs may take hours: it is kept in pieces, of a seed, a radius
    /// and a batch each.
    fn over_seeds(
        &mut self,
        attack: &Attack,
        model: &Model,
        radii: &[f64],
    ) -> Result<(Seconds, Found, Option<f64>)> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut sums = Seconds { ours: 0.0, ours_beside: 0.0, theirs: 0.0 };
        let mut loads = Vec::new();
        for seed in 0..self.seeds {
            let (mine, load) = self.ours(attack, model, seed)?;
            loads.push(load);
            sums.ours += mine.seconds;
            sums.ours_beside += mine.beside;
            ours.push(mine.survivors);

            let mut correct = Vec::new();
            for &radius in radii {
                let mut digits = String::new();
                for part in Part::all(self.command.images, radius, seed) {
                    let (answer, load) = self.theirs(attack, model, &part)?;
                    loads.push(load);
                    sums.theirs += answer.seconds;
                    digits.extend(answer.correct);
                }
                correct.push(digits);
            }
            theirs.push(PerImage { correct });
        }
        let mean = |sum: f64| sum / self.seeds as f64;
        let seconds =
            Seconds { ours: mean(sums.ours), ours_beside: mean(sums.ours_beside), theirs: mean(sums.theirs) };
        let accuracy = Accuracy::of(attack.theirs.norm, radii, &ours, &theirs);
        let found = accuracy.context("the two sides tell of different images or radii")?;
        // The busiest moment of all: one that is not known counts as none.
        let load = loads.into_iter().flatten().max_by(f64::total_cmp);
        Ok((seconds, Found::Accuracy(found), load))
    }

    fn ours(&self, attack: &Attack, model: &Model, seed: u64) -> Result<(Ours, Option<f64>)> {
        let made_of = json!([self.ours_made_of(attack, model)?, seed]);
        let name = format!("{}-{}-ours-{seed}", attack.name, model.name);
        self.kept.or_make(&name, made_of, || {
            stage(&format!("{} on {}: ours, seed {seed}", attack.name, model.name), || {
                let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
                let beside = self.command.beside(model)?;
                let (evaluation, seconds) = self.command.attack(attack, model, seed, scratch.path())?;
                Ok(Ours { survivors: evaluation.per_image, seconds, beside })
            })
        })
    }

    fn theirs(&mut self, attack: &Attack, model: &Model, part: &Part) -> Result<(Answer, Option<f64>)> {
        let made_of = json!([self.theirs_made_of(attack, model)?, part]);
        let Part { radius, seed, first, .. } = part;
        let name = format!("{}-{}-theirs-{seed}-{radius}-{first}", attack.name, model.name);
        let Self { other, kept, .. } = self;
        let what = format!("{} on {}: theirs, seed {seed}, {radius}, {first}", attack.name, model.name);
        kept.or_make(&name, made_of, || stage(&what, || theirs::attack_part(other, attack, model, part)))
    }

    fn ours_made_of(&self, attack: &Attack, model: &Model) -> Result<Value> {
        Ok(json!({
            "images": self.command.images,
            "threads": self.command.threads,
            "weights": kept::content(&model.weights)?,
            "program": self.program,
            "attack": [json!(attack.ours), json!(attack.compared.radii())],
        }))
    }

    fn theirs_made_of(&self, attack: &Attack, model: &Model) -> Result<Value> {
        Ok(json!({
            "threads": self.command.threads,
            "weights": kept::content(&model.weights)?,
            "versions": self.versions,
            "sources": self.sources,
            "attack": attack.theirs,
        }))
    }
}

/// Both sides, one after the other.
fn whole(command: &Command<'_>, other: &mut Process, attack: &Attack, model: &Model) -> Result<Whole> {
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let ours_beside = command.beside(model)?;
    let (evaluation, ours) = command.attack(attack, model, 0, scratch.path())?;
    let images = matches!(attack.compared, Compared::Images(_));
    let way = images.then(|| command.way(attack, model, scratch.path())).transpose()?;
    let answer = theirs::attack(other, attack, model, command.images, way.as_deref())?;
    let seconds = Seconds { ours, ours_beside, theirs: answer.seconds };
    Ok(Whole { seconds, found: found(images, &evaluation, answer)? })
}

/// What the two sides found: `images`, else distances.
fn found(images: bool, evaluation: &Evaluation, theirs: Answer) -> Result<Found> {
    if images {
        return Ok(Found::Images(theirs.images.context("Python answered without a comparison of images")?));
    }
    let nearest = evaluation.nearest.as_ref().context("bal evaluate wrote no distances")?;
    let theirs = theirs.distances.context("Python answered without distances")?;
    let distances = Distances::of(&nearest.distances, &theirs);
    Ok(Found::Distances(distances.context("the two sides attacked different numbers of images")?))
}
