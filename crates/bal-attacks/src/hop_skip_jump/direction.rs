//! The normal of a boundary, estimated from classes around it.

use super::decisions::Decisions;
use crate::{ModelFault, Norm};
use bal_core::NoiseStream;
use tch::Tensor;

/// An estimate of where more images are wrong.
///
/// ```text
/// u_b ~ uniform on the sphere,    x_b = clip(x + delta u_b, 0, 1),    u_b <- (x_b - x) / delta
/// phi_b = 1 where x_b is wrong, else -1
/// v = sum_b (phi_b - mean phi) u_b,    or +-mean u where all phi are the same
/// ```
///
/// Returns `v / ||v||` in L2 and `sign v` in `LInf`.
///
/// Source: Chen, Jordan & Wainwright, IEEE S&P 2020, eq. 9 and eq. 16 (baseline), delta as in section
/// IV-D; the clipped directions are those of the authors' code.
pub(super) struct Direction {
    pub(super) norm: Norm,
    /// Queries for each image.
    pub(super) samples: u64,
    /// The round of the walk, which keys the noise.
    pub(super) round: u64,
}

impl Direction {
    /// Directions at `x`, `[k, c, h, w]`, of norm 1. `delta`: `[k]`, > 0.
    ///
    /// Image by image: the samples of one are a batch already.
    pub(super) fn estimate(
        &self,
        decisions: &mut Decisions,
        rows: &[i64],
        x: &Tensor,
        delta: &Tensor,
        noise: &NoiseStream,
    ) -> Result<Tensor, ModelFault> {
        let indices: Vec<i64> = decisions.indices(rows);
        let streams = noise.for_chain(self.round);
        let mut directions = Vec::with_capacity(rows.len());
        for (at, (&row, &image)) in rows.iter().zip(&indices).enumerate() {
            let centre = x.narrow(0, at as i64, 1);
            let delta = delta.double_value(&[at as i64]).max(f64::from(f32::MIN_POSITIVE));
            let mut size = centre.size();
            size[0] = self.samples as i64;
            let like = Tensor::empty(&size, (centre.kind(), centre.device()));
            let sphere = Norm::L2.steepest(&streams.for_images(&[image]).normal_like(&like));
            let around = (&centre + sphere * delta).clamp(0.0, 1.0);
            let wrong = decisions.ask_of_one(row, &around)?;
            let moved = (around - &centre) / delta;
            directions.push(mean_direction(&moved, &wrong));
        }
        Ok(self.norm.steepest(&Tensor::cat(&directions, 0)))
    }
}

/// `[1, c, h, w]` of `[b, c, h, w]`.
fn mean_direction(moved: &Tensor, wrong: &[bool]) -> Tensor {
    let phi: Vec<f32> = wrong.iter().map(|&wrong| if wrong { 1.0 } else { -1.0 }).collect();
    let mean = phi.iter().sum::<f32>() / phi.len() as f32;
    let one_sided = wrong.iter().all(|&w| w == wrong[0]);
    let weights: Vec<f32> = phi.iter().map(|phi| if one_sided { *phi } else { phi - mean }).collect();
    let weights = Tensor::from_slice(&weights).to_device(moved.device()).reshape([-1, 1, 1, 1]);
    (moved * weights).mean_dim([0i64].as_slice(), true, moved.kind())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{close, images};

    /// Three of four are wrong: phi is 1, 1, 1, -1, its mean 1/2, and so the weights are 1/2, 1/2, 1/2, -3/2.
    #[test]
    fn moves_are_weighed_by_who_is_wrong_beyond_the_mean_unless_all_are_alike() {
        let moved = images(&[&[1.0, 0.0], &[0.0, 1.0], &[0.6, 0.8], &[-1.0, 0.0]]);
        let mean = |wrong: [bool; 4]| -> Vec<f64> {
            Vec::try_from(mean_direction(&moved, &wrong).reshape([-1]).to_kind(tch::Kind::Double)).unwrap()
        };
        close(&mean([true, true, true, false]), &[(0.5 + 0.3 + 1.5) / 4.0, (0.5 + 0.4) / 4.0]);
        close(&mean([true; 4]), &[0.6 / 4.0, 1.8 / 4.0]);
        close(&mean([false; 4]), &[-0.6 / 4.0, -1.8 / 4.0]);
    }
}
