//! Models that say values: how far off they are, clean and under attack, and what they predict.

use crate::{
    ModelFiles, ModelSource, Note, Refusal, Remedy, RunFolder, Session,
    experiment::Experiment,
    tables::{Rows, rows_of},
};
use anyhow::{Context, Result, bail, ensure};
use bal_attacks::{Ball, ModelFault, ValuePgd};
use bal_core::{
    Batch, Column, Columns, ImageDigest, Member, Mode, NoiseKey, NoiseStream, Posterior, Purpose, Replicate,
    Role, SHARD, Shared,
};
use bal_diagnostics::NormalMixture;
use bal_report::{Model, PerRow, ValueEvaluation};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};
use tch::{Kind, Tensor};

/// Whether a model says values of rows: then [`evaluate_values`] and [`predict_values`] are for it. Not where it cannot be read:
/// whoever loads it then says why.
pub fn says_values(model: &ModelSource) -> bool {
    match &model.files {
        ModelFiles::Run(run) => {
            let file = RunFolder::new(run).experiment();
            let Ok(text) = std::fs::read_to_string(&file) else { return false };
            text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("regression"))
        }
        ModelFiles::Weights { files, .. } => files.iter().any(|file| bal_models::has_columns(file)),
        ModelFiles::TorchScript(_) | ModelFiles::Exported(_) => false,
    }
}

/// Which model is attacked, how, and on which rows.
#[derive(Clone, Debug)]
pub struct ValuesRequest {
    /// A run, or weights that `bal train` wrote.
    pub model: ModelSource,
    /// A table all of whose rows are used; without it the test rows of the run.
    pub table: Option<PathBuf>,
    /// The attack.
    pub attack: ValuePgd,
    /// Radii of its ball, ascending, in standard deviations of a feature; 0 is clean.
    pub radii: Vec<f64>,
    /// Only the first so many rows.
    pub limit: Option<u64>,
    /// The seed of random starts.
    pub seed: u64,
}

/// A value and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PredictedValue {
    /// The members' mean.
    pub mean: f64,
    /// The central 95 % interval of their mixture.
    pub interval: (f64, f64),
    /// The part of the standard deviation that is noise: more data do not lessen it.
    pub sd_of_noise: f64,
    /// The part in which the members disagree.
    pub sd_of_weights: f64,
}

/// Attacks the values that a model says of rows, at each radius.
///
/// # Errors
/// When the model says no values, or the rows cannot be had.
pub fn evaluate_values(request: &ValuesRequest, session: &Session) -> Result<ValueEvaluation> {
    let attack = request.attack.checked()?;
    let radii = &request.radii;
    ensure!(!radii.is_empty() && radii.is_sorted(), "radii are wanted, ascending");
    let balls: Vec<Ball> =
        radii.iter().map(|&radius| Ball::new(attack.norm, radius)).collect::<Result<_, _>>()?;
    let loaded = Loaded::of(&request.model, session)?;
    let rows = match &request.table {
        Some(table) => rows_of(table, &loaded.columns, true, session.device)?,
        None => loaded.test_rows(session)?,
    };
    loaded.tell_of_training_rows(&rows, session)?;
    let count = request.limit.map_or(rows.images.len(), |limit| rows.images.len().min(limit as i64));
    ensure!(count > 0, "{} has no rows to evaluate on", rows.name);
    let Columns { target, .. } = &loaded.columns;
    let all = rows.images.batch(&(0..count).collect::<Vec<_>>());
    let values = all.targets.values().context("rows have values")?;
    let value = Vec::<f64>::try_from(values.to_kind(Kind::Double).reshape([-1]))?;
    let value = value.into_iter().map(|value| target.restored(value)).collect();
    let mut per_row = PerRow { value, ..PerRow::default() };
    let noise =
        NoiseStream::new(NoiseKey { seed: request.seed, purpose: Purpose::Attack, sweep: 0, chain: 0 });
    for ball in balls {
        let x = if ball.radius() > 0.0 {
            loaded.attacked(&attack, ball, &all, &noise, session)?
        } else {
            all.x.detach()
        };
        per_row.add(&loaded.laws(&x, session)?);
    }
    let [rmse, negative_log_likelihood, coverage] = per_row.measures();
    let posterior = &loaded.posterior;
    Ok(ValueEvaluation {
        target: target.name.clone(),
        attack: "pgd".into(),
        norm: attack.norm.to_string(),
        radii: radii.clone(),
        rows: count as u64,
        rmse,
        negative_log_likelihood,
        coverage,
        settings: serde_json::to_value(Settings { attack, seed: request.seed })?,
        per_row,
        model: Model {
            source: loaded.name.clone(),
            architecture: Some(posterior.network_names()),
            chains: posterior.members.len() as u64,
            prediction: posterior.prediction.to_string(),
            ensemble_gradient: posterior.ensemble_gradient.to_string(),
            weights: Some(loaded.digests.clone()),
        },
        dataset: rows.name,
    })
}

/// The settings of an evaluation, as its record has them.
#[derive(serde::Serialize)]
struct Settings {
    #[serde(flatten)]
    attack: ValuePgd,
    seed: u64,
}

/// What a model says of every row of a table, which needs the columns that it was trained on, and may have others.
///
/// # Errors
/// When the model says no values, or the table cannot be read or lacks a column.
pub fn predict_values(
    model: &ModelSource,
    table: &Path,
    session: &Session,
) -> Result<(Column, Vec<PredictedValue>)> {
    let loaded = Loaded::of(model, session)?;
    let rows = rows_of(table, &loaded.columns, false, session.device)?;
    let batch = rows.images.batch(&(0..rows.images.len()).collect::<Vec<_>>());
    let of = |law: NormalMixture| PredictedValue {
        mean: law.mean(),
        interval: law.interval(bal_report::INTERVAL),
        sd_of_noise: law.sd_of_noise(),
        sd_of_weights: law.sd_of_means(),
    };
    Ok((loaded.columns.target.clone(), loaded.laws(&batch.x, session)?.into_iter().map(of).collect()))
}

/// A posterior that says values.
struct Loaded {
    name: String,
    digests: Vec<String>,
    posterior: Posterior,
    columns: Columns,
    experiment: Option<Experiment>,
    run: Option<RunFolder>,
}

impl Loaded {
    fn of(model: &ModelSource, session: &Session) -> Result<Self> {
        let source = model.load(session.device)?;
        let (name, digests, experiment) =
            (source.name().to_owned(), source.digests().to_vec(), source.experiment()?);
        let Some(posterior) = source.into_posterior() else {
            bail!("{name} is no posterior that says values")
        };
        let says = posterior.members.iter().all(|member| member.network.role() == Role::Regressor);
        let columns = posterior.columns.clone().filter(|_| says);
        let columns =
            columns.with_context(|| format!("{name} says no values: it was not trained on a table"))?;
        let run = match &model.files {
            ModelFiles::Run(run) => Some(RunFolder::new(run)),
            _ => None,
        };
        Ok(Self { name, digests, posterior, columns, experiment, run })
    }

    /// The rows that the run is tested on.
    fn test_rows(&self, session: &Session) -> Result<Rows> {
        let missing = || {
            Refusal::new(format!("{} is no run, so its test rows are not known", self.name), Remedy::Dataset)
        };
        let experiment = self.experiment.as_ref().ok_or_else(missing)?;
        let settings = experiment.regression.as_ref().ok_or_else(missing)?;
        experiment.test_rows(settings, &self.columns, session)
    }

    /// Says how many of these rows the run was trained on, if some were.
    fn tell_of_training_rows(&self, rows: &Rows, session: &Session) -> Result<()> {
        let Some(folder) = self.run.as_ref().filter(|folder| folder.data().is_file()) else { return Ok(()) };
        let trained_on: BTreeSet<ImageDigest> =
            bal_models::read_run_images(&folder.data())?.train.images.into_iter().collect();
        let digests = rows.images.digests();
        let known = digests.iter().filter(|digest| trained_on.contains(*digest)).count();
        if known > 0 {
            let text = format!(
                "{known} of {} rows of {} have the features of rows that the run was trained on",
                digests.len(),
                rows.name
            );
            session.observer().note(&Note::warning(text));
        }
        Ok(())
    }

    /// The rows as the attack leaves them, `[n, 1, 1, d]`.
    fn attacked(
        &self,
        attack: &ValuePgd,
        ball: Ball,
        all: &Batch,
        noise: &NoiseStream,
        session: &Session,
    ) -> Result<Tensor> {
        let members = Shared::new(self.posterior.members.replicate());
        let shards = all.shards(SHARD).iter().map(Batch::replicate).collect();
        let moved = session
            .workers
            .map(shards, |shard: Batch| attack.perturb(&members.replica(), &shard, ball, noise));
        let moved: Vec<Tensor> = moved.into_iter().collect::<Result<_, ModelFault>>()?;
        Ok(Tensor::cat(&moved, 0))
    }

    /// What the members say of rows together, in the unit of the target.
    fn laws(&self, x: &Tensor, session: &Session) -> Result<Vec<NormalMixture>> {
        let members = self.posterior.members.replicate();
        let tasks = members.into_iter().map(|member| (member, x.detach())).collect();
        let outputs = session.workers.map(tasks, |(member, x): (Member, Tensor)| {
            member.forward(&x, Mode::Evaluate).logits.to_kind(Kind::Double).reshape([-1])
        });
        let outputs: Vec<Vec<f64>> = outputs.into_iter().map(Vec::try_from).collect::<Result<_, _>>()?;
        let target = &self.columns.target;
        let law = |row: usize| {
            let of =
                |output: &Vec<f64>| (target.restored(output[2 * row]), target.sd * output[2 * row + 1].exp());
            NormalMixture::new(outputs.iter().map(of).collect())
                .with_context(|| format!("{} says something that is not finite of row {row}", self.name))
        };
        (0..x.size()[0] as usize).map(law).collect()
    }
}
