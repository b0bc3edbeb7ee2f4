//! The record of a run: settings, data, versions, and how it went.

use crate::{
    Options, Session, dataset::Training, experiment::Experiment, run_folder::RunFolder, sources::Source,
    start::Start, units::units,
};
use anyhow::{Context, Result};
use bal_baselines::ParameterSettings;
use bal_core::{Posterior, Role};
use bal_models::Ensemble;
use bal_report::{
    ConfigurationalTemperature, Diagnostics, LaplaceFit, MetricLine, PriorPrecision, Record, SamplerRegime,
    Summary, Tried, metrics, record,
};
use std::collections::BTreeMap;

/// How a run went, and what it was run on.
pub(crate) struct Outcome<'a> {
    pub(crate) training: &'a Training,
    pub(crate) start: Option<&'a Start>,
    pub(crate) sources: &'a [Source],
    pub(crate) posterior: &'a Posterior,
    pub(crate) sweeps: u64,
    pub(crate) planned: u64,
    pub(crate) seconds: f64,
}

/// The record of the run in `folder`.
pub(crate) fn make(
    options: &Options,
    experiment: &Experiment,
    folder: &RunFolder,
    session: &Session,
    outcome: &Outcome,
) -> Result<Record> {
    let Outcome { training, start, posterior, .. } = outcome;
    let method = experiment.method()?;
    let images = training.images.len() as u64;
    let lines = metrics::read(&folder.metrics()).context("the run's metrics cannot be read back")?;
    let batches = experiment.epochs().batches(images);
    Ok(Record {
        format: record::FORMAT,
        name: experiment.name.clone(),
        method: method.name().into(),
        preset: experiment.preset.clone(),
        quick: options.quick,
        seed: experiment.seed,
        experiment: serde_json::to_value(experiment)?,
        versions: session.versions(),
        dataset: bal_report::Dataset {
            name: experiment.dataset.clone(),
            files: training.digests.clone(),
            train_images: images,
            test_images: training.test_images,
            parts: training.identity.parts().map(|(name, part)| (name.into(), part.digest.clone())).into(),
            classes: training.class_names.clone(),
        },
        start: start.map(|s| bal_report::Start { name: s.name.clone(), digest: s.digest.clone() }),
        sources: outcome
            .sources
            .iter()
            .map(|source| bal_report::Start { name: source.name.clone(), digest: source.digest.clone() })
            .collect(),
        epochs: outcome.sweeps as f64 / batches as f64,
        sweeps: outcome.sweeps,
        sweeps_planned: outcome.planned,
        stopped_early: outcome.sweeps < outcome.planned,
        threads: session.workers.threads(),
        wall_seconds: outcome.seconds,
        units: units(experiment),
        curves: curves(&lines),
        diagnostics: posterior.mixing.as_ref().map(|mixing| Diagnostics {
            chains: mixing.chains as u64,
            draws: mixing.draws as u64,
            r_hat: Summary::of(&mixing.r_hat),
            ess: Summary::of(&mixing.effective_sample_size),
        }),
        sampler: posterior.regime.as_ref().zip(experiment.chains()).map(|(regime, chains)| {
            let ParameterSettings { sampler, energy, .. } = chains.parameters;
            let regime = SamplerRegime::new(sampler.name(), energy.name(), regime);
            let mixing = chains.mixing;
            let burnt_in = lines.iter().filter(|line| mixing.images > 0 && line.sweep > mixing.burn_in);
            let temperatures = burnt_in.filter_map(|line| line.configurational_temperature).collect();
            SamplerRegime {
                configurational_temperature: ConfigurationalTemperature::of(temperatures),
                ..regime
            }
        }),
        prior_precisions: posterior.precisions.iter().map(PriorPrecision::from).collect(),
        laplace: posterior.laplace.clone().map(|fit| LaplaceFit {
            structure: fit.structure.into(),
            images: fit.images,
            scale: fit.scale,
            precision: fit.precision,
            tried: fit.tried.into_iter().map(tried).collect(),
        }),
        held_out: held_out(posterior, training, session)?,
        digests: folder.digests()?,
    })
}

/// The accuracy on the held-out images; `None` without such images, and of networks that tell no classes apart.
fn held_out(posterior: &Posterior, training: &Training, session: &Session) -> Result<Option<f64>> {
    if posterior.first_network()?.role() != Role::Classifier {
        return Ok(None);
    }
    let model = Ensemble::new(posterior, session.device)?;
    Ok(bal_baselines::accuracy(&model, &training.held_out, &session.workers)?)
}

/// A pair of a search, as the record has it.
fn tried(pair: bal_core::Tried) -> Tried {
    let bal_core::Tried { scale, precision, log_likelihood } = pair;
    Tried { scale, precision, log_likelihood }
}

/// A curve's name, and its value in a line of metrics.
type Column = (&'static str, fn(&MetricLine) -> Option<f64>);

/// At most this many points per curve: a figure shows no more.
const POINTS: usize = 200;

/// The metrics of a run as curves over sweeps, each point the mean of the sweeps that it stands for.
fn curves(lines: &[MetricLine]) -> BTreeMap<String, Vec<(u64, f64)>> {
    let columns: [Column; 5] = [
        ("loss", |l| Some(l.loss)),
        ("linf", |l| l.linf),
        ("l2", |l| l.l2),
        ("data_energy", |l| l.data_energy),
        ("parameter_energy", |l| l.parameter_energy),
    ];
    let mut curves = BTreeMap::new();
    for (name, of) in columns {
        let points: Vec<(u64, f64)> = lines.iter().filter_map(|l| Some((l.sweep, of(l)?))).collect();
        if !points.is_empty() {
            curves.insert(name.to_string(), record::thinned(&points, POINTS));
        }
    }
    curves
}
