//! The attacks whose images are calibrated on.

use crate::{CalibrateRequest, image_selection::with_images};
use anyhow::Result;
use bal_attacks::{Attack, AttackSpec, LossName, Norm, PgdSettings};
use bal_core::EnsembleGradient;
use serde_json::Value;

/// PGD on the cross-entropy, which makes a model err and doubt, and on the confident loss, which makes it err and be sure.
const LOSSES: [LossName; 2] = [LossName::CrossEntropy, LossName::Confident];

/// PGD with each loss; none without radii.
pub(super) struct Attacks {
    attacks: Vec<(PgdSettings, Attack)>,
    norm: Norm,
}

impl Attacks {
    /// Those of the request, following this gradient of an ensemble.
    ///
    /// # Errors
    /// For settings that no attack can have.
    pub(super) fn new(request: &CalibrateRequest, gradient: EnsembleGradient) -> Result<Self> {
        let norm = request.norm.unwrap_or(Norm::LInf);
        let radius = request.radii.as_ref().and_then(|radii| radii.as_slice().last().copied());
        let losses = if radius.is_some() { &LOSSES[..] } else { &[] };
        let attacks = losses.iter().map(|&loss| {
            let usual = PgdSettings::default();
            let steps = request.steps.unwrap_or(usual.steps);
            let settings = PgdSettings { norm, steps, ensemble_gradient: gradient, loss, ..usual };
            let attack = AttackSpec::Pgd(settings).build()?;
            attack.takes(radius)?;
            Ok((settings, attack))
        });
        Ok(Self { attacks: attacks.collect::<Result<_>>()?, norm })
    }

    /// Each, with its settings.
    pub(super) fn each(&self) -> impl Iterator<Item = (&PgdSettings, &Attack)> {
        self.attacks.iter().map(|(settings, attack)| (settings, attack))
    }

    /// The norm of their balls.
    pub(super) fn norm(&self) -> Norm {
        self.norm
    }

    /// What the report says of them, and of the images.
    pub(super) fn settings(&self, request: &CalibrateRequest) -> Value {
        let common = self.attacks.first().map(|(settings, _)| AttackSpec::Pgd(*settings).settings());
        with_images(&common.unwrap_or_default(), &request.images, request.seed)
    }
}
