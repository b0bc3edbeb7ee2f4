//! The commands that the soak disturbs: small, and every one writes files.

/// A command that, repeated, goes on with what it left unfinished and ends in the same files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    /// What it is called in tables.
    pub(super) name: &'static str,
    /// With GROUND for the folder of runs and experiments, and DATASETS for the project's data sets.
    pub(super) arguments: &'static str,
    /// Files that it puts new ones in the place of.
    pub(super) replaces: &'static [&'static str],
}

const fn bal(name: &'static str, arguments: &'static str) -> Job {
    Job { name, arguments, replaces: &[] }
}

/// The two runs that commands look at.
const RUNS: [Job; 2] = [
    bal("ERM", "train --experiment GROUND/experiments/mnist-erm.toml --out erm"),
    bal(
        "BAL, exact",
        "train --experiment GROUND/experiments/mnist-bal-exact.toml --start GROUND/erm --out exact",
    ),
];

/// A training of each method, and one that trains what it starts from first.
const TRAININGS: [Job; 8] = [
    bal("ERM", "train --resume --out run --experiment GROUND/experiments/mnist-erm.toml"),
    bal(
        "PGD adversarial training",
        "train --resume --out run --start GROUND/erm --experiment GROUND/experiments/mnist-pgd.toml",
    ),
    bal("WRM", "train --resume --out run --start GROUND/erm --experiment GROUND/experiments/mnist-wrm.toml"),
    bal("BNN", "train --resume --out run --start GROUND/erm --experiment GROUND/experiments/mnist-bnn.toml"),
    bal(
        "BAL, released",
        "train --resume --out run --start GROUND/erm --experiment GROUND/experiments/mnist-bal-released.toml",
    ),
    bal(
        "BAL, paper",
        "train --resume --out run --start GROUND/erm --experiment GROUND/experiments/mnist-bal-paper.toml",
    ),
    bal(
        "BAL, exact",
        "train --resume --out run --start GROUND/erm --experiment GROUND/experiments/mnist-bal-exact.toml",
    ),
    bal(
        "BAL, exact, with its start",
        "train --resume --out run --experiment GROUND/experiments/mnist-bal-exact.toml",
    ),
];

/// Methods and games beyond the paper's figures.
const BEYOND: [Job; 4] = [
    bal(
        "Laplace",
        "train --resume --out run --start GROUND/erm --experiment GROUND/experiments/mnist-laplace.toml",
    ),
    bal(
        "adversarial training on flows",
        "train --resume --out run --start GROUND/erm --experiment GROUND/experiments/mnist-flow-pgd.toml",
    ),
    bal(
        "BAL over flows",
        "train --resume --out run --start GROUND/erm --experiment GROUND/experiments/mnist-bal-flow.toml",
    ),
    bal(
        "BAL, two architectures, with their starts",
        "train --resume --out run --experiment GROUND/experiments/mnist-bal-mixed.toml",
    ),
];

/// One that trains two networks first, for its attack.
const ENSEMBLE: Job = bal(
    "ensemble adversarial training, with its sources",
    "train --resume --out run --experiment GROUND/experiments/mnist-ensemble-adversarial-light.toml",
);

const TRANSFER: Job = Job {
    name: "transfer matrix",
    arguments: "transfer GROUND/erm GROUND/exact --attack pgd --steps 4 --radius 0.05,0.1 --json t.json --markdown t.md",
    replaces: &["t.json", "t.md"],
};

const AUTOATTACK: Job = Job {
    name: "AutoAttack",
    arguments: "evaluate GROUND/erm --attack autoattack --steps 4 --queries 20 --radius 0.05,0.1 --json e.json \
                --save e.safetensors --per-image rows.csv --csv e.csv --grid grid.png",
    replaces: &["e.json", "e.safetensors", "rows.csv", "e.csv", "grid.png"],
};

const PGD: Job = Job {
    name: "PGD",
    arguments: "evaluate GROUND/exact --attack pgd --steps 4 --restarts 2 --radius 0,0.05,0.1 --json e.json --save e.npz \
                --per-image rows.csv",
    replaces: &["e.json", "e.npz", "rows.csv"],
};

const CALIBRATION: Job = Job {
    name: "calibration",
    arguments: "calibrate GROUND/exact --radius 0.05,0.1 --steps 3 --json c.json",
    replaces: &["c.json"],
};

/// An evaluation of the posterior under an attack, in two shards.
macro_rules! attack {
    ($name:literal, $flags:literal) => {
        bal(
            $name,
            concat!(
                "evaluate GROUND/exact --limit 70 --json e.json --per-image e.csv --attack ",
                $name,
                " ",
                $flags
            ),
        )
    };
}

/// Every attack but those above, in a few steps.
const ATTACKS: [Job; 22] = [
    attack!("fgsm", "--radius 0,0.05,0.1"),
    attack!("ifgsm", "--radius 0.05,0.1 --steps 3"),
    attack!("mi-fgsm", "--radius 0.05,0.1 --steps 3"),
    attack!("apgd-ce", "--radius 0.05,0.1 --steps 5"),
    attack!("apgd-dlr", "--radius 0.05,0.1 --steps 5"),
    attack!("apgd-confident", "--radius 0.05,0.1 --steps 5"),
    attack!("apgd-t", "--radius 0.1 --steps 5 --targets 3"),
    attack!("square", "--radius 0.1 --queries 20"),
    attack!("autoattack-rand", "--radius 0.1 --steps 4 --repetitions 2"),
    attack!("suite", "--radius 0.1"),
    attack!("uniform-noise", "--radius 0.1 --draws 5"),
    attack!("gaussian-noise", "--radius 0.1 --draws 5"),
    attack!("fab", "--steps 4 --targets 3"),
    attack!("cw", "--steps 10 --search-steps 2"),
    attack!("deepfool", "--steps 5"),
    attack!("fmn", "--steps 10"),
    attack!("hop-skip-jump", "--queries 100"),
    attack!("flow-pgd", "--radius 0.1,0.3 --steps 3"),
    attack!("stadv", "--steps 10 --search-steps 2"),
    attack!("pose", "--radius 5,10 --rotations 3 --translations 3"),
    attack!("cw-one-step", ""),
    attack!("cw-one-step-log-probabilities", ""),
];

/// Commands that are over too soon to be resumed.
const QUICK: [Job; 6] = [
    Job {
        name: "report",
        arguments: "report GROUND/erm GROUND/exact --images 20 --attacked 10 --radius 0.1 --out page.html",
        replaces: &["page.html"],
    },
    Job {
        name: "diagnosis",
        arguments: "diagnose GROUND/exact --json d.json --figure d.svg",
        replaces: &["d.json", "d.svg"],
    },
    bal("init", "init --method bal-exact --out mine.toml"),
    bal("export", "export mnist --limit 20 --out pictures"),
    bal("man", "man --out man"),
    Job { name: "download", arguments: "download mnist --mirror DATASETS --data datasets", replaces: &[] },
];

impl Job {
    /// The runs that others look at, in the order in which they are made.
    pub(super) fn runs() -> [Self; 2] {
        RUNS
    }

    /// What goes on after an interruption: trainings, evaluations, a calibration and a download.
    pub(super) fn resumable() -> Vec<Self> {
        [&TRAININGS[..], &BEYOND, &[ENSEMBLE, AUTOATTACK, PGD, TRANSFER, CALIBRATION], &QUICK[5..]].concat()
    }

    /// One of each command that writes files.
    pub(super) fn writing() -> Vec<Self> {
        [&TRAININGS[..1], &TRAININGS[7..], &[AUTOATTACK, PGD, TRANSFER, CALIBRATION], &QUICK].concat()
    }

    /// What two may want to do at once: two trainings, the second's double elsewhere with the same start, an evaluation,
    /// a calibration, and a download.
    pub(super) fn paired() -> [Self; 6] {
        let other = bal(
            "BAL, exact, elsewhere",
            "train --resume --out other --experiment GROUND/experiments/mnist-bal-exact.toml",
        );
        [TRAININGS[0], TRAININGS[7], other, PGD, CALIBRATION, QUICK[5]]
    }

    /// What work is spread over threads in.
    pub(super) fn threaded() -> Vec<Self> {
        [&TRAININGS[..7], &BEYOND, &[ENSEMBLE, AUTOATTACK, PGD, TRANSFER, CALIBRATION], &ATTACKS, &QUICK[..1]]
            .concat()
    }

    /// What several processes share: a training of each method but the Laplace approximation, on flows, with a start, and three
    /// evaluations.
    pub(super) fn shared() -> Vec<Self> {
        [&TRAININGS[..], &BEYOND[1..], &[ENSEMBLE, AUTOATTACK, PGD, ATTACKS[14]]].concat()
    }

    /// A training of a point, one of a posterior, and an evaluation.
    pub(super) fn few() -> Vec<Self> {
        vec![TRAININGS[0], TRAININGS[6], PGD]
    }

    /// Whether it fetches a data set.
    pub(super) fn downloads(&self) -> bool {
        self.arguments.starts_with("download")
    }

    /// Whether it trains a run.
    pub(super) fn trains(&self) -> bool {
        self.arguments.starts_with("train")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_has_a_name_of_its_own() {
        for jobs in [Job::resumable(), Job::writing(), Job::threaded(), Job::shared(), Job::few()] {
            let names: std::collections::BTreeSet<&str> = jobs.iter().map(|job| job.name).collect();
            assert_eq!(names.len(), jobs.len());
        }
        assert!(TRAININGS.iter().chain(&BEYOND).all(Job::trains));
    }
}
