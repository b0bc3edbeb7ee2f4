//! Plain split R-hat and effective sample size of chains whose law is known.

use bal_core::{NoiseKey, NoiseStream, Purpose};
use bal_diagnostics::{effective_sample_size, split_r_hat};
use tch::{Device, Kind, Tensor};

/// Four autoregressive chains of unit variance around `centre(chain)`.
fn autoregressive(rho: f64, n: usize, centre: impl Fn(usize) -> f64) -> Vec<Vec<f64>> {
    (0..4)
        .map(|chain| {
            let key = NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain: chain as u64 };
            let like = Tensor::zeros([n as i64], (Kind::Double, Device::Cpu));
            let noise = Vec::<f64>::try_from(NoiseStream::new(key).normal_like(&like)).unwrap();
            let mut x = noise[0];
            noise
                .iter()
                .map(|e| {
                    x = rho * x + (1.0 - rho * rho).sqrt() * e;
                    x + centre(chain)
                })
                .collect()
        })
        .collect()
}

#[test]
fn chains_that_agree_have_r_hat_one_and_chains_apart_do_not() {
    assert!((split_r_hat(&autoregressive(0.0, 2000, |_| 0.0)) - 1.0).abs() < 0.01);
    assert!(split_r_hat(&autoregressive(0.0, 2000, |c| c as f64)) > 1.3);
}

#[test]
fn effective_size_is_that_of_an_autoregressive_law() {
    for rho in [0.0, 0.5, 0.9] {
        let expected = 4.0 * 20_000.0 * (1.0 - rho) / (1.0 + rho);
        let found = effective_sample_size(&autoregressive(rho, 20_000, |_| 0.0));
        assert!((found / expected - 1.0).abs() < 0.1, "rho {rho}: {found} for {expected}");
    }
}
