//! The commands and their flags.

mod attack;
mod calibrate;
mod compare;
mod diagnose;
mod download;
mod experiments;
mod export;
mod images;
mod merge;
mod model;
mod outputs;
mod predict;
mod report;
mod runs;
mod shell;
mod training_data;
mod transfer;

use crate::Usage;
use attack::AttackFlags;
use bal::{
    EvaluateRequest, ExperimentRequest, Options, Part, Surrogate, TrainRequest, VerifyRequest,
    cuda::{self, CudaError, Rounding},
};
use bal_attacks::{AttackName, Radii, ValueLoss};
pub(crate) use calibrate::Calibrate;
use clap::{Args, Parser, Subcommand};
pub(crate) use compare::Compare;
pub(crate) use diagnose::Diagnose;
pub(crate) use download::Download;
pub(crate) use experiments::{Explain, Init, METHOD};
pub(crate) use export::Export;
pub(crate) use images::ImageFlags;
pub(crate) use merge::Merge;
pub(crate) use model::ModelFlags;
pub(crate) use outputs::OutputFlags;
pub(crate) use predict::Predict;
pub(crate) use report::Report;
pub(crate) use runs::Runs;
pub(crate) use shell::{Completions, Man};
use std::path::PathBuf;
use tch::Device;
pub(crate) use training_data::TrainingDataFlags;
pub(crate) use transfer::Transfer;

/// Bayesian adversarial learning: train robust posteriors over network weights, and measure their robustness.
#[derive(Debug, Parser)]
#[command(
    name = "bal",
    version,
    after_help = "Example:\n  bal train --experiment experiments/mnist-erm.toml --out runs/erm\n  \
                  bal evaluate runs/erm --dataset mnist --attack fgsm --radius 0,0.05,0.1,0.15"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Trains a posterior and writes a run folder.
    #[command(
        after_help = "Examples:\n  bal train\n      Bayesian adversarial learning on MNIST, as in the released code.\n  \
        bal train --experiment experiments/mnist-pgd.toml --seed 2 --out runs/pgd-2\n  \
        bal train --experiment experiments/mnist-erm.toml --set erm.schedule.epochs=3 --out runs/erm-3\n  \
        bal train --dataset photos --image-size 32,32\n      The same on your own images, with one folder per class.\n  \
        bal train --resume --out runs/pgd-2\n      Continues an interrupted run and gives the same weights."
    )]
    Train(Train),
    /// Measures accuracy under an attack.
    #[command(
        after_help = "Examples:\n  bal evaluate runs/erm --attack fgsm --radius 0,0.05,0.1,0.15 --json erm.json\n  \
        bal evaluate runs/erm --attack pgd --radius 0.1 --steps 40 --restarts 2 --limit 1000\n  \
        bal evaluate runs/paper --held-out --attack fgsm --radius 0,0.15\n  \
        bal evaluate --weights posterior.safetensors --architecture cnn --attack cw-one-step\n  \
        bal evaluate --pt2 model.pt2 --mean 0.1307 --std 0.3081 --attack pgd --radius 0.1 --check\n  \
        bal evaluate runs/pgd --attack autoattack --radius 0.1 --limit 1000 --json aa.json --save aa.safetensors\n      \
        If it is interrupted, the same command continues.\n  \
        bal evaluate runs/pgd --verify aa.safetensors\n  \
        bal evaluate runs/pgd --attack pose --radius 0,10,30 --limit 200\n  \
        bal evaluate runs/erm --attack advgan --generator runs/mnist-advgan-seed1 --radius 0.3\n  \
        bal evaluate runs/bal --members 3,4 --surrogate-members 0,1,2 --attack pgd --radius 0.1\n  \
        bal evaluate runs/bal --attack autoattack --radius 0.1 --limit 1000 --seeds 3 --against aa.json\n  \
        bal evaluate runs/bal --attack autoattack --radius 0.1 --json aa.json --shard 2/8\n      \
        The second of eight jobs; then `bal merge aa.json`."
    )]
    Evaluate(Box<Evaluate>),
    /// Puts the parts of an evaluation together that were made with --shard.
    #[command(after_help = "Example:\n  for i in 1 2 3 4; do\n    \
        bal evaluate runs/pgd --attack autoattack --radius 0.1 --json aa.json --shard $i/4 --threads 1 &\n  done; wait\n  \
        bal merge aa.json\n\nThe file is the same, byte for byte, as without --shard.")]
    Merge(Merge),
    /// Measures how adversarial images transfer: attacks each of several models, and shows the images to all of them.
    #[command(
        after_help = "Examples:\n  bal transfer runs/erm runs/pgd runs/bal --attack pgd --radius 0,0.1 --limit 1000 --json transfer.json\n      \
        If it is interrupted, the same command continues after the last finished row.\n  \
        bal transfer runs/bal model.pt --attack autoattack --radius 0.1 --limit 500 --markdown transfer.md\n\n\
        A row is an attacked model, a column a model that is shown the images. The diagonal is `bal evaluate` of each \
        model; the other cells are `bal evaluate COLUMN --surrogate ROW`."
    )]
    Transfer(Box<Transfer>),
    /// Compares evaluations of the same images: paired differences with intervals and exact tests.
    #[command(after_help = "Examples:\n  bal compare bal.json pgd.json\n  \
        bal compare bal.json pgd.json wrm.json --json compared.json\n\n\
        A difference is the accuracy of the first file minus that of the other, with its 95 % interval (Newcombe 1998). The p \
        value is that of the exact McNemar test: it is small if the images that only one model classifies correctly are \
        mostly those of the same model.")]
    Compare(Compare),
    /// Classifies images, with the uncertainty of the posterior.
    #[command(after_help = "Examples:\n  bal predict runs/photos-bal-released-seed1 new.jpg\n  \
        bal predict runs/photos-bal-released-seed1 inbox --abstain-above 0.5\n  \
        find . -name '*.png' | bal predict posterior.safetensors - --json > answers.jsonl\n\n\
        Uncertainties are in nats. The predictive entropy is the entropy of the mean probability. The mutual information is \
        the part of it that comes from disagreement between the members.")]
    Predict(Predict),
    /// Measures calibration, and how well uncertainty detects attacked images.
    #[command(after_help = "Examples:\n  bal calibrate runs/bal --limit 1000\n      \
        Accuracy, calibration error, likelihood, and uncertainty of correct and misclassified images.\n  \
        bal calibrate runs/bal --radius 0.1,0.15 --limit 1000 --json calibration.json\n      \
        The same under PGD, and under PGD that makes the model confident in its errors.")]
    Calibrate(Box<Calibrate>),
    /// Measures convergence of the chains of a finished run: R-hat and effective sample sizes.
    #[command(after_help = "Examples:\n  bal diagnose runs/exact\n  \
        bal diagnose runs/exact --json exact.json --figure exact.svg\n  \
        bal diagnose runs/exact --quantities log-probability:3,weight:conv1.weight[17] --figure two.png")]
    Diagnose(Diagnose),
    /// Explains the settings of an experiment, its cost, and the expected time on this machine.
    #[command(after_help = "Examples:\n  bal explain experiments/mnist-pgd.toml\n  \
        bal explain --dataset photos --image-size 32,32 --no-timing")]
    Explain(Explain),
    /// Writes an experiment file with a comment for every setting.
    #[command(after_help = "Examples:\n  bal init --method pgd\n  \
        bal init --dataset photos --image-size 32,32 --out photos.toml")]
    Init(Init),
    /// Writes a data set as PNG files, with one folder per class.
    #[command(
        after_help = "Example:\n  bal export mnist --limit 1000 --out digits\n  bal train --dataset digits"
    )]
    Export(Export),
    /// Downloads published data sets and verifies them.
    #[command(after_help = "Example:\n  bal download fashion-mnist cifar-10")]
    Download(Download),
    /// Lists runs and compares their settings.
    Runs(Runs),
    /// Prints a shell completion script.
    #[command(
        after_help = "Example:\n  bal completions bash > ~/.local/share/bash-completion/completions/bal"
    )]
    Completions(Completions),
    /// Writes manual pages for the program and each command.
    #[command(after_help = "Example:\n  bal man --out ~/.local/share/man/man1")]
    Man(Man),
    /// Compares finished runs on one self-contained HTML page.
    #[command(after_help = "Examples:\n  bal report runs/erm --out erm.html\n  \
        bal report runs/erm runs/pgd --evaluation erm.json --evaluation pgd.json --radius 0.1 --out both.html")]
    Report(Report),
}

#[derive(Debug, Args)]
pub(crate) struct Train {
    /// The experiment: a TOML file as in experiments/ [default: BAL on MNIST as released].
    #[arg(long, value_name = "FILE")]
    pub(crate) experiment: Option<PathBuf>,
    /// Changes a setting of the experiment: an existing dotted key and a TOML value.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The random seed [default: the experiment's].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The run folder to write [default: runs/NAME-seedN].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// A finished run that gives the start weights [default: the run that the experiment names].
    #[arg(long, value_name = "RUN")]
    pub(crate) start: Option<PathBuf>,
    /// Continues an interrupted run, or starts it if there is none.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Ends the run after N batches. The record says so.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_sweeps: Option<u64>,
    /// Marks the record of the run as a quick trial.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Also writes the metrics as event files: `tensorboard --logdir runs` shows them during the run.
    #[arg(long)]
    pub(crate) tensorboard: bool,
    #[command(flatten)]
    pub(crate) images: TrainingDataFlags,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

impl Train {
    pub(crate) fn request(&self) -> anyhow::Result<TrainRequest> {
        Ok(TrainRequest {
            experiment: ExperimentRequest {
                file: self.experiment.clone(),
                run: None,
                built_in: None,
                changes: self.set.clone(),
                seed: self.seed,
                images: self.images.named()?,
                table: self.images.table(),
            },
            out: self.out.clone(),
            resume: self.resume,
            options: Options {
                start: self.start.clone(),
                max_sweeps: self.max_sweeps,
                quick: self.quick,
                tensorboard: self.tensorboard,
            },
        })
    }
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    #[command(flatten)]
    pub(crate) model: ModelFlags,
    #[command(flatten)]
    pub(crate) images: ImageFlags,
    /// The attack. In a ball: fgsm, ifgsm, mi-fgsm, pgd, apgd-ce, apgd-dlr, apgd-confident, apgd-t, square, uniform-noise,
    /// gaussian-noise. Worst case of several attacks: autoattack, autoattack-rand, suite (attacks an ensemble as a whole and
    /// through its members). Minimum norm: fab, cw, deepfool, fmn, hop-skip-jump. Moving pixels: flow-pgd (largest
    /// displacement), stadv (least total variation), pose (rotations and shifts). By a trained network: advgan, with
    /// --generator. From the paper: cw-one-step, cw-one-step-log-probabilities.
    #[arg(long, value_name = "NAME", required_unless_present = "verify")]
    pub(crate) attack: Option<AttackName>,
    /// Radii for pixels in [0, 1], ascending: 0,0.05,0.1 or 4/255,8/255. Of flow-pgd: the largest displacement along an axis, in
    /// pixels. Of stadv: total variations at which to report. Of pose: degrees, with shifts up to a tenth of them in pixels.
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub(crate) radius: Option<Radii>,
    #[command(flatten)]
    pub(crate) settings: AttackFlags,
    /// Transfer attack: attacks this run, safetensors, exported (.pt2) or TorchScript file (.pt), and evaluates the model on the images.
    #[arg(long, value_name = "RUN|FILE", conflicts_with = "verify")]
    pub(crate) surrogate: Option<PathBuf>,
    /// Attacks only these members of the surrogate, or of the model if there is no surrogate. With --members, the attack and
    /// the evaluation can use different posterior samples.
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "verify")]
    pub(crate) surrogate_members: Vec<usize>,
    /// Of advgan: the run or weight file of the generator that makes the images, as `bal train` writes it for [advgan].
    #[arg(long, value_name = "RUN|FILE", conflicts_with = "verify")]
    pub(crate) generator: Option<PathBuf>,
    /// Of a run on a table, what pgd raises: squared-error, or negative-log-density [default: squared-error].
    #[arg(long, value_name = "NAME", conflicts_with = "verify")]
    pub(crate) value_loss: Option<ValueLoss>,
    /// First checks for signs of masked gradients, on at most 256 images.
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) outputs: OutputFlags,
    /// Attacks only part I of N of the images, as one job of many on one or several machines that share the folder of --json.
    /// `bal merge` puts the parts together.
    #[arg(long, value_name = "I/N", requires = "json", conflicts_with_all = ["check", "csv", "per_image", "save", "grid",
        "seeds", "against", "verify"])]
    pub(crate) shard: Option<Part>,
    /// Attacks nothing: measures and classifies the images in a file that --save wrote.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["attack", "radius", "check", "sample", "limit",
        "held_out", "training_images", "json", "csv", "save", "grid", "seed", "seeds", "against"])]
    pub(crate) verify: Option<PathBuf>,
    /// The seed of random starts and of --sample.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Runs the attack with N seeds, from --seed on. An image counts as correct only if it is correct with every seed. Every
    /// seed attacks all images, so the evaluation takes N times as long.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seeds: u64,
    /// Also compares the result, image by image, with an evaluation that --json wrote for the same images: paired differences
    /// with intervals and exact tests. Can be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

impl Evaluate {
    /// What is asked for, unless saved images are to be verified.
    pub(crate) fn request(&self) -> anyhow::Result<EvaluateRequest> {
        let named = self.surrogate.is_some() || !self.surrogate_members.is_empty();
        let members = self.surrogate_members.clone();
        let attack =
            |name: AttackName| name.with(&self.settings.settings()).map_err(|error| usage(error.to_string()));
        Ok(EvaluateRequest {
            model: self.model.source(self.settings.ensemble_gradient)?,
            images: self.images.selection(),
            attack: attack(self.attack.ok_or_else(|| usage("--attack is needed"))?)?,
            radii: self.radius.clone(),
            generator: self.generator.clone(),
            surrogate: named.then(|| Surrogate { at: self.surrogate.clone(), members }),
            check: self.check,
            outputs: self.outputs.outputs(),
            seed: self.seed,
            seeds: self.seeds,
            against: self.against.clone(),
        })
    }

    /// What is to be verified: saved images.
    pub(crate) fn verification(&self) -> anyhow::Result<Option<VerifyRequest>> {
        let Some(file) = self.verify.clone() else { return Ok(None) };
        let model = self.model.source(self.settings.ensemble_gradient)?;
        let (dataset, per_image) = (self.images.dataset.clone(), self.outputs.per_image.clone());
        Ok(Some(VerifyRequest { file, model, dataset, per_image }))
    }
}

/// The device, the threads and the data folder.
#[derive(Clone, Debug, Args)]
pub(crate) struct Machine {
    /// The device: cpu or cuda:N (never run on one; see docs/gpu.md).
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = place)]
    pub(crate) device: Place,
    /// Lets a CUDA device round products to TF32: faster, and gradients are off by about 1e-3.
    #[arg(long)]
    pub(crate) tf32: bool,
    /// Computes as on a device also without one: batches whole, and the chains of a block in one launch.
    #[arg(long, hide = true)]
    pub(crate) whole_batches: bool,
    /// Worker threads; they do not change results [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// The folder of the data sets [default: `$BAL_DATA`, else datasets/].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

impl Machine {
    /// The device, ready to compute on.
    pub(crate) fn opened(&self) -> anyhow::Result<Device> {
        match self.device {
            Place::Cpu if self.tf32 => Err(usage("--tf32 is about CUDA devices, and --device is cpu")),
            Place::Cpu => Ok(Device::Cpu),
            Place::Cuda(number) => {
                let rounding = if self.tf32 { Rounding::Tf32 } else { Rounding::Single };
                let opened = cuda::open(number, rounding);
                opened.map(|cuda| Device::Cuda(cuda.number)).map_err(|error| match error {
                    CudaError::Absent => usage(
                        "this LibTorch has no CUDA: `cargo xtask setup --cuda` fetches one that has; or leave --device out",
                    ),
                    other => usage(other.to_string()),
                })
            }
        }
    }
}

/// A device as it is named.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Cpu,
    /// By its number.
    Cuda(usize),
}

fn place(text: &str) -> Result<Place, String> {
    if text == "cpu" {
        return Ok(Place::Cpu);
    }
    let number = text.strip_prefix("cuda:").and_then(|n| n.parse().ok());
    number.map(Place::Cuda).ok_or_else(|| "expected cpu or cuda:N".into())
}

/// An error in a flag that clap could not see.
pub(crate) fn usage(text: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Usage(text.into()))
}
