//! The comparison that the paper leaves out: what BAL's parts buy, at equal gradient evaluations.
//!
//! BAL as released takes 15 gradients of the data for each of five members, and 15 for each of its five parameter chains
//! on moved and on clean images: 225 for each image and epoch, 450 in all. An epoch of adversarial training with 15 steps
//! takes 17, so that 26 epochs of it cost 442, and five networks of 5 epochs 425. BAL from initial weights is no part of that: in
//! 15 epochs it takes 3,375, and is set against the start that the others have.

use crate::reproduce::runs::Run;

/// Networks of an ensemble of point estimates.
pub(super) const MEMBERS: u64 = 5;

/// How far BAL's data chains move images on MNIST, means over its training to two digits: what adversarial training is
/// given as the radius of its ball, in one norm or the other.
const LINF: f64 = 0.055;
const L2: f64 = 0.26;

/// A plain ensemble: networks that differ in their seed, and in that of the network they start from.
pub(super) struct Ensemble {
    /// The folder of its comparison.
    pub(super) figure: &'static str,
    /// Its folder among the results of the comparison.
    pub(super) name: &'static str,
    pub(super) members: Vec<Run>,
}

/// The ensembles, in either norm.
pub(super) fn ensembles() -> [Ensemble; 2] {
    [ensemble_linf(), ensemble("ensemble-l2", members("member-l2", "l2", L2))]
}

/// Five networks, trained with as many gradients together as BAL in a ball as large as its images move in L-infinity.
pub(super) fn ensemble_linf() -> Ensemble {
    ensemble("ensemble-linf", members("member-linf", "linf", LINF))
}

fn ensemble(name: &'static str, members: Vec<Run>) -> Ensemble {
    Ensemble { figure: "ablation", name, members }
}

/// What the members of an ensemble start from.
pub(super) fn starts() -> impl Iterator<Item = Run> {
    (1..=MEMBERS).map(|seed| Run::new("fig1", "erm", "mnist-erm", seed))
}

fn members(name: &str, norm: &str, radius: f64) -> Vec<Run> {
    (1..=MEMBERS).map(|seed| pgd(name, norm, radius, 5, seed)).collect()
}

/// The runs on MNIST.
pub(super) fn runs() -> Vec<Run> {
    let bal =
        |name: &str, settings: &[&str]| Run::new("ablation", name, "mnist-bal-released", 1).with(settings);
    let quiet_data = "bal.data.temperature=0.0";
    let quiet_parameters = "bal.parameters.sgadald.temperature=0.0";
    let mut runs = vec![
        Run::new("fig1", "erm", "mnist-erm", 1),
        Run::new("fig1", "bal-released", "mnist-bal-released", 1),
        bal("no-noise", &[quiet_data, quiet_parameters]),
        at_equal_linf(),
        pgd("pgd-l2", "l2", L2, 26, 1),
    ];
    runs.extend(starts().skip(1));
    runs.extend(ensembles().into_iter().flat_map(|ensemble| ensemble.members));
    runs.push(bal("no-data-noise", &[quiet_data]));
    runs.push(bal("no-parameter-noise", &[quiet_parameters]));
    runs.push(from_initial_weights());
    runs
}

/// BAL as released that does not start from empirical risk, for as many epochs as that takes.
pub(super) fn from_initial_weights() -> Run {
    Run::new("ablation", "scratch", "mnist-bal-scratch", 1)
}

/// One network, trained with as many gradients as BAL in a ball as large as its images move in L-infinity.
pub(super) fn at_equal_linf() -> Run {
    pgd("pgd-linf", "linf", LINF, 26, 1)
}

fn pgd(name: &str, norm: &str, radius: f64, epochs: u32, seed: u64) -> Run {
    Run::new("ablation", name, "mnist-pgd", seed).with(&[
        &format!("adversarial_training.attack.radius={radius}"),
        &format!("adversarial_training.attack.settings.norm={norm:?}"),
        &format!("adversarial_training.schedule.epochs={epochs}"),
    ])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bal_report::Record;

    use super::*;

    #[test]
    fn radii_are_the_distances_that_bal_s_record_has() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let record = Record::read(&root.join("results/fig1/bal-released/record.json")).unwrap();
        for (name, radius, digit) in [("linf", LINF, 0.001), ("l2", L2, 0.01)] {
            let curve = &record.curves[name];
            let mean = curve.iter().map(|(_, value)| value).sum::<f64>() / curve.len() as f64;
            assert!((mean - radius).abs() < digit, "{name}: {mean} is not {radius}");
        }
    }

    #[test]
    fn members_start_from_networks_of_their_own() {
        for ensemble in ensembles() {
            let mut starts: Vec<_> = ensemble.members.iter().map(|run| run.start().unwrap()).collect();
            starts.dedup();
            assert_eq!(starts.len() as u64, MEMBERS);
        }
    }
}
