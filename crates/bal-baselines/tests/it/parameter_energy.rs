//! The energy that the settings of the parameter chains are about, and the temperature that they run at.

use crate::{
    bal_settings::{bal, settings, with_sampler},
    methods::{adam, fit},
};
use bal_baselines::{AdversarialTraining, Bal, BalSettings, Epochs, LastBatch, ParameterEnergy};

/// Settings of the parameter chains' sampler that are about the sum over the training images.
pub(crate) const SUMMED: (&str, &str) = ("steps = 2\n", "steps = 2\nenergy = \"sum\"\n");

/// BAL with this sampler, about the mean over the training images or about their sum.
fn sampled(energy: &str, table: &str) -> Bal {
    let mut settings = with_sampler(table).unwrap();
    settings.parameters.energy = if energy == "sum" { ParameterEnergy::Sum } else { ParameterEnergy::Mean };
    Bal::new(settings).unwrap()
}

/// With N = 100 images: temperatures are N times as high, gradients N times as large, and steps without a preconditioner
/// N times as short.
#[test]
fn settings_about_the_sum_are_those_about_the_mean_in_other_units() {
    let adaptive = "friction = \"matched\"\ngradient_noise = \"none\"\ntau = 5.0\nsecond_moment = \"persist\"\n\
        injected_noise = \"root\"\n";
    let momentum = "friction = 0.1\ngradient_noise = 0.0\n";
    let pairs = [
        (
            "[parameters.sgld]\nstep_size = 0.01\ntemperature = 1e-3\n".to_string(),
            "[parameters.sgld]\nstep_size = 0.0001\ntemperature = 0.1\n".to_string(),
        ),
        (
            format!("[parameters.sghmc]\nstep_size = 0.01\ntemperature = 1e-3\n{momentum}"),
            format!("[parameters.sghmc]\nstep_size = 0.0001\ntemperature = 0.1\n{momentum}"),
        ),
        (
            format!(
                "[parameters.sgadald]\nstep_size = 0.1\ntemperature = 1e-3\npreconditioner_floor = 1e-5\n\
                 initial_second_moment = 1e-4\n{adaptive}"
            ),
            format!(
                "[parameters.sgadald]\nstep_size = 0.1\ntemperature = 0.1\npreconditioner_floor = 0.1\n\
                 initial_second_moment = 1.0\n{adaptive}"
            ),
        ),
        (
            "[parameters.psgld]\nstep_size = 0.01\ntemperature = 1e-3\ndecay = 0.9\npreconditioner_floor = 0.1\n\
             initial_second_moment = 1e-4\n"
                .to_string(),
            "[parameters.psgld]\nstep_size = 0.01\ntemperature = 0.1\ndecay = 0.9\npreconditioner_floor = 10.0\n\
             initial_second_moment = 1.0\n"
                .to_string(),
        ),
    ];
    for (of_mean, of_sum) in pairs {
        let [mut seen, mut seen_of_sum] = [vec![], vec![]];
        let mean = fit(&sampled("mean", &of_mean), 1, None, &mut seen);
        let sum = fit(&sampled("sum", &of_sum), 1, None, &mut seen_of_sum);
        for (a, b) in mean.members.iter().zip(&sum.members) {
            for (a, b) in a.parameters.tensors().iter().zip(b.parameters.tensors()) {
                assert!(a.allclose(b, 1e-3, 1e-4, false), "{of_sum}: {a} {b}");
            }
        }
        let [chains, of_sums] = [seen.pop().unwrap().1.chains, seen_of_sum.pop().unwrap().1.chains];
        let holds_v = of_sum.contains("second_moment");
        for (a, b) in chains.iter().zip(&of_sums).filter(|_| holds_v) {
            let ratio = b.state.memory[0].first() / a.state.memory[0].first();
            assert!((ratio / 1e4 - 1.0).abs().max().double_value(&[]) < 1e-2, "{of_sum}");
        }
        let [a, b] = [mean, sum].map(|posterior| posterior.regime.unwrap());
        for (a, b) in a.temperature.iter().zip(&b.temperature) {
            assert!((a.1 - b.1).abs() < 1e-3 * b.1, "{of_sum}: {a:?} {b:?}");
        }
        for (a, b) in a.gradient.iter().zip(&b.gradient) {
            assert!((100.0 * a.1 - b.1).abs() < 1e-2 * b.1, "{of_sum}: {a:?} {b:?}");
        }
        assert_eq!((a.temperature.len(), a.gradient.len()), (3, if holds_v { 4 } else { 0 }));
        assert_eq!(a.floor_share, b.floor_share);
    }
}

#[test]
fn the_energy_of_the_settings_is_kept_in_files_and_absent_where_it_is_the_mean() {
    let text = toml::to_string(&settings(&[SUMMED])).unwrap();
    assert!(text.contains("energy = \"sum\""), "{text}");
    assert_eq!(toml::from_str::<BalSettings>(&text).unwrap().parameters.energy, ParameterEnergy::Sum);
    let said = ("steps = 2\n", "steps = 2\nenergy = \"mean\"\n");
    for changes in [&[][..], &[said]] {
        assert!(!toml::to_string(&settings(changes)).unwrap().contains("energy"));
    }
}

/// Matched friction, at a temperature of 1e-3 of the mean over 100 images.
#[test]
fn what_ran_at_which_temperature_is_said_of_samplers_and_of_nothing_else() {
    let regime = fit(&bal(&[]).unwrap(), 1, None, &mut vec![]).regime.unwrap();
    assert!(regime.temperature.iter().all(|(_, t)| (t - 0.1).abs() < 1e-6), "{regime:?}");
    assert!(regime.gradient.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{regime:?}");
    assert!(regime.floor_share.is_some_and(|share| (0.0..=1.0).contains(&share)));
    let schedule = Epochs { epochs: 1, batch_size: 40, last_batch: LastBatch::Keep };
    let erm = AdversarialTraining::erm(adam(), schedule).unwrap();
    assert_eq!(fit(&erm, 1, None, &mut vec![]).regime, None);
}
