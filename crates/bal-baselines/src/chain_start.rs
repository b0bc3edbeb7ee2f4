//! Where data chains begin.

use crate::Support;
use bal_core::NoiseStream;
use tch::Tensor;

/// Where data chains begin, around where they change nothing: at the clean image, or at the flow that moves no pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ChainStart {
    /// There.
    #[default]
    Clean,
    /// Anywhere in the support with the same probability; there, where there is none.
    Uniform,
    /// There and normal noise of this standard deviation, brought into the support.
    Noise(f64),
}

impl ChainStart {
    /// The first state of chains around `centre`, `[n, ..]`; `noise` has a stream for each image.
    pub(crate) fn around(
        self,
        centre: &Tensor,
        support: Option<&Support>,
        noise: &mut NoiseStream,
    ) -> Tensor {
        match (self, support) {
            (Self::Clean, _) | (Self::Uniform, None) => centre.copy(),
            (Self::Uniform, Some(support)) => support.uniform(centre, noise),
            (Self::Noise(deviation), support) => {
                let start = centre + noise.normal_like(centre) * deviation;
                support.map_or_else(|| start.shallow_clone(), |support| support.project(centre, &start))
            }
        }
    }
}
