//! Probabilities and uncertainty of finished models.

use std::path::Path;

use anyhow::Result;

use crate::radii;
use crate::reproduce::data::Data;
use crate::reproduce::model::Model;
use bal_chores::Bal;
use bal_chores::Repository;

/// The file of a model's calibration among its results.
const FILE: &str = "calibration.json";

/// Images and steps of a quick calibration.
const QUICK: [&str; 4] = ["--limit", "8", "--steps", "5"];

/// Calibrates a model, and each of so many members alone, unless that was done of its weights; what comes out goes to
/// `results`.
pub(super) fn calibrate(
    repository: &Repository,
    bal: &Bal<'_>,
    model: &Model,
    members: u64,
    results: &Path,
    quick: bool,
) -> Result<()> {
    let measure = |file: &str, member: Option<u64>| {
        let path = results.join(file);
        if model.has(&path, repository.root())? {
            eprintln!("{}: calibrated already", path.display());
            return Ok(());
        }
        bal.run(&arguments(&model.arguments, member, model.data, &path.display().to_string(), quick))
    };
    measure(FILE, None)?;
    (0..members).try_for_each(|member| measure(&format!("calibration-member-{member}.json"), Some(member)))
}

/// The command line of `bal calibrate`.
fn arguments(model: &[String], member: Option<u64>, data: Data, json: &str, quick: bool) -> Vec<String> {
    // GTSRB's images of the paper's split are in the order of their classes.
    let (radii, images) = match data {
        Data::Mnist | Data::FashionMnist => (&[0.1, 0.15], ["--limit", "1000"]),
        Data::GtsrbPaper | Data::Gtsrb => (&[4.0 / 255.0, 8.0 / 255.0], ["--sample", "500"]),
    };
    let mut arguments: Vec<String> = vec!["calibrate".into()];
    arguments.extend_from_slice(model);
    arguments.extend(["--dataset", data.name()].map(Into::into));
    // The posterior as a whole, whatever its released form scored.
    arguments
        .extend(["--prediction", "mean-probability", "--ensemble-gradient", "predictive"].map(Into::into));
    if let Some(member) = member {
        arguments.extend(["--members".into(), member.to_string()]);
    }
    arguments.extend(["--radius".into(), radii::list(radii), "--json".into(), json.into()]);
    let size = if quick { &QUICK[..] } else { &images[..] };
    arguments.extend(size.iter().map(ToString::to_string));
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_posterior_is_calibrated_as_a_whole_and_signs_are_sampled() {
        let line = arguments(&["runs/fig1/bnn".into()], None, Data::Mnist, "x.json", false).join(" ");
        assert_eq!(
            line,
            "calibrate runs/fig1/bnn --dataset mnist --prediction mean-probability --ensemble-gradient predictive \
             --radius 0.1,0.15 --json x.json --limit 1000"
        );
        let signs = arguments(&["r".into()], Some(3), Data::GtsrbPaper, "x.json", false).join(" ");
        assert!(
            signs.contains("--members 3 --radius 0.0156862745") && signs.ends_with("--sample 500"),
            "{signs}"
        );
        let quick = arguments(&["r".into()], None, Data::GtsrbPaper, "x.json", true).join(" ");
        assert!(quick.ends_with("--json x.json --limit 8 --steps 5"), "{quick}");
    }
}
