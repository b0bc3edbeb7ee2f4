//! The Gaussian around trained weights, and draws from it.

use super::{
    Curvature,
    curvature::{Layer, unsuited},
};
use bal_core::{Member, NoiseStream, TrainError, Workers};
use tch::{Device, Kind, Tensor};

/// How narrow the Gaussian is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Width {
    /// N, the observations that the curvature is multiplied by; > 0.
    pub scale: f64,
    /// t, the precision of the prior; > 0.
    pub precision: f64,
}

/// The Laplace approximation of the posterior, at any width.
///
/// Layers are independent. `W` is a layer's weight `[outputs, inputs]` with its bias as a further column, `W*` at the trained
/// weights, `A`, `G` and `F` as in [`Curvature`].
///
/// ```text
/// kron:      W = W* + (sqrt(N) G + sqrt(t) I)^-1/2  Z  (sqrt(N) A + sqrt(t) I)^-1/2,    Z_oi ~ N(0, 1)
/// diagonal:  W_oi = W*_oi + Z_oi / sqrt(N F_oi + t)
/// ```
///
/// So `cov(W_oi, W_pj) = (sqrt(N) G + sqrt(t) I)^-1_op (sqrt(N) A + sqrt(t) I)^-1_ij`. As t goes to 0 this is the inverse of
/// the curvature `N A (x) G`. The prior is spread over the two factors: their product has cross terms, so draws are narrower than
/// those of the precision `N A (x) G + t I`. The diagonal has the prior as it is.
///
/// The factors are decomposed once, in double precision; a width only changes the eigenvalues. Eigenvalues below 0 are
/// rounding, and are set to 0.
///
/// Source: Ritter, Botev & Barber, ICLR 2018, section 3.
#[derive(Debug)]
pub struct Gaussian {
    centre: Member,
    layers: Vec<Decomposed>,
}

/// A layer with its curvature.
#[derive(Debug)]
struct Decomposed {
    weight: usize,
    bias: usize,
    factors: Factors,
}

#[derive(Debug)]
enum Factors {
    Kron { inputs: Spectrum, gradients: Spectrum },
    Diagonal(Tensor),
}

impl Factors {
    /// Of A and G, or of F; `None` when they are not finite.
    fn of(factors: &[Tensor]) -> Option<Self> {
        match factors {
            [inputs, gradients] => {
                Some(Self::Kron { inputs: Spectrum::of(inputs)?, gradients: Spectrum::of(gradients)? })
            }
            [squares] => is_finite(squares).then(|| Self::Diagonal(squares.shallow_clone())),
            _ => None,
        }
    }
}

fn is_finite(tensor: &Tensor) -> bool {
    bool::try_from(tensor.isfinite().all()).unwrap_or(false)
}

impl Gaussian {
    /// The Gaussian around `centre`, the weights that the curvature was taken at.
    ///
    /// # Errors
    /// [`TrainError::Network`] when a factor is not finite, or LAPACK cannot decompose it.
    pub fn new(centre: Member, curvature: &Curvature, workers: &Workers) -> Result<Self, TrainError> {
        let mut layers = Vec::new();
        let decomposed = workers.map(curvature.factors(), |factors| Factors::of(&factors));
        for (&Layer { weight, bias, .. }, factors) in curvature.layers().iter().zip(decomposed) {
            let why = "its curvature is not finite; start from other weights";
            let factors = factors.ok_or_else(|| unsuited(&*centre.network, why))?;
            layers.push(Decomposed { weight, bias, factors });
        }
        Ok(Self { centre, layers })
    }

    /// A network drawn at this width. Parameters of no layer keep their values.
    ///
    /// The same noise gives the same Z at every width.
    pub fn draw(&self, width: Width, noise: &mut NoiseStream) -> Member {
        let mut drawn = self.centre.duplicate();
        let tensors = drawn.parameters.tensors_mut();
        for Decomposed { weight, bias, factors } in &self.layers {
            let (outputs, numbers) = (tensors[*weight].size()[0], tensors[*weight].numel() as i64);
            let inputs = numbers / outputs;
            let z = noise.normal_like(&Tensor::zeros([outputs, inputs + 1], (Kind::Double, Device::Cpu)));
            let moved = match factors {
                Factors::Kron { inputs, gradients } => {
                    // Roots are symmetric, so they do not depend on the signs of the eigenvectors.
                    inputs.inverse_root(&gradients.inverse_root(&z, width).tr(), width).tr()
                }
                Factors::Diagonal(squares) => z / (squares * width.scale + width.precision).sqrt(),
            };
            for (place, change) in [(*weight, moved.narrow(1, 0, inputs)), (*bias, moved.select(1, inputs))] {
                let before = &tensors[place];
                let change = change.reshape(before.size()).to_kind(before.kind()).to_device(before.device());
                tensors[place] = before + change;
            }
        }
        drawn
    }
}

/// A symmetric matrix by its eigenvalues `[d]` and eigenvectors, the columns of `[d, d]`.
#[derive(Debug)]
struct Spectrum {
    values: Tensor,
    vectors: Tensor,
}

impl Spectrum {
    /// `None` when the matrix is not finite.
    fn of(matrix: &Tensor) -> Option<Self> {
        let (values, vectors) = matrix.f_linalg_eigh("L").ok()?;
        is_finite(&values).then(|| Self { values: values.clamp_min(0.0), vectors })
    }

    /// `(sqrt(N) M + sqrt(t) I)^-1/2 z`.
    fn inverse_root(&self, z: &Tensor, Width { scale, precision }: Width) -> Tensor {
        let roots = (&self.values * scale.sqrt() + precision.sqrt()).rsqrt().unsqueeze(1);
        self.vectors.matmul(&(self.vectors.tr().matmul(z) * roots))
    }
}
