//! Settings in the units that comparisons need.

use crate::experiment::Experiment;
use bal_samplers::Sampler;
use std::collections::BTreeMap;

/// Temperatures, steps and costs in both forms.
///
/// `parameters.temperature` multiplies the mean energy over images; times N it is the temperature
/// of the posterior itself. `data.*_per_image` refer to one image's energy (eq. 6), whatever the
/// experiment's own unit is, for a full batch.
pub(crate) fn units(experiment: &Experiment) -> BTreeMap<String, f64> {
    let mut units = BTreeMap::new();
    let Some(settings) = experiment.chains() else { return units };
    let mut put = |name: &str, value: f64| units.insert(name.to_string(), value);
    let temperature = settings.parameters.sampler.temperature();
    put("parameters.temperature", temperature);
    put("parameters.posterior_temperature", temperature * experiment.train_images as f64);
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
