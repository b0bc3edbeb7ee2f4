//! Log-probabilities of held-out images: what the chains' networks say.

use super::Quantities;
use super::{
    Run,
    followed::{Series, draws},
    kind::Kind,
};
use anyhow::{Result, bail};
use bal_models::Traces;

const NAME: &str = "log-probabilities";
const WHAT: &str = "of the right class of held-out images";

/// Those that are chosen of the run's traces.
pub(super) fn follow(run: &Run, chosen: &[&Quantities]) -> Result<Kind> {
    let path = run.folder.traces();
    if !path.is_file() {
        let why = lacking(run);
        // Who asks for one by its number wants that or an error.
        if let Some(one) = chosen.iter().find(|c| matches!(c, Quantities::LogProbability(_))) {
            bail!("there is no {one}: {why}");
        }
        return Ok(Kind::lacking(NAME, WHAT, true, why));
    }
    let Traces { log_probability, burn_in, every } = run.folder.read_traces(&run.record)?;
    let (length, chains, images) = log_probability.size3()?;
    if chains as u64 != run.settings.parameter_chains {
        let wanted = run.settings.parameter_chains;
        bail!("{} has {chains} chains, the run's record {wanted}; it belongs to another run", path.display());
    }
    let mut places: Vec<usize> = Vec::new();
    for one in chosen {
        match one {
            Quantities::LogProbability(image) if *image >= images as usize => {
                bail!("there is no {one}: the run followed {images} held-out images, counted from 0");
            }
            Quantities::LogProbability(image) => places.push(*image),
            _ => places.extend(0..images as usize),
        }
    }
    places.sort_unstable();
    places.dedup();
    let series = |image: usize| {
        let draws = draws(&log_probability.select(2, image as i64))?;
        Ok(Series {
            name: Quantities::LogProbability(image).to_string(),
            draws,
            first: burn_in + every,
            every,
        })
    };
    let series: Vec<Series> = places.into_iter().map(series).collect::<Result<_>>()?;
    let apart = if every == 1 { "sweep".to_string() } else { format!("{every} sweeps") };
    let what = format!(
        "{WHAT}, {images} of them; {length} draws of each of {chains} chains, one every {apart} after the first {burn_in}"
    );
    Ok(Kind::measure(NAME, what, true, series))
}

/// Why the run has no traces, and how to get some.
fn lacking(run: &Run) -> String {
    let table = &run.record.method;
    let mixing = run.settings.mixing;
    let held_out = run.record.experiment["held_out"].as_u64();
    if held_out == Some(0) {
        return "the run held out no images (held_out = 0); train one with held_out above 0, 1000 say".into();
    }
    if mixing.images == 0 {
        return format!(
            "the run followed no held-out images ({table}.mixing.images = 0); train one with \
             {table}.mixing.images = 64"
        );
    }
    let sweeps = run.record.sweeps;
    if sweeps < mixing.burn_in + mixing.every {
        return format!(
            "the run ended after sweep {sweeps}, before its first draw; train one with a smaller \
             {table}.mixing.burn_in ({})",
            mixing.burn_in
        );
    }
    let summary = run.record.diagnostics.as_ref().and_then(|d| Some((d, d.r_hat.as_ref()?, d.ess.as_ref()?)));
    let summary = summary.map_or(String::new(), |(d, r_hat, ess)| {
        format!(
            "; its record has plain split R-hat, {:.3} in the median and {:.3} at most{}, and effective sizes from \
             {:.1} of {} draws",
            r_hat.median,
            r_hat.max,
            r_hat.left_out(),
            ess.min,
            d.chains * d.draws
        )
    });
    format!(
        "the run keeps no {}, as it was made before runs did; train it again to have that{summary}",
        run.folder.traces().display()
    )
}
