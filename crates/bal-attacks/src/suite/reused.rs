//! What a part made of images in one run for all radii.

use crate::{Attack, AttackError};
use bal_core::{Batch, Classifier, NoiseStream};
use tch::Tensor;

/// The points of an attack that serves all radii at once ([`Attack::serves_all_radii`]).
///
/// Whatever stands at a radius stood at the smaller ones, so the images that the attack was let at first are all
/// that is asked for later.
#[derive(Debug)]
pub(super) struct Reused {
    /// For each radius all images of the batch; those that the attack was not let at are as they came.
    x: Vec<Tensor>,
}

impl Reused {
    /// Lets `attack` at `standing`, the images in `rows` of `batch`, for this radius and those `ahead` of it.
    pub(super) fn of(
        attack: &dyn Attack,
        model: &dyn Classifier,
        batch: &Batch,
        (rows, standing): (&[i64], &Batch),
        ahead: &[f64],
        noise: &NoiseStream,
    ) -> Result<Self, AttackError> {
        let changed = attack.perturb_radii(model, standing, ahead, noise)?;
        if changed.len() != ahead.len() {
            let (expected, found) = (ahead.len(), changed.len());
            return Err(AttackError::Count { attack: attack.name().into(), expected, found });
        }
        let index = Tensor::from_slice(rows).to_device(batch.x.device());
        let among_all = |x: Tensor| {
            shape(attack.name(), standing, &x)?;
            Ok(batch.x.detach().f_index_copy(0, &index, &x)?)
        };
        Ok(Self { x: changed.into_iter().map(among_all).collect::<Result<_, AttackError>>()? })
    }

    /// The points of these rows at the first of the radii that are still `ahead`.
    pub(super) fn at(&self, ahead: &[f64], rows: &[i64]) -> Result<Tensor, AttackError> {
        let x = &self.x[self.x.len() - ahead.len()];
        Ok(x.f_index_select(0, &Tensor::from_slice(rows).to_device(x.device()))?)
    }
}

/// Refuses points that are not shaped as the images.
pub(super) fn shape(attack: &str, images: &Batch, x: &Tensor) -> Result<(), AttackError> {
    let (expected, found) = (images.x.size(), x.size());
    if expected == found {
        return Ok(());
    }
    Err(AttackError::Shape { attack: attack.into(), expected, found })
}
