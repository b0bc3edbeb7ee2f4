//! What a page is asked to show.

use bal_attacks::AttackName;
use std::path::PathBuf;

/// Which runs are shown, and on what.
#[derive(Clone, Debug)]
pub struct ReportRequest {
    /// Run folders, at most eight.
    pub runs: Vec<PathBuf>,
    /// Accuracies that were measured of these runs; without any, the attack is measured on the images that are attacked, and fgsm
    /// beside pgd.
    pub evaluations: Vec<PathBuf>,
    /// The data set whose test images are shown; without one that of the first run.
    pub dataset: Option<String>,
    /// So many test images are classified, drawn by the seed.
    pub images: u64,
    /// So many of them, drawn as well, are attacked.
    pub attacked: u64,
    /// The attack, with its usual settings; one that has a radius.
    pub attack: AttackName,
    /// Its radius: above 0, and at most 1 in a ball.
    pub radius: f64,
    /// The seed of the draw and of random starts.
    pub seed: u64,
    /// The HTML file.
    pub out: PathBuf,
    /// By which command or program the page says that it was made.
    pub made_with: String,
}

impl ReportRequest {
    /// These runs on 1000 images, of which 200 are attacked by pgd at radius 0.1.
    pub fn new(runs: Vec<PathBuf>, out: impl Into<PathBuf>) -> Self {
        Self {
            runs,
            evaluations: vec![],
            dataset: None,
            images: 1000,
            attacked: 200,
            attack: AttackName::Pgd,
            radius: 0.1,
            seed: 0,
            out: out.into(),
            made_with: String::new(),
        }
    }
}
