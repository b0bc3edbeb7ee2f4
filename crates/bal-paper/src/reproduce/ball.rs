//! What a distribution over adversarial data buys beyond its worst case, and a posterior beyond one network: all in one ball, at
//! equal gradients.
//!
//! Data chains, one network: the reduced form takes `10 * 12,000 * 8` gradients, whatever the kernel and the temperature of its
//! chains.
//!
//! Several chains for an image: either as many gradients, or as many steps of the network.
//!
//! Weights: four chains take four times the gradients, and so does one network that is trained four times as long.

use crate::reproduce::ablation::Ensemble;
use crate::reproduce::data::AttackOn;
use crate::reproduce::runs::Run;
use crate::studies::{DataCell, Kernel, ManyChains};

/// The reduced form, by the kernel of its data chains: nearly-sign steps that end at the nearest point of the ball, without
/// noise PGD; and Langevin steps that fold back at the rim, eq. 6 in the ball.
const SIGN: &str = "mnist-bal-short-sign";
const LANGEVIN: &str = "mnist-bal-short-langevin";

/// A strong attack that is short enough for a grid.
const ATTACKS: &[AttackOn] = &[AttackOn {
    attack: "apgd-t",
    flags: &["--radius", "0.3", "--steps", "40"],
    file: "apgd-t.json",
    images: Some(500),
}];

/// Passes over the training images, as the experiments have them.
const EPOCHS: u32 = 10;

/// Batches in all, and those over which the radius grows, as there.
const SWEEPS: u32 = 2000;
const RAMP: u32 = 800;

/// Images in a batch.
const BATCH: u32 = 60;

/// Parameter chains of a posterior, and networks of a plain ensemble.
const NETWORKS: u64 = 4;

/// The runs of a seed: the most telling first.
pub(super) fn runs(seed: u64) -> Vec<Run> {
    let mut runs = vec![Run::new("fig1", "erm", "mnist-erm", seed)];
    runs.extend(DataCell::all().iter().map(|cell| of_cell(cell, seed)));
    runs.extend(weights(seed));
    runs.extend(ManyChains::all().iter().map(|cell| of_many(cell, seed)));
    runs
}

/// The networks that are trained as long as all chains of a posterior together, without noise, as one model.
pub(super) fn ensemble() -> Ensemble {
    let members = (1..=NETWORKS).map(pgd).collect();
    Ensemble { figure: "ball", name: "ensemble", members }
}

/// What the members of [`ensemble`] start from, and they.
pub(super) fn members() -> impl Iterator<Item = Run> {
    (1..=NETWORKS).flat_map(|seed| [Run::new("fig1", "erm", "mnist-erm", seed), pgd(seed)])
}

fn run(name: &str, experiment: &str, seed: u64, settings: &[String]) -> Run {
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    Run::new("ball", name, experiment, seed).with(&settings).attacked_by(ATTACKS)
}

fn of_cell(cell: &DataCell, seed: u64) -> Run {
    let DataCell { kernel, temperature } = *cell;
    let reflect = "bal.data.support.boundary=\"reflect\"".to_owned();
    let (experiment, settings) = match kernel {
        Kernel::Sign => (SIGN, vec![format!("bal.data.psgld.temperature={temperature}")]),
        Kernel::Reflected => (SIGN, vec![reflect, format!("bal.data.psgld.temperature={temperature}")]),
        Kernel::Langevin => {
            (LANGEVIN, vec!["bal.data.step_size=100.0".into(), format!("bal.data.temperature={temperature}")])
        }
    };
    run(&cell.name(), experiment, seed, &settings)
}

/// Several data chains for each image. At as many gradients the network takes as many times fewer steps.
fn of_many(cell: &ManyChains, seed: u64) -> Run {
    let ManyChains { chains, temperature, longer } = *cell;
    let mut settings =
        vec![format!("bal.data.psgld.temperature={temperature}"), format!("bal.data_chains={chains}")];
    if !longer {
        let sweeps = SWEEPS / chains;
        let epochs = (EPOCHS / chains).max(1);
        settings.extend([
            format!("bal.schedule.epochs={epochs}"),
            // Of twenty chains, half a pass.
            format!("train_images={}", sweeps / epochs * BATCH),
            format!("bal.data.support.ramp={}", RAMP / chains),
            format!("bal.parameters.step_cycle.period={sweeps}"),
        ]);
    }
    run(&cell.name(), SIGN, seed, &settings)
}

/// One network against PGD.
fn pgd(seed: u64) -> Run {
    of_cell(&DataCell::PGD, seed)
}

/// Four parameter chains, or one network for four times as long, all against PGD but for one posterior against warm data.
fn weights(seed: u64) -> Vec<Run> {
    // 1/N of 12,000 images.
    let noise = "bal.parameters.sghmc.temperature=8.3333e-5".to_owned();
    let four = format!("bal.parameter_chains={NETWORKS}");
    let shared = "bal.data.sharing=\"shared\"".to_owned();
    let long = [
        format!("bal.schedule.epochs={}", EPOCHS * NETWORKS as u32),
        format!("bal.data.support.ramp={}", RAMP * NETWORKS as u32),
        format!("bal.parameters.step_cycle.period={}", SWEEPS * NETWORKS as u32),
    ];
    let posterior = [four.clone(), noise.clone(), shared];
    let warm = [posterior.as_slice(), &["bal.data.psgld.temperature=1e-3".to_owned()]].concat();
    vec![
        run("one-network-long", SIGN, seed, &long),
        run("posterior", SIGN, seed, &posterior),
        run("posterior-apart", SIGN, seed, &[four, noise.clone()]),
        run("posterior-warm-data", SIGN, seed, &warm),
        run("one-chain", SIGN, seed, &[noise]),
        run("one-chain-cold", SIGN, seed, &["bal.parameters.sghmc.temperature=8.3333e-6".to_owned()]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_has_a_name_of_its_own_and_starts_from_empirical_risk() {
        let runs = runs(2);
        let mut names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
        assert!(names.contains(&"sign-0") && names.contains(&"reflected-1e-3"), "{names:?}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), runs.len());
        let settings = |name: &str| {
            let run = runs.iter().find(|run| run.name == name).unwrap();
            run.settings[2..].iter().map(|s| s.rsplit('.').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let five = ["epochs=2", "train_images=12000", "ramp=160", "period=400"];
        let twenty = ["epochs=1", "train_images=6000", "ramp=40", "period=100"];
        assert_eq!(settings("sign-0-sz-5"), five);
        assert_eq!(settings("sign-1e-4-sz-20"), twenty);
        assert!(settings("sign-0-sz-5-longer").is_empty());
        assert!(runs[1..].iter().all(|run| run.start().unwrap() == runs[0].folder));
    }
}
