//! Settings in the units that comparisons need.

use crate::experiment::Experiment;
use bal_baselines::ParameterEnergy;
use bal_samplers::Sampler;
use std::collections::BTreeMap;

/// Temperatures, steps and costs in both forms.
///
/// `parameters.temperature` multiplies the mean energy over images, whatever `energy` is; times N it is the temperature
/// of the posterior itself. `data.*_per_image` refer to one image's energy (eq. 6), whatever the
/// experiment's own unit is, for a full batch.
pub(crate) fn units(experiment: &Experiment) -> BTreeMap<String, f64> {
    let mut units = BTreeMap::new();
    let Some(settings) = experiment.chains() else { return units };
    let mut put = |name: &str, value: f64| units.insert(name.to_string(), value);
    let (energy, images) = (settings.parameters.energy, experiment.train_images as u64);
    let temperature = settings.parameters.sampler.temperature();
    let of_mean = match energy {
        ParameterEnergy::Mean => temperature,
        ParameterEnergy::Sum => temperature / images as f64,
    };
    put("parameters.temperature", of_mean);
    put("parameters.posterior_temperature", temperature * energy.posterior_temperature(images));
    if let Some(data) = &settings.data {
        let scale = settings.energy_per_image(settings.schedule.batch_size);
        put("data.temperature", data.sampler.temperature());
        put("data.temperature_per_image", data.sampler.temperature() * scale);
        // Of Langevin dynamics alone: the steps of the others are in units of their own.
        if let Sampler::Sgld(sgld) = data.sampler {
            put("data.first_step_size_per_image", sgld.step_size.largest() / scale);
        }
        put("data.cost_weight_per_image", data.cost_weight * scale);
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Origin;

    #[test]
    fn temperatures_are_of_the_mean_and_of_the_posterior_whatever_the_settings_are_about() {
        let set = ["bal.parameters.sgadald.temperature=2.0".to_string()];
        let experiment = Experiment::read(&Origin::BuiltIn, "mnist-bal-exact.toml", &set, None).unwrap();
        let mut changed = serde_json::to_value(&experiment).unwrap();
        changed["bal"]["parameters"]["energy"] = "sum".into();
        let changed: Experiment = serde_json::from_value(changed).unwrap();
        let [mean, sum] = [&experiment, &changed].map(units);
        let of = |units: &BTreeMap<String, f64>| {
            ["parameters.temperature", "parameters.posterior_temperature"].map(|name| units[name])
        };
        assert_eq!(of(&mean).map(f64::to_bits), [2.0, 2.0 * 59_000.0].map(f64::to_bits));
        assert_eq!(of(&sum).map(f64::to_bits), [2.0 / 59_000.0, 2.0].map(f64::to_bits));
    }
}
