//! The laws of all samplers on Gaussian energies whose gradients bring noise, as minibatches do: `g + N(0, s^2)`.
//!
//! With a constant preconditioner the chain stays a linear recursion, so its law is exact at any step size. A variance has
//! a standard error of `(2 / 40000)^1/2`, 0.7 %.

use bal_laws::{
    GaussianLaw, Moments, Replicas, SECOND_MOMENT, Update, column, hamiltonian, langevin, matrix,
};
use bal_samplers::{Friction, GradientNoise, MomentumFriction, Sampler};
use tch::Tensor;

const TEMPERATURE: f64 = 0.7;
const PULL: f64 = 0.2;
const KEPT: f64 = 0.6;

/// Where the chains of a sampler are after `steps` from -1.
fn moved(sampler: &Sampler, steps: u64, curvature: &Tensor, mean: &Tensor, deviations: &[f64]) -> Moments {
    let kernel = sampler.kernel().unwrap();
    let start = vec![-1.0; deviations.len()];
    Replicas::start(&*kernel, &start).advance_noisily(steps, curvature, mean, deviations).moments()
}

/// The noise heats each sampler by its own variance, times the square of what multiplies gradients.
///
/// Can tell: the noise is 32 % and 129 % of what is injected into the coordinates without momentum, 80 % and 321 % with it. A law
/// without it, with twice as much, or with the noise of the other coordinate is 20 standard errors away or more.
///
/// False alarms: 5 numbers at 5 standard errors for each of 5 samplers, 1 in 70,000.
#[test]
fn a_correlated_gaussian_gets_the_covariance_of_the_lyapunov_equation_with_the_gradients_noise() {
    let (curvature, mean) = (matrix(&[[2.0, 0.7], [0.7, 1.0]]), column(&[1.5, -0.5]));
    let deviations = [1.5, 3.0];
    let variances = deviations.map(|s: f64| s * s);
    let check = |sampler: &Sampler, update: Update| {
        let law = |variances: &[f64]| {
            GaussianLaw::stationary(&[update.step(&curvature, &mean, variances)]).of_positions()
        };
        let moments = moved(sampler, 200, &curvature, &mean, &deviations);
        moments.assert_law(&law(&variances));
        moments.assert_not_law(&law(&[0.0; 2]));
        moments.assert_not_law(&law(&variances.map(|s| 2.0 * s)));
        // The noise of each coordinate is its own.
        moments.assert_not_law(&law(&[variances[1], variances[0]]));
    };
    for sampler in langevin(PULL, TEMPERATURE) {
        check(&sampler, Update::at(TEMPERATURE, PULL, 0.0));
    }
    for sampler in hamiltonian(PULL, KEPT, TEMPERATURE) {
        check(&sampler, Update::at(TEMPERATURE, PULL, KEPT));
    }
}

/// A scalar chain on a Gaussian of curvature 1.5 around 0, with gradients that bring noise of variance `brought`.
fn scalar(sampler: &Sampler, brought: f64) -> Moments {
    moved(sampler, 150, &matrix(&[[CURVATURE]]), &column(&[0.0]), &[brought.sqrt()])
}

const CURVATURE: f64 = 1.5;

fn law_of(variance: f64) -> GaussianLaw {
    GaussianLaw { mean: column(&[0.0]), covariance: matrix(&[[variance]]) }
}

/// Gradients that bring noise of variance `2 T b / e` make up for what SGHMC leaves out, whatever e: the law is that of
/// exact gradients with `b = 0`.
///
/// ```text
/// variance  (1 - b/a + e s^2 / (2 T a)) T / (L (1 - e L / (2 (2 - a))))
/// ```
///
/// Can tell: with a b that is ignored the chain has 50 % and 100 % more variance, and with gradients that bring half of what is
/// left out 25 % and 50 % less: 35 standard errors and more.
///
/// False alarms: 2 numbers at 5 standard errors for each of 4 settings, 1 in 210,000.
#[test]
fn sghmc_leaves_out_what_noisy_gradients_bring() {
    let [Sampler::Sghmc(plain), _] = hamiltonian(PULL, KEPT, TEMPERATURE) else {
        panic!("SGHMC is the first")
    };
    let (a, exact) = (plain.friction, Update::at(TEMPERATURE, PULL, KEPT).variance(CURVATURE, 0.0));
    for share in [0.5, 1.0] {
        let b = share * a;
        let brought = 2.0 * TEMPERATURE * b / PULL;
        let mut matched = plain;
        matched.gradient_noise = b;
        let moments = scalar(&Sampler::Sghmc(matched), brought);
        moments.assert_law(&law_of(exact));
        moments.assert_not_law(&law_of(exact * (1.0 - share / 2.0)));
        let heated = scalar(&Sampler::Sghmc(plain), brought);
        heated.assert_law(&law_of(exact * (1.0 + share)));
    }
}

/// Every form of q, at gradient noise of variance V: what `corrected` is made for.
///
/// ```text
/// SGAdaLD    injected  max(0, 2 T C e^3/V - q),            brought  (e^2 V^-1/2)^2 s^2 = e^4
/// SGAdaHMC   injected  max(0, 2 T a e^2 V^-1/2 - q),       brought  e^4
/// ```
///
/// So `corrected`, with `q = e^4`, has the law of exact gradients with `q = 0`, and `printed` that of a variance
/// `e^4 (1 - T)` above it.
///
/// Can tell: q is 29 % of what is injected without momentum, and 71 % with it, 40 standard errors and more; `printed` leaves
/// out 70 % of that, so that it is 11 standard errors and more from `corrected`.
///
/// False alarms: 2 numbers at 5 standard errors for each of 12 chains, 1 in 70,000.
#[test]
fn corrected_noise_is_exact_where_the_second_moment_is_that_of_the_noise() {
    let [_, _, Sampler::Sgadald(langevin)] = langevin(PULL, TEMPERATURE) else {
        panic!("SGAdaLD is the last")
    };
    let [_, Sampler::Sgadahmc(momentum)] = hamiltonian(PULL, KEPT, TEMPERATURE) else {
        panic!("SGAdaHMC is the last")
    };
    let (e, v) = (langevin.step_size, SECOND_MOMENT);
    let q = [
        (GradientNoise::Corrected, e.powi(4)),
        (GradientNoise::Printed, TEMPERATURE * e.powi(4)),
        (GradientNoise::None, 0.0),
    ];
    for (gradient_noise, q) in q {
        let without = [
            (Friction::Matched, 2.0 * TEMPERATURE * PULL),
            (Friction::Constant(1.9), 2.0 * TEMPERATURE * 1.9 * e.powi(3) / v),
        ]
        .map(|(friction, injected)| {
            let mut settings = langevin;
            (settings.friction, settings.gradient_noise) = (friction, gradient_noise);
            (Sampler::Sgadald(settings), Update { kept: 0.0, pull: PULL, noise: injected })
        });
        let constant = MomentumFriction::Constant((1.0 - KEPT) * v.sqrt() / e);
        let with = [MomentumFriction::Decay(1.0 - KEPT), constant].map(|friction| {
            let mut settings = momentum;
            (settings.friction, settings.gradient_noise) = (friction, gradient_noise);
            (Sampler::Sgadahmc(settings), Update::at(TEMPERATURE, PULL, KEPT))
        });
        for (sampler, full) in without.into_iter().chain(with) {
            assert!(full.noise > q, "nothing is cut off at 0");
            let moments = scalar(&sampler, v);
            let update = Update { noise: full.noise - q, ..full };
            moments.assert_law(&law_of(update.variance(CURVATURE, v)));
            let exact = law_of(full.variance(CURVATURE, 0.0));
            match gradient_noise {
                GradientNoise::Corrected => moments.assert_law(&exact),
                GradientNoise::Printed => assert!(moments.distance(&exact) > 10.0),
                GradientNoise::None => moments.assert_not_law(&exact),
            }
        }
    }
}

/// V follows `E g^2`, in which the gradient itself is beside its noise: `V = s^2 + L^2 X` for a chain of variance X. Without
/// momentum what is left out then makes up for the step as well: with `p = e^2 V^-1/2`, `q = e^4 = p^2 E g^2`, and
///
/// ```text
/// X = X - 2 p L X + p^2 E g^2 + 2 T p - q    gives    X = T / L
/// ```
///
/// whatever the step, if the noise of each step is independent of the last one's. With momentum q comes in `1 / a` steps, and
/// the gradient's own part, which stays the same for so long, is left out once too often in each:
///
/// ```text
/// X = (2 T a p - p^2 L^2 X) / (2 a c (1 - c / (2 (2 - a)))),    c = p L:    below T / L
/// ```
///
/// Can tell: exact gradients would have 18 % more variance without momentum, 25 standard errors; with it, the law is 22 % below
/// that of the temperature, 40 standard errors.
///
/// False alarms: 4 numbers at 5 standard errors, 1 in 430,000.
#[test]
fn corrected_noise_makes_up_for_the_step_without_momentum_and_is_too_cold_with_it() {
    let [_, _, Sampler::Sgadald(mut langevin)] = langevin(PULL, TEMPERATURE) else {
        panic!("SGAdaLD is the last")
    };
    let [_, Sampler::Sgadahmc(mut momentum)] = hamiltonian(PULL, KEPT, TEMPERATURE) else {
        panic!("SGAdaHMC is the last")
    };
    langevin.gradient_noise = GradientNoise::Corrected;
    momentum.gradient_noise = GradientNoise::Corrected;
    let (target, a, c) = (TEMPERATURE / CURVATURE, 1.0 - KEPT, PULL * CURVATURE);
    // What gradients have to bring for V to be the second moment of all of it.
    let brought = |variance: f64| SECOND_MOMENT - CURVATURE.powi(2) * variance;

    let moments = scalar(&Sampler::Sgadald(langevin), brought(target));
    moments.assert_law(&law_of(target));
    moments.assert_not_law(&law_of(Update::at(TEMPERATURE, PULL, 0.0).variance(CURVATURE, 0.0)));

    let kept = 2.0 * a * c * (1.0 - c / (2.0 * (2.0 - a)));
    let cold = 2.0 * TEMPERATURE * a * PULL / (kept + c * c);
    let moments = scalar(&Sampler::Sgadahmc(momentum), brought(cold));
    moments.assert_law(&law_of(cold));
    moments.assert_not_law(&law_of(target));
    assert!(cold < 0.81 * target, "{cold} of {target}");
}
