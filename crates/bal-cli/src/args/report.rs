//! The flags of `bal report`.

use super::Machine;
use crate::output;
use bal::ReportRequest;
use bal_attacks::AttackName;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Run folders that `bal train` wrote, at most eight.
    #[arg(value_name = "RUN", required = true)]
    pub(crate) runs: Vec<PathBuf>,
    /// A result of `bal evaluate --json` for one of these runs. Without this flag, the attack is measured on the attacked images,
    /// and fgsm beside pgd.
    #[arg(long, value_name = "FILE")]
    pub(crate) evaluation: Vec<PathBuf>,
    /// The data set whose test images are used, without images that any run was trained on: mnist, fashion-mnist,
    /// gtsrb, gtsrb-paper, gtsrb-colour, cifar-10, cifar-100, or a folder or table of your own images [default: the data set of the first run].
    #[arg(long, value_name = "SET|DIR")]
    pub(crate) dataset: Option<String>,
    /// The number of test images to classify, drawn at random by the seed.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) images: u64,
    /// The number of these images to attack, also drawn at random.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) attacked: u64,
    /// The attack, with its usual settings: one that has a radius, such as pgd, autoattack, flow-pgd or pose.
    #[arg(long, value_name = "ATTACK", default_value = "pgd")]
    pub(crate) attack: AttackName,
    /// The radius of the attack: in L-infinity for pixels in [0, 1], 0.1 or 8/255; for flow-pgd in pixels of displacement, for pose
    /// in degrees.
    #[arg(long, value_name = "R", default_value = "0.1", value_parser = radius)]
    pub(crate) radius: f64,
    /// The seed of the draws and of the random starts.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The HTML file to write; - is standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

impl Report {
    /// What is asked for, by this command.
    pub(crate) fn request(&self, command: String) -> ReportRequest {
        ReportRequest {
            runs: self.runs.clone(),
            evaluations: self.evaluation.clone(),
            dataset: self.dataset.clone(),
            images: self.images,
            attacked: self.attacked,
            attack: self.attack,
            radius: self.radius,
            seed: self.seed,
            out: self.out.clone(),
            made_with: command,
        }
    }
}

fn radius(text: &str) -> Result<f64, bal_attacks::SettingError> {
    text.parse::<bal_attacks::Radius>().map(bal_attacks::Radius::get)
}
