//! The Laplace approximation of a linear regression: its curvature is a Kronecker product, and its Gaussian the posterior.
//!
//! ```text
//! y ~ N(W x + b, s^2 I),    -log p(W, b | data) = 1/(2 s^2) sum_n |y_n - W x_n - b|^2 + const
//! ```
//!
//! Under a flat prior the posterior's covariance is `s^2 I (x) (X'X)^-1`, with a 1 at the end of each row of X.

use bal_baselines::{Curvature, Gaussian, Normal, Structure, Width};
use bal_core::{
    Architecture, Batch, Forward, Member, Mode, NoiseStream, Position, Tap, Tapped, Targets, TensorSpec,
    Workers,
};
use bal_laws::{GaussianLaw, Moments, noise};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// s^2.
const VARIANCE: f64 = 0.8;
const PIXELS: i64 = 3;
const OUTPUTS: i64 = 2;
const IMAGES: i64 = 40_000;
const DRAWS: u64 = 10_000;

/// `W x + b` of images of three pixels.
#[derive(Debug)]
struct Linear;

impl Architecture for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn classes(&self) -> i64 {
        OUTPUTS
    }

    fn input(&self) -> [i64; 3] {
        [1, 1, PIXELS]
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        vec![TensorSpec::new("weight", &[OUTPUTS, PIXELS]), TensorSpec::new("bias", &[OUTPUTS])]
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let draw =
            |spec: TensorSpec| noise.normal_like(&Tensor::zeros(&spec.shape, (Kind::Float, Device::Cpu)));
        (Position::new(self.parameters().into_iter().map(draw).collect()), Position::new(vec![]))
    }

    fn forward(&self, parameters: &Position, buffers: &Position, x: &Tensor, _: Mode) -> Forward {
        let tapped = self.taps(parameters, buffers, x).expect("it has taps");
        Forward { logits: tapped.logits, buffers: None }
    }

    fn taps(&self, parameters: &Position, _: &Position, x: &Tensor) -> Option<Tapped> {
        let [weight, bias] = parameters.tensors() else { panic!("two parameters") };
        let x = x.flatten(1, -1);
        let logits = x.linear(weight, Some(bias));
        Some(Tapped { taps: vec![Tap::dense(0, &x, &logits)], logits })
    }
}

fn member() -> Member {
    let network: Arc<dyn Architecture> = Arc::new(Linear);
    Member::init(&network, &mut noise(0, 0))
}

/// Images whose pixels depend on one another, with a 1 for the bias, `[images, pixels + 1]`; and the same as a batch.
fn images() -> (Tensor, Batch) {
    let x = noise(1, 0).uniform_like(&Tensor::zeros([IMAGES, PIXELS], (Kind::Float, Device::Cpu)));
    let x = x.cumsum(1, Kind::Float) / 3.0;
    let rows = x.to_kind(Kind::Double).constant_pad_nd([0, 1]);
    let _ = rows.narrow(1, PIXELS, 1).fill_(1.0);
    let values = Tensor::zeros([IMAGES, OUTPUTS], (Kind::Float, Device::Cpu));
    let batch = Batch {
        x: x.reshape([IMAGES, 1, 1, PIXELS]),
        targets: Targets::Values(values),
        indices: (0..IMAGES).collect(),
    };
    (rows, batch)
}

fn curvature(structure: Structure) -> (Tensor, Curvature) {
    let ((rows, batch), workers) = (images(), Workers::new(2).unwrap());
    let mut curvature = Curvature::new(structure, &Linear).unwrap();
    let normal = Normal { variance: VARIANCE };
    let _ = curvature.add(&member(), &batch, &normal, &noise(2, 0), &workers).unwrap();
    assert_eq!(curvature.images(), IMAGES as u64);
    (rows, curvature)
}

/// Draws around the weights, `[outputs (pixels + 1), draws]`: the rows of weight and bias one after another.
fn draws(curvature: &Curvature, width: Width) -> Tensor {
    let gaussian = Gaussian::new(member(), curvature, &Workers::new(2).unwrap()).unwrap();
    let draw = |chain| {
        let drawn = gaussian.draw(width, &mut noise(3, chain)).parameters;
        let [weight, bias] = drawn.tensors() else { panic!("two parameters") };
        Tensor::cat(&[weight, &bias.unsqueeze(1)], 1).reshape([-1])
    };
    Tensor::stack(&(0..DRAWS).map(draw).collect::<Vec<_>>(), 1)
}

/// The law with this covariance around the weights.
fn law(covariance: Tensor) -> GaussianLaw {
    let centre = member().parameters;
    let [weight, bias] = centre.tensors() else { panic!("two parameters") };
    let mean = Tensor::cat(&[weight, &bias.unsqueeze(1)], 1).reshape([-1, 1]).to_kind(Kind::Double);
    GaussianLaw { mean, covariance }
}

fn identity(size: i64) -> Tensor {
    Tensor::eye(size, (Kind::Double, Device::Cpu))
}

/// False alarms: 5 standard errors, of three numbers.
#[test]
fn the_factors_of_a_linear_regression_are_those_of_its_hessian() {
    let (rows, curvature) = curvature(Structure::Kron);
    let factors = curvature.factors();
    let [inputs, gradients] = &factors[0][..] else { panic!("two factors") };
    let second_moment = rows.tr().matmul(&rows) / IMAGES as f64;
    assert!(inputs.allclose(&second_moment, 1e-9, 1e-12, false));
    let error = |i: i64, j: i64| {
        let standard = (if i == j { 2.0 } else { 1.0 } / IMAGES as f64).sqrt();
        let expected = if i == j { 1.0 } else { 0.0 };
        (gradients.double_value(&[i, j]) * VARIANCE - expected).abs() / standard
    };
    for (i, j) in [(0, 0), (0, 1), (1, 1)] {
        assert!(error(i, j) < 5.0, "{i}, {j}: {} standard errors", error(i, j));
    }
}

/// The prior is so weak that it is flat; the error of G is half of the draws' own.
#[test]
fn draws_of_a_linear_regression_are_from_its_posterior() {
    let (rows, curvature) = curvature(Structure::Kron);
    let width = Width { scale: IMAGES as f64, precision: 1e-12 };
    let moments = Moments::of(&draws(&curvature, width));
    let inverse = rows.tr().matmul(&rows).inverse().contiguous();
    moments.assert_law(&law((identity(OUTPUTS) * VARIANCE).kron(&inverse)));
    // And not those of another number of observations.
    moments.assert_not_law(&law((identity(OUTPUTS) * (2.0 * VARIANCE)).kron(&inverse)));
}

#[test]
fn the_covariance_of_draws_is_the_product_of_the_inverse_factors() {
    let (_, curvature) = curvature(Structure::Kron);
    let width = Width { scale: 500.0, precision: 30.0 };
    let factors = curvature.factors();
    let [inputs, gradients] = [0, 1].map(|k| {
        let factor = &factors[0][k];
        (factor * width.scale.sqrt() + identity(factor.size()[0]) * width.precision.sqrt())
            .inverse()
            .contiguous()
    });
    Moments::of(&draws(&curvature, width)).assert_law(&law(gradients.kron(&inputs)));
}

#[test]
fn draws_of_the_diagonal_have_the_inverse_of_the_posterior_s_precision_and_are_independent() {
    let (rows, curvature) = curvature(Structure::Diagonal);
    let width = Width { scale: 500.0, precision: 30.0 };
    // F_oi = E g_o^2 a_i^2, and g_o has the variance 1 / s^2 whatever a is.
    let expected = (rows.square().mean_dim(0, false, Kind::Double) / VARIANCE).repeat([OUTPUTS]);
    let found = curvature.factors()[0][0].reshape([-1]);
    assert!(found.allclose(&expected, 0.1, 0.0, false), "{found:?} {expected:?}");
    let variances = (found * width.scale + width.precision).reciprocal();
    Moments::of(&draws(&curvature, width)).assert_law(&law(variances.diag(0)));
}
