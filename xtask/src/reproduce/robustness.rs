//! Strong attacks on finished runs, and how good their probabilities are.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use bal_report::Evaluation;

use crate::bal::Bal;
use crate::radii;
use crate::repository::Repository;
use crate::reproduce::calibration;
use crate::reproduce::data::Data;
use crate::reproduce::evaluation::is_newer;
use crate::reproduce::figure::ablation;
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;

/// A measurement of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measure {
    /// Its file among the results of the run.
    file: &'static str,
    attack: &'static str,
    norm: &'static str,
    radii: &'static [f64],
    /// Test images: the first so many, of GTSRB a random sample.
    images: u32,
}

const LINF_CURVE: Measure = Measure {
    file: "autoattack-linf.json",
    attack: "autoattack",
    norm: "linf",
    radii: &[0.05, 0.1, 0.15, 0.2, 0.25, 0.3],
    images: 1000,
};
const L2_CURVE: Measure = Measure {
    file: "autoattack-l2.json",
    attack: "autoattack",
    norm: "l2",
    radii: &[0.5, 1.0, 1.5, 2.0],
    images: 1000,
};
const LINF: Measure = Measure { radii: &[0.1, 0.15], ..LINF_CURVE };
const L2: Measure = Measure { radii: &[1.0], ..L2_CURVE };
const SIGNS: Measure = Measure { radii: &[2.0 / 255.0, 4.0 / 255.0, 8.0 / 255.0], images: 500, ..LINF_CURVE };
const HARD_LABELS: Measure = Measure {
    file: "hop-skip-jump-linf.json",
    attack: "hop-skip-jump",
    norm: "linf",
    radii: &[0.05, 0.1, 0.15, 0.2, 0.25, 0.3],
    images: 200,
};

/// Images in a quick measurement, and what makes it short.
const QUICK: [&str; 6] = ["--limit", "8", "--steps", "5", "--queries", "20"];

/// The runs that are attacked, the most telling first.
pub(super) fn runs() -> Vec<Run> {
    let mnist = ["erm", "pgd", "bal-released", "bal-paper", "bal-exact", "wrm", "fgsm", "ifgsm", "bnn"];
    let seven = ["erm", "pgd", "bal-released", "wrm", "fgsm", "ifgsm", "bnn"];
    let mut runs: Vec<Run> = mnist.map(|name| Run::new("fig1", name, &format!("mnist-{name}"), 1)).into();
    runs.splice(3..3, [ablation::at_equal_linf(), ablation::from_initial_weights()]);
    runs.extend(seven.map(|name| Run::new("appendix-a", name, &format!("fashion-{name}"), 1)));
    runs.extend(seven.map(|name| Run::new("fig3", name, &format!("gtsrb-{name}"), 1)));
    runs
}

/// Those that `only` leaves in. A run that another starts from is trained with it, and attacked only if it is named.
fn attacked(only: &[String]) -> Vec<Run> {
    runs().into_iter().filter(|run| run.is_among(only)).collect()
}

/// What is measured of a run.
fn measures(run: &Run) -> Vec<Measure> {
    let whole = run.name == "erm" || run.name.starts_with("pgd") || run.name.starts_with("bal");
    match run.data {
        Data::GtsrbPaper | Data::Gtsrb => vec![SIGNS],
        Data::Mnist if whole => vec![LINF_CURVE, L2_CURVE, HARD_LABELS],
        _ if whole => vec![LINF_CURVE, L2_CURVE],
        _ => vec![LINF, L2],
    }
}

/// What is measured of each member of an ensemble alone; of GTSRB, where it would take long, nothing.
fn members_measure(data: Data) -> Option<Measure> {
    match data {
        Data::Mnist | Data::FashionMnist => Some(LINF),
        Data::GtsrbPaper | Data::Gtsrb => None,
    }
}

/// Of how many members an evaluation of the whole was; 0 of a point estimate, which has none beside itself.
fn members(whole: &Path) -> Result<u64> {
    let members = Evaluation::read(whole)?.model.chains;
    Ok(if members > 1 { members } else { 0 })
}

/// The file of a measurement, of the whole or of a member alone.
fn file(measure: &Measure, member: Option<u64>) -> String {
    match member {
        None => measure.file.into(),
        Some(member) => measure.file.replace(".json", &format!("-member-{member}.json")),
    }
}

/// Attacks and calibrates the runs that are finished and that `only` leaves in; what is measured already, and since the
/// weights were written, is not again.
pub(super) fn evaluate(repository: &Repository, bal: &Bal<'_>, place: &Place, only: &[String]) -> Result<()> {
    for run in attacked(only) {
        let folder = place.runs.join(&run.folder);
        let weights = repository.root().join(&folder).join("posterior.safetensors");
        let results = place.results.join("robustness").join(&run.folder);
        if !weights.is_file() {
            eprintln!("{}: not trained yet", run.folder.display());
            continue;
        }
        let made = repository.root().join(&results);
        fs::create_dir_all(&made).with_context(|| format!("cannot make {}", made.display()))?;
        let model = folder.display().to_string();
        let evaluate = |measure: &Measure, member: Option<u64>| {
            let path = results.join(file(measure, member));
            if is_newer(&repository.root().join(&path), &weights) {
                eprintln!("{}: measured already", path.display());
                return Ok(());
            }
            let json = path.display().to_string();
            bal.run(&arguments(&model, member, run.data, measure, &json, place.quick))
        };
        for measure in measures(&run) {
            evaluate(&measure, None)?;
        }
        let members = members(&made.join(LINF.file))?;
        if let Some(measure) = members_measure(run.data) {
            for member in 0..members {
                evaluate(&measure, Some(member))?;
            }
        }
        calibration::calibrate(repository, bal, &run, members, (&folder, &weights), &results, place.quick)?;
    }
    Ok(())
}

/// The command line of `bal evaluate`.
fn arguments(
    model: &str,
    member: Option<u64>,
    data: Data,
    measure: &Measure,
    json: &str,
    quick: bool,
) -> Vec<String> {
    let Measure { attack, norm, radii, images, .. } = *measure;
    let mut arguments: Vec<String> =
        ["evaluate", model, "--dataset", data.name(), "--attack", attack, "--norm", norm]
            .map(Into::into)
            .into();
    // The posterior as a whole, whatever its released form scored.
    arguments.extend(["--prediction", "mean-probability"].map(Into::into));
    if attack == "autoattack" {
        arguments.extend(["--ensemble-gradient", "predictive"].map(Into::into));
    }
    if let Some(member) = member {
        arguments.extend(["--members".into(), member.to_string()]);
    }
    arguments.extend(["--radius".into(), radii::list(radii), "--json".into(), json.into()]);
    if quick {
        // A search without steps has no flag for them.
        let flags = if attack == "autoattack" { &QUICK[..] } else { &QUICK[..2] };
        arguments.extend(flags.iter().map(ToString::to_string));
    } else {
        // GTSRB's images of the paper's split are in the order of their classes.
        let flag = if data == Data::GtsrbPaper { "--sample" } else { "--limit" };
        arguments.extend([flag.into(), images.to_string()]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_curves_are_measured_of_the_telling_runs_and_two_radii_of_the_others() {
        let of = |name: &str| {
            let run = runs().into_iter().find(|run| run.folder.ends_with(name)).unwrap();
            measures(&run)
        };
        assert_eq!(of("fig1/bal-exact").len(), 3);
        assert_eq!(of("ablation/pgd-linf").len(), 3);
        assert_eq!(of("fig1/wrm"), [LINF, L2]);
        assert_eq!(of("ablation/scratch"), [LINF, L2]);
        assert_eq!(of("appendix-a/pgd"), [LINF_CURVE, L2_CURVE]);
        assert_eq!(of("fig3/erm"), [SIGNS]);
    }

    #[test]
    fn a_selection_is_attacked_and_not_what_it_starts_from() {
        let of = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|&word| word.into()).collect();
            attacked(&only).iter().map(|run| run.folder.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(of(&["fig1/wrm"]), ["fig1/wrm"]);
        assert_eq!(of(&["bnn"]), ["fig1/bnn", "appendix-a/bnn", "fig3/bnn"]);
        assert_eq!(of(&[]).len(), runs().len());
    }

    #[test]
    fn the_posterior_is_attacked_as_a_whole() {
        let line = arguments("runs/fig1/bnn", None, Data::Mnist, &LINF, "x.json", false).join(" ");
        assert_eq!(
            line,
            "evaluate runs/fig1/bnn --dataset mnist --attack autoattack --norm linf --prediction mean-probability \
             --ensemble-gradient predictive --radius 0.1,0.15 --json x.json --limit 1000"
        );
        let quick = arguments("r", None, Data::Mnist, &HARD_LABELS, "x.json", true).join(" ");
        assert!(quick.ends_with("--json x.json --limit 8"), "{quick}");
    }

    #[test]
    fn members_are_attacked_alone() {
        let measure = members_measure(Data::Mnist).unwrap();
        assert_eq!(file(&measure, Some(3)), "autoattack-linf-member-3.json");
        assert_eq!(file(&measure, None), measure.file);
        let line = arguments("r", Some(3), Data::Mnist, &measure, "x.json", false).join(" ");
        assert!(line.contains(" --members 3 --radius 0.1,0.15 "), "{line}");
        assert!(members_measure(Data::GtsrbPaper).is_none());
        let results = tempfile::tempdir().unwrap();
        assert!(members(&results.path().join("none.json")).is_err());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/robustness");
        assert_eq!(members(&root.join("fig1/erm/autoattack-linf.json")).unwrap(), 0);
        assert_eq!(members(&root.join("ablation/scratch/autoattack-linf.json")).unwrap(), 5);
    }
}
