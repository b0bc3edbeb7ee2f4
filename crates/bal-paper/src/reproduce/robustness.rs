//! Strong attacks on finished models, and how good their probabilities are.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use bal_report::Evaluation;

use crate::radii;
use crate::reproduce::ablation;
use crate::reproduce::calibration;
use crate::reproduce::data::Data;
use crate::reproduce::model::Model;
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;
use bal_chores::Bal;
use bal_chores::Repository;

/// A measurement of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measure {
    /// Its file among the results of the model.
    file: &'static str,
    attack: &'static str,
    norm: &'static str,
    radii: &'static [f64],
    /// Test images: the first so many, of GTSRB a random sample.
    images: u32,
    /// Steps of its gradient attacks, where they are not the attack's own.
    steps: Option<u32>,
}

const LINF_CURVE: Measure = Measure {
    file: "autoattack-linf.json",
    attack: "autoattack",
    norm: "linf",
    radii: &[0.05, 0.1, 0.15, 0.2, 0.25, 0.3],
    images: 1000,
    steps: None,
};
const L2_CURVE: Measure = Measure {
    file: "autoattack-l2.json",
    attack: "autoattack",
    norm: "l2",
    radii: &[0.5, 1.0, 1.5, 2.0],
    images: 1000,
    steps: None,
};
const LINF: Measure = Measure { radii: &[0.1, 0.15], ..LINF_CURVE };
const L2: Measure = Measure { radii: &[1.0], ..L2_CURVE };
/// Of an ensemble as a whole, by the mean of its members' losses too.
const SUITE: Measure = Measure { file: "suite-linf.json", attack: "suite", ..LINF };
const SIGNS: Measure = Measure { radii: &[2.0 / 255.0, 4.0 / 255.0, 8.0 / 255.0], images: 500, ..LINF_CURVE };
const HARD_LABELS: Measure = Measure {
    file: "hop-skip-jump-linf.json",
    attack: "hop-skip-jump",
    norm: "linf",
    radii: &[0.05, 0.1, 0.15, 0.2, 0.25, 0.3],
    images: 200,
    steps: None,
};
/// Whether AutoAttack was near its end: targeted APGD, one of its parts, with ten times the steps.
const MORE_STEPS: Measure =
    Measure { file: "more-steps-linf.json", attack: "apgd-t", images: 200, steps: Some(1000), ..LINF };

/// Images in a quick measurement, and what makes it short.
const QUICK: [&str; 6] = ["--limit", "8", "--steps", "5", "--queries", "20"];

/// The runs that are attacked, the most telling first, and those of which an ensemble is made, with what they start from.
pub(super) fn runs() -> Vec<Run> {
    let mut runs = attacked_alone();
    runs.extend(ablation::starts().skip(1));
    runs.extend(ablation::ensemble_linf().members);
    runs
}

/// The runs that are attacked, the most telling first.
fn attacked_alone() -> Vec<Run> {
    let mnist = ["erm", "pgd", "bal-released", "bal-paper", "bal-exact", "wrm", "fgsm", "ifgsm", "bnn"];
    let seven = ["erm", "pgd", "bal-released", "wrm", "fgsm", "ifgsm", "bnn"];
    let mut runs: Vec<Run> = mnist.map(|name| Run::new("fig1", name, &format!("mnist-{name}"), 1)).into();
    runs.splice(3..3, [ablation::at_equal_linf(), ablation::from_initial_weights()]);
    runs.extend(seven.map(|name| Run::new("appendix-a", name, &format!("fashion-{name}"), 1)));
    runs.extend(seven.map(|name| Run::new("fig3", name, &format!("gtsrb-{name}"), 1)));
    runs
}

/// What `only` leaves in: a run that another starts from is trained with it, and attacked only if it is named; an ensemble
/// is if all its members are.
fn attacked(only: &[String], place: &Place) -> Vec<Model> {
    let named = |run: &Run| run.is_among(only);
    let alone = attacked_alone().into_iter().filter(named).map(|run| Model::of_run(&run, place));
    let ensemble = ablation::ensemble_linf();
    let together = ensemble.members.iter().all(named).then(|| Model::of_ensemble(&ensemble, place));
    alone.chain(together).collect()
}

/// What is measured of a model.
fn measures(model: &Model) -> Vec<Measure> {
    if matches!(model.data, Data::GtsrbPaper | Data::Gtsrb) {
        return vec![SIGNS];
    }
    let whole = model.name == "erm" || model.name.starts_with("pgd") || model.name.starts_with("bal");
    let mut measures =
        if whole { vec![LINF_CURVE, MORE_STEPS, L2_CURVE] } else { vec![LINF, MORE_STEPS, L2] };
    if whole && model.data == Data::Mnist {
        measures.push(HARD_LABELS);
    }
    measures
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

/// Attacks and calibrates the models that are finished and that `only` leaves in; what is measured already of these weights
/// is not again.
pub(super) fn evaluate(repository: &Repository, bal: &Bal<'_>, place: &Place, only: &[String]) -> Result<()> {
    let root = repository.root();
    for model in attacked(only, place) {
        let results = place.results.join("robustness").join(&model.folder);
        if let Some(missing) = model.missing(root) {
            eprintln!("{}: {} is not trained yet", model.folder.display(), missing.display());
            continue;
        }
        let made = root.join(&results);
        fs::create_dir_all(&made).with_context(|| format!("cannot make {}", made.display()))?;
        let evaluate = |measure: &Measure, member: Option<u64>| {
            let path = results.join(file(measure, member));
            if model.has(&path, root)? {
                eprintln!("{}: measured already", path.display());
                return Ok(());
            }
            let json = path.display().to_string();
            bal.run(&arguments(&model.arguments, member, model.data, measure, &json, place.quick))
        };
        for measure in measures(&model) {
            evaluate(&measure, None)?;
        }
        let members = members(&made.join(LINF.file))?;
        if let Some(measure) = members_measure(model.data).filter(|_| members > 0) {
            evaluate(&SUITE, None)?;
            for member in 0..members {
                evaluate(&measure, Some(member))?;
            }
        }
        calibration::calibrate(repository, bal, &model, members, &results, place.quick)?;
    }
    Ok(())
}

/// The command line of `bal evaluate`.
fn arguments(
    model: &[String],
    member: Option<u64>,
    data: Data,
    measure: &Measure,
    json: &str,
    quick: bool,
) -> Vec<String> {
    let Measure { attack, norm, radii, images, steps, .. } = *measure;
    let mut arguments: Vec<String> = vec!["evaluate".into()];
    arguments.extend_from_slice(model);
    arguments.extend(["--dataset", data.name(), "--attack", attack, "--norm", norm].map(Into::into));
    // The posterior as a whole, whatever its released form scored.
    arguments.extend(["--prediction", "mean-probability"].map(Into::into));
    if matches!(attack, "autoattack" | "apgd-t") {
        arguments.extend(["--ensemble-gradient", "predictive"].map(Into::into));
    }
    if let Some(member) = member {
        arguments.extend(["--members".into(), member.to_string()]);
    }
    arguments.extend(["--radius".into(), radii::list(radii), "--json".into(), json.into()]);
    if quick {
        // A search without steps has no flag for them.
        let flags = match attack {
            "autoattack" => &QUICK[..],
            "suite" | "apgd-t" => &QUICK[..4],
            _ => &QUICK[..2],
        };
        arguments.extend(flags.iter().map(ToString::to_string));
    } else {
        if let Some(steps) = steps {
            arguments.extend(["--steps".into(), steps.to_string()]);
        }
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
            let mut models = attacked(&[], &Place::new(false)).into_iter();
            measures(&models.find(|model| model.folder.ends_with(name)).unwrap())
        };
        assert_eq!(of("fig1/bal-exact"), [LINF_CURVE, MORE_STEPS, L2_CURVE, HARD_LABELS]);
        assert_eq!(of("ablation/pgd-linf").len(), 4);
        assert_eq!(of("fig1/wrm"), [LINF, MORE_STEPS, L2]);
        assert_eq!(of("ablation/scratch"), [LINF, MORE_STEPS, L2]);
        assert_eq!(of("ablation/ensemble-linf"), [LINF, MORE_STEPS, L2]);
        assert_eq!(of("appendix-a/pgd"), [LINF_CURVE, MORE_STEPS, L2_CURVE]);
        assert_eq!(of("fig3/erm"), [SIGNS]);
    }

    #[test]
    fn a_selection_is_attacked_and_not_what_it_starts_from() {
        let of = |only: &[&str]| {
            let only: Vec<String> = only.iter().map(|&word| word.into()).collect();
            let models = attacked(&only, &Place::new(false));
            models.iter().map(|model| model.folder.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(of(&["fig1/wrm"]), ["fig1/wrm"]);
        assert_eq!(of(&["bnn"]), ["fig1/bnn", "appendix-a/bnn", "fig3/bnn"]);
        assert_eq!(of(&["member-linf"]), ["ablation/ensemble-linf"]);
        assert!(of(&["ablation/member-linf"]).is_empty());
        assert!(of(&["fig1/seed-2/erm"]).is_empty());
        assert_eq!(of(&[]).len(), attacked_alone().len() + 1);
    }

    #[test]
    fn the_posterior_is_attacked_as_a_whole() {
        let line = arguments(&["runs/fig1/bnn".into()], None, Data::Mnist, &LINF, "x.json", false).join(" ");
        assert_eq!(
            line,
            "evaluate runs/fig1/bnn --dataset mnist --attack autoattack --norm linf --prediction mean-probability \
             --ensemble-gradient predictive --radius 0.1,0.15 --json x.json --limit 1000"
        );
        let quick = arguments(&["r".into()], None, Data::Mnist, &HARD_LABELS, "x.json", true).join(" ");
        assert!(quick.ends_with("--json x.json --limit 8"), "{quick}");
        let more =
            |quick| arguments(&["r".into()], None, Data::Mnist, &MORE_STEPS, "x.json", quick).join(" ");
        assert!(
            more(false).contains(" --ensemble-gradient predictive ")
                && more(false).ends_with("--steps 1000 --limit 200")
        );
        assert!(more(true).ends_with("--limit 8 --steps 5"), "{}", more(true));
        let suite = arguments(&["r".into()], None, Data::Mnist, &SUITE, "x.json", true).join(" ");
        assert!(
            suite.ends_with(
                "--prediction mean-probability --radius 0.1,0.15 --json x.json --limit 8 --steps 5"
            ),
            "{suite}"
        );
    }

    #[test]
    fn members_are_attacked_alone() {
        let measure = members_measure(Data::Mnist).unwrap();
        assert_eq!(file(&measure, Some(3)), "autoattack-linf-member-3.json");
        assert_eq!(file(&measure, None), measure.file);
        let line = arguments(&["r".into()], Some(3), Data::Mnist, &measure, "x.json", false).join(" ");
        assert!(line.contains(" --members 3 --radius 0.1,0.15 "), "{line}");
        assert!(members_measure(Data::GtsrbPaper).is_none());
        let results = tempfile::tempdir().unwrap();
        assert!(members(&results.path().join("none.json")).is_err());
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results/robustness");
        assert_eq!(members(&root.join("fig1/erm/autoattack-linf.json")).unwrap(), 0);
        assert_eq!(members(&root.join("ablation/scratch/autoattack-linf.json")).unwrap(), 5);
    }
}
