//! `bal calibrate` and its flags.

use super::{ImageFlags, Machine, ModelFlags};
use crate::output;
use bal::CalibrateRequest;
use bal_attacks::{Norm, Radii};
use bal_core::EnsembleGradient;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    #[command(flatten)]
    pub(crate) model: ModelFlags,
    #[command(flatten)]
    pub(crate) images: ImageFlags,
    /// Also attacks the images by PGD, on the cross-entropy and on the confident loss, at these radii for pixels in [0, 1],
    /// ascending: 0.1,0.15 or 8/255.
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub(crate) radius: Option<Radii>,
    /// Steps of PGD [default: 40].
    #[arg(long, value_name = "N", requires = "radius")]
    pub(crate) steps: Option<u64>,
    /// The norm of PGD: linf or l2 [default: linf].
    #[arg(long, value_name = "NORM", requires = "radius")]
    pub(crate) norm: Option<Norm>,
    /// The ensemble gradient for PGD: predictive or member-mean [default: from the weight file].
    #[arg(long, value_name = "NAME", requires = "radius")]
    pub(crate) ensemble_gradient: Option<EnsembleGradient>,
    /// Writes all results as JSON; - is standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) json: Option<PathBuf>,
    /// The seed of random starts and of --sample.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

impl Calibrate {
    pub(crate) fn request(&self) -> anyhow::Result<CalibrateRequest> {
        Ok(CalibrateRequest {
            model: self.model.source(self.ensemble_gradient)?,
            images: self.images.selection(),
            radii: self.radius.clone(),
            steps: self.steps,
            norm: self.norm,
            json: self.json.clone(),
            seed: self.seed,
        })
    }
}
