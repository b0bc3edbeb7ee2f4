//! The worst of many rotations and shifts.

use super::{SpatialAttack, SpatialMeasure, measure::PIXELS_PER_DEGREE};
use crate::{
    AttackError, Judgement, SettingError,
    attack_settings::settings,
    found::{Found, select},
    range,
};
use bal_core::{Batch, Classifier, NoiseStream};
use tch::{Kind, Tensor};

/// Rotates and shifts images, and keeps the first pose that fools the model; it sees outputs only.
///
/// ```text
/// angles  a in [-radius, radius] degrees,    shifts  u, v in [-radius / 10, radius / 10] pixels
/// ```
///
/// Tries `rotations x translations x translations` poses that are evenly spaced, ends included, or `draws` that are uniform.
/// An image that none of them fools comes back in the pose with the highest margin, its own included; one that is wrong
/// already is not moved. Asks the model once about each pose, and not about images that are broken. The grids of two radii
/// have few poses in common, so an image may fall at the smaller one only.
///
/// Source: Engstrom et al., ICML 2019, with 31 x 5 x 5 poses up to 30 degrees and 3 pixels, and the worst of 10 drawn ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoseSearch {
    settings: PoseSettings,
}

settings! {
    /// Settings of [`PoseSearch`].
    PoseSettings optional (draws) {
        /// Angles of the grid, at least 1.
        rotations: u64 = 31,
        /// Shifts of the grid along each axis, at least 1.
        translations: u64 = 5,
        /// Random poses that are tried in place of the grid; 0 tries the grid.
        draws: u64 = 0,
    }
}

impl PoseSearch {
    /// The attack with these settings.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without rotations or translations.
    pub fn new(settings: PoseSettings) -> Result<Self, SettingError> {
        range::counts(&[("rotations", settings.rotations), ("translations", settings.translations)])?;
        Ok(Self { settings })
    }

    /// How many poses are tried.
    fn poses(&self) -> u64 {
        let PoseSettings { rotations, translations, draws } = self.settings;
        if draws > 0 { draws } else { rotations.saturating_mul(translations).saturating_mul(translations) }
    }

    /// One of the poses, of the unit grid: each part in [-1, 1].
    fn of_grid(&self, number: u64) -> [f32; 3] {
        let PoseSettings { rotations, translations, .. } = self.settings;
        let part = |place: u64, of: u64| {
            if of == 1 { 0.0 } else { (2.0 * place as f64 / (of - 1) as f64 - 1.0) as f32 }
        };
        let shift = number % (translations * translations);
        [
            part(number / (translations * translations), rotations),
            part(shift / translations, translations),
            part(shift % translations, translations),
        ]
    }

    /// Pose `number` of each image, `[n, 3]`, as parts of the greatest.
    fn unit_poses(&self, number: u64, images: &Batch, noise: &NoiseStream) -> Tensor {
        let n = images.len() as i64;
        if self.settings.draws == 0 {
            let pose = Tensor::from_slice(&self.of_grid(number));
            return pose.reshape([1, 3]).repeat([n, 1]).to_device(images.x.device());
        }
        let like = Tensor::zeros([n, 3], (Kind::Float, images.x.device()));
        noise.for_chain(number).for_images(&images.indices).uniform_like(&like) * 2.0 - 1.0
    }
}

impl SpatialAttack for PoseSearch {
    fn name(&self) -> &'static str {
        "pose"
    }

    fn measure(&self) -> SpatialMeasure {
        SpatialMeasure::Pose
    }

    fn transform(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radius: f64,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let still = Tensor::zeros([batch.len() as i64, 3, 1, 1], (Kind::Float, batch.x.device()));
        let mut found = Found::still(model, batch, still)?;
        let pixels = PIXELS_PER_DEGREE * radius;
        let greatest = Tensor::from_slice(&[radius as f32, pixels as f32, pixels as f32]);
        let greatest = greatest.to_device(batch.x.device());
        for number in 0..self.poses() {
            let rows = found.robust();
            if rows.is_empty() {
                break;
            }
            let picked = select(batch, &rows)?;
            let pose = self.unit_poses(number, &picked, noise) * &greatest;
            let x = self.measure().render(&picked.x, &pose);
            let Judgement { margin, wrong, .. } =
                Judgement::by_margin(model, &x, picked.classes()?).map_err(|error| error.of_rows(&rows))?;
            found.offer(&rows, &pose.reshape([-1, 3, 1, 1]), &margin, &wrong)?;
        }
        Ok(found.points().reshape([-1, 3]))
    }
}

#[cfg(test)]
mod tests;
