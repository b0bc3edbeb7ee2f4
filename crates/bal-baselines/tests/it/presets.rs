//! What the settings of BAL mean: two spellings of one energy, the clean loss's weight, the prior.

use crate::small::{images, task};
use bal_baselines::{Bal, BalSettings};
use bal_core::{Method, Metrics, Posterior, Workers};
use std::ops::ControlFlow;

const IMAGES: i64 = 60;

fn settings(text: &str) -> BalSettings {
    toml::from_str(text).unwrap()
}

/// Data chains with these settings, weights that stay where they are but for a step too small to see.
fn text(data: &str, parameters: &str, data_chains: u32) -> String {
    format!(
        r#"
        schedule = {{ epochs = 1, batch_size = 30 }}
        data_chains = {data_chains}
        parameter_chains = 2
        samples = "last"
        prediction = "mean-logits"
        ensemble_gradient = "member-mean"
        mixing = {{ images = 0, every = 1, burn_in = 0 }}
        [data]
        steps = 4
        {data}
        start = "clean"
        [parameters]
        steps = 1
        mode = "evaluate"
        {parameters}
        [parameters.sgadald]
        step_size = 0.05
        temperature = 0.0
        friction = "matched"
        gradient_noise = "none"
        tau = 2.0
        preconditioner_floor = 1e-5
        initial_second_moment = 1.0
        second_moment = "persist"
        injected_noise = "root"
        "#
    )
}

fn fit(text: &str) -> (Posterior, Vec<Metrics>) {
    let workers = Workers::new(1).unwrap();
    let (images, held_out) = (images(IMAGES), images(1));
    let mut seen = Vec::new();
    let bal = Bal::new(settings(text)).unwrap();
    let posterior = bal.fit(&task(&images, &held_out, &workers), &mut |progress| {
        seen.push(progress.metrics);
        ControlFlow::Continue(())
    });
    (posterior.unwrap(), seen)
}

fn first_weights(posterior: &Posterior) -> Vec<f32> {
    Vec::try_from(posterior.members[0].parameters.first().reshape([-1])).unwrap()
}

fn assert_close(a: &[f32], b: &[f32]) {
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() < 1e-5 * a.abs().max(1.0), "{a} {b}");
    }
}

const EQ_7: &str = "clean_weight = 0.0\nreduction = \"mean\"\nprior = \"flat\"";

/// With B = 30 and `S_z` = 2: step e / 60, cost weight 60 alpha, temperature 60 T.
#[test]
fn a_mean_over_the_batch_is_a_per_image_energy_with_scaled_settings() {
    let batch = "loss_scale = \"batch_mean\"\nstep_size = { first = 6.0, ratio = 0.5 }\ncost_weight = 0.01\n\
                 temperature = 1e-5";
    let image = "loss_scale = \"per_image\"\nstep_size = { first = 0.1, ratio = 0.5 }\ncost_weight = 0.6\n\
                 temperature = 6e-4";
    let (a, seen_a) = fit(&text(batch, EQ_7, 2));
    let (b, seen_b) = fit(&text(image, EQ_7, 2));
    assert_close(&first_weights(&a), &first_weights(&b));
    for (a, b) in seen_a.iter().zip(&seen_b) {
        assert!((a.l2.unwrap() - b.l2.unwrap()).abs() < 1e-6 && a.l2.unwrap() > 0.01);
        assert!((a.data_energy.unwrap() - b.data_energy.unwrap()).abs() < 1e-5);
    }
}

/// With data chains that do not move (T = 0, no pull: a step too small to see), adversarial and clean
/// loss are the same number l: the mean gives l whatever the clean weight, the sum `S_z` l.
#[test]
fn a_sum_over_data_chains_counts_the_clean_loss_as_often() {
    let still = "loss_scale = \"per_image\"\nstep_size = 1e-12\ncost_weight = 0.0\ntemperature = 0.0";
    let loss = |reduction: &str, clean: f64, chains: u32| {
        let parameters = format!("clean_weight = {clean:?}\nreduction = \"{reduction}\"\nprior = \"flat\"");
        fit(&text(still, &parameters, chains)).1[0].loss
    };
    let l = loss("mean", 0.0, 1);
    for (reduction, clean, chains, expected) in [
        ("mean", 0.5, 1, l),
        ("mean", 0.3, 3, l),
        ("sum", 0.5, 1, l),
        ("sum", 0.5, 3, 3.0 * l),
        ("sum", 1.0, 3, 3.0 * l),
    ] {
        let found = loss(reduction, clean, chains);
        assert!(
            (found - expected).abs() < 1e-5 * expected,
            "{reduction} {clean} {chains}: {found} {expected}"
        );
    }
}

/// Eq. 7 has the prior once for all N images: `|w|^2 / (2 s^2 N)`.
#[test]
fn the_prior_counts_once_for_all_images() {
    let still = "loss_scale = \"per_image\"\nstep_size = 1e-12\ncost_weight = 0.0\ntemperature = 0.0";
    let excess = |scale: f64| {
        let parameters =
            format!("clean_weight = 0.0\nreduction = \"mean\"\nprior = {{ gaussian = {scale:?} }}");
        let seen = fit(&text(still, &parameters, 1)).1;
        seen[0].parameter_energy.unwrap() - seen[0].loss
    };
    // The first sweep sees the initial weights, the same for both scales.
    let (wide, narrow) = (excess(2.0), excess(0.5));
    assert!((narrow / wide - 16.0).abs() < 1e-4, "{narrow} {wide}");
    let (images, held_out, workers) = (images(IMAGES), images(1), Workers::new(1).unwrap());
    let task = task(&images, &held_out, &workers);
    let squares: f64 = (0..2)
        .map(|chain| {
            let key = bal_core::NoiseKey {
                seed: task.seed,
                purpose: bal_core::Purpose::Initialisation,
                sweep: 0,
                chain,
            };
            let (weights, _) = task.architecture(0).init(&mut bal_core::NoiseStream::new(key));
            let square = |w: &tch::Tensor| w.square().sum(tch::Kind::Double).double_value(&[]);
            weights.tensors().iter().map(square).sum::<f64>() / 2.0
        })
        .sum();
    let expected = squares / (2.0 * 0.25 * IMAGES as f64);
    assert!((narrow - expected).abs() < 1e-4 * expected, "{narrow} {expected}");
}
