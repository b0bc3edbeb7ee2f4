//! Commands and flags.

mod attack;

use crate::Usage;
use attack::AttackFlags;
use bal_attacks::{AttackName, Radii};
use bal_core::Prediction;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use tch::Device;

/// Bayesian adversarial learning: robust posteriors over network weights, and attacks on them.
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
        after_help = "Examples:\n  bal train\n      Bayesian adversarial learning on MNIST, as the released code did it.\n  \
        bal train --experiment experiments/mnist-pgd.toml --seed 2 --out runs/pgd-2\n  \
        bal train --experiment experiments/mnist-erm.toml --set erm.schedule.epochs=3 --out runs/erm-3\n  \
        bal train --resume --out runs/pgd-2\n      Continues an interrupted run to the same final weights."
    )]
    Train(Train),
    /// Measures accuracy under an attack.
    #[command(
        after_help = "Examples:\n  bal evaluate runs/erm --attack fgsm --radius 0,0.05,0.1,0.15 --json erm.json\n  \
        bal evaluate runs/erm --attack pgd --radius 0.1 --steps 40 --restarts 2 --limit 1000\n  \
        bal evaluate runs/paper --held-out --attack fgsm --radius 0,0.15\n  \
        bal evaluate --weights posterior.safetensors --architecture cnn --attack cw-one-step\n  \
        bal evaluate --torchscript model.pt --mean 0.1307 --std 0.3081 --attack pgd --radius 0.1 --check"
    )]
    Evaluate(Box<Evaluate>),
}

#[derive(Debug, Args)]
pub(crate) struct Train {
    /// The experiment: a TOML file as in experiments/. Without it, BAL on MNIST as released.
    #[arg(long, value_name = "FILE")]
    pub(crate) experiment: Option<PathBuf>,
    /// Changes a setting of the experiment: a dotted key that it has, and a TOML value.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The seed, instead of the experiment's.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The run folder to write [default: runs/NAME-seedN].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// A finished run to start from, instead of the one that the experiment names.
    #[arg(long, value_name = "RUN")]
    pub(crate) start: Option<PathBuf>,
    /// Continues an interrupted run; begins it where there is none.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Ends the run after so many batches; the record says so.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_sweeps: Option<u64>,
    /// Marks the run's record as made for a quick look.
    #[arg(long)]
    pub(crate) quick: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// A run folder that `bal train` wrote.
    #[arg(value_name = "RUN", required_unless_present_any = ["weights", "torchscript"],
        conflicts_with_all = ["weights", "torchscript"])]
    pub(crate) run: Option<PathBuf>,
    /// Weights in safetensors, instead of a run; several files of one network are one ensemble.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "torchscript")]
    pub(crate) weights: Vec<PathBuf>,
    /// The network of the weights, where the file does not say it: cnn, stn.
    #[arg(long, value_name = "NAME", requires = "weights", conflicts_with_all = ["run", "torchscript"])]
    pub(crate) architecture: Option<String>,
    #[command(flatten)]
    pub(crate) script: Script,
    /// The data set whose test images are attacked: mnist, fashion-mnist, gtsrb, gtsrb-paper.
    #[arg(long, value_name = "SET", default_value = "mnist")]
    pub(crate) dataset: String,
    /// Attacks the training images that the run held out, instead of the test images: to choose settings by.
    #[arg(long, requires = "run", conflicts_with_all = ["dataset", "weights", "torchscript"])]
    pub(crate) held_out: bool,
    /// The attack. In a ball: fgsm, ifgsm, mi-fgsm, pgd, apgd-ce, apgd-dlr, apgd-t, square, uniform-noise, gaussian-noise,
    /// and several of them, the worst for each image: autoattack, autoattack-rand, suite (an ensemble attacked as a whole
    /// and by its members). To the nearest error: fab, cw, deepfool, fmn, hop-skip-jump. Of the paper: cw-one-step,
    /// cw-one-step-log-probabilities.
    #[arg(long, value_name = "NAME")]
    pub(crate) attack: AttackName,
    /// Radii on pixels in [0, 1], ascending: 0,0.05,0.1.
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub(crate) radius: Option<Radii>,
    #[command(flatten)]
    pub(crate) settings: AttackFlags,
    /// How members predict: mean-probability or mean-logits, together, or the last-member alone [default: as the
    /// weights say].
    #[arg(long, value_name = "NAME")]
    pub(crate) prediction: Option<Prediction>,
    /// Looks first, on at most 256 images, for signs that the classifier hides from attacks.
    #[arg(long)]
    pub(crate) check: bool,
    /// So many test images drawn at random by the seed, for data sets in the order of their classes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "limit")]
    pub(crate) sample: Option<u64>,
    /// Only the first so many test images.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Writes accuracies and per-image results to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Writes accuracies with 95 % intervals to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    /// The seed of random starts.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

/// A network of anybody's, as TorchScript.
///
/// The flags beside the files conflict with a run and weights in so many words: clap does not insist on a
/// requirement that a conflict rules out.
#[derive(Clone, Debug, Args)]
pub(crate) struct Script {
    /// A network that PyTorch saved as TorchScript, instead of a run; several are one ensemble. Such a file is
    /// a program: trust whoever made it.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) torchscript: Vec<PathBuf>,
    /// The images that it takes: C,H,W [default: those of the data set].
    #[arg(long, value_name = "C,H,W", requires = "torchscript", conflicts_with_all = ["run", "weights"], value_parser = input_shape,
        allow_hyphen_values = true)]
    pub(crate) input_shape: Option<[i64; 3]>,
    /// How many classes it tells apart [default: as many as it gives logits].
    #[arg(long, value_name = "N", requires = "torchscript", conflicts_with_all = ["run", "weights"], value_parser = clap::value_parser!(i64).range(2..))]
    pub(crate) classes: Option<i64>,
    /// Subtracted from pixels in [0, 1] before the network sees them: a number, or one per channel [default: 0].
    #[arg(
        long,
        value_name = "LIST",
        requires = "torchscript", conflicts_with_all = ["run", "weights"],
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) mean: Vec<f64>,
    /// Divides them after that: a number, or one per channel [default: 1].
    #[arg(
        long,
        value_name = "LIST",
        requires = "torchscript", conflicts_with_all = ["run", "weights"],
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) std: Vec<f64>,
}

fn input_shape(text: &str) -> Result<[i64; 3], String> {
    let sizes: Option<Vec<i64>> =
        text.split(',').map(|size| size.trim().parse().ok().filter(|&size| size > 0)).collect();
    let sizes = sizes.and_then(|sizes| <[i64; 3]>::try_from(sizes).ok());
    sizes.ok_or_else(|| "expected channels, height and width, such as 1,28,28".into())
}

/// What to compute on, and where the data are.
#[derive(Clone, Debug, Args)]
pub(crate) struct Machine {
    /// cpu or cuda:N.
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = device)]
    pub(crate) device: Device,
    /// Worker threads [default: one per core]. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: Option<u16>,
    /// The folder of data sets [default: `$BAL_DATA`, else datasets/].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

impl Machine {
    pub(crate) fn workers(&self) -> anyhow::Result<bal_core::Workers> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(bal_core::Workers::new(self.threads.map_or(cores, usize::from))?)
    }
}

fn device(text: &str) -> Result<Device, String> {
    if text == "cpu" {
        return Ok(Device::Cpu);
    }
    let number = text.strip_prefix("cuda:").and_then(|n| n.parse::<usize>().ok());
    let Some(number) = number else { return Err("expected cpu or cuda:N".into()) };
    let found = tch::Cuda::device_count().max(0) as usize;
    if number < found {
        return Ok(Device::Cuda(number));
    }
    Err(format!("this machine and its LibTorch have {found} CUDA devices; use cpu"))
}

/// An error in a flag that clap could not see.
pub(crate) fn usage(text: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Usage(text.into()))
}
