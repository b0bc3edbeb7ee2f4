//! BAL made for robustness: a cold posterior of two chains in each of four balls, beside its controls.
//!
//! All controls take as many gradients as the posterior, whose two chains have data of their own: one network that is trained
//! twice as long, two networks as a plain ensemble, and, of the paper's network for MNIST, a wider one with the weights of two. They
//! are trained without noise on data or weights: by PGD.

use crate::reproduce::ablation::Ensemble;
use crate::reproduce::data::AttackOn;
use crate::reproduce::runs::Run;

/// A ball, and the experiment in it.
struct Game {
    /// The folder of its runs.
    folder: &'static str,
    experiment: &'static str,
    /// Passes over the training images, batches in a pass, as the experiment has them.
    epochs: u32,
    batches: u32,
    attacks: &'static [AttackOn],
    /// Whether there is a network like its own with twice the filters.
    has_wide: bool,
}

/// Chains of a posterior, and networks of a plain ensemble.
const NETWORKS: u64 = 2;

macro_rules! autoattack {
    ($radii:literal) => {
        &[AttackOn {
            attack: "autoattack",
            flags: &["--radius", $radii],
            file: "autoattack.json",
            images: Some(1000),
        }]
    };
}

/// The most telling first.
const GAMES: [Game; 4] = [
    Game {
        folder: "robust/mnist-linf-0.3",
        experiment: "mnist-bal-robust-linf-0.3",
        epochs: 28,
        batches: 460,
        attacks: autoattack!("0,0.15,0.3"),
        has_wide: true,
    },
    Game {
        folder: "robust/mnist-linf-0.15",
        experiment: "mnist-bal-robust-linf-0.15",
        epochs: 28,
        batches: 460,
        attacks: autoattack!("0,0.1,0.15"),
        has_wide: true,
    },
    Game {
        folder: "robust/fashion-linf-0.1",
        experiment: "fashion-bal-robust-linf-0.1",
        epochs: 28,
        batches: 460,
        attacks: autoattack!("0,0.05,0.1"),
        has_wide: true,
    },
    Game {
        folder: "robust/gtsrb-linf-8-255",
        experiment: "gtsrb-bal-robust-linf-8-255",
        epochs: 10,
        batches: 206,
        attacks: autoattack!("0,4/255,8/255"),
        has_wide: false,
    },
];

/// Without noise on data and weights, one network.
const ALONE: [&str; 3] =
    ["bal.parameter_chains=1", "bal.data.psgld.temperature=0.0", "bal.parameters.sghmc.temperature=0.0"];

impl Game {
    fn run(&self, name: &str, seed: u64, settings: &[&str]) -> Run {
        Run::new(self.folder, name, self.experiment, seed).with(settings).attacked_by(self.attacks)
    }

    /// A network of the plain ensemble.
    fn member(&self, seed: u64) -> Run {
        self.run("member", seed, &ALONE)
    }

    /// One network for as many passes as all chains of the posterior together; the radius and the steps stretch with it.
    fn long(&self, name: &str, settings: &[&str]) -> Run {
        let sweeps = NETWORKS as u32 * self.epochs * self.batches;
        let stretched = [
            format!("bal.schedule.epochs={}", NETWORKS as u32 * self.epochs),
            format!("bal.data.support.ramp={}", sweeps / 5),
            format!("bal.parameters.step_cycle.period={sweeps}"),
        ];
        let stretched = stretched.each_ref().map(String::as_str);
        self.run(name, 1, &[&ALONE[..], &stretched[..], settings].concat())
    }

    fn runs(&self) -> Vec<Run> {
        let mut runs = vec![self.run("bal", 1, &[]), self.long("one-network-long", &[])];
        runs.extend((1..=NETWORKS).map(|seed| self.member(seed)));
        if self.has_wide {
            runs.push(self.long("wide", &["architecture=\"cnn-wide\""]));
        }
        runs
    }
}

/// All runs, the most telling first.
pub(super) fn runs() -> Vec<Run> {
    GAMES.iter().flat_map(Game::runs).collect()
}

/// The networks of each ball as one model.
pub(super) fn ensembles() -> impl Iterator<Item = Ensemble> {
    GAMES.iter().map(|game| {
        let members = (1..=NETWORKS).map(|seed| game.member(seed)).collect();
        Ensemble { figure: game.folder, name: "ensemble", members }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use toml::Table;

    /// What the experiment of a ball says.
    fn experiment(game: &Game) -> Table {
        let file = format!("../../experiments/{}.toml", game.experiment);
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        text.parse().unwrap()
    }

    #[test]
    fn the_numbers_of_the_experiments_are_those_here() {
        for game in GAMES {
            let table = experiment(&game);
            let number = |value: &toml::Value| value.as_integer().unwrap();
            let (bal, images) = (&table["bal"], number(&table["train_images"]));
            let (epochs, batches) = (i64::from(game.epochs), i64::from(game.batches));
            assert_eq!(number(&bal["schedule"]["epochs"]), epochs, "{}", game.experiment);
            assert_eq!(images / number(&bal["schedule"]["batch_size"]), batches, "{}", game.experiment);
            assert_eq!(number(&bal["parameter_chains"]), NETWORKS as i64);
            assert_eq!(number(&bal["data"]["support"]["ramp"]), epochs * batches / 5);
            assert_eq!(number(&bal["parameters"]["step_cycle"]["period"]), epochs * batches);
            // A quarter of the radius, and a tenth of the posterior's temperature.
            let real = |value: &toml::Value| value.as_float().unwrap();
            let steps = real(&bal["data"]["psgld"]["step_size"]) / real(&bal["data"]["support"]["radius"]);
            assert!((steps - 0.25).abs() < 1e-12);
            let temperature = real(&bal["parameters"]["sghmc"]["temperature"]) * images as f64;
            assert!((temperature - 0.1).abs() < 1e-5, "{temperature}");
        }
    }

    #[test]
    fn runs_start_from_nothing_and_lie_in_the_folder_of_their_ball() {
        let runs = runs();
        assert_eq!(runs.len(), 3 * 5 + 4);
        assert!(runs.iter().all(|run| run.start().is_none()));
        let mut folders: Vec<_> = runs.iter().map(|run| run.folder.clone()).collect();
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), runs.len());
        assert!(folders.contains(&"robust/mnist-linf-0.3/seed-2/member".into()));
    }
}
