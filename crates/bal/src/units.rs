//! Settings in the units that comparisons need.

use crate::experiment::Experiment;
use bal_baselines::LossScale;
use std::collections::BTreeMap;

/// Temperatures, steps and costs in both forms.
///
/// `parameters.temperature` multiplies the mean energy over images; times N it is the temperature
/// of the posterior itself. `data.*_per_image` refer to one image's energy (eq. 6), whatever the
/// experiment's own unit is, for a full batch.
pub(crate) fn units(experiment: &Experiment) -> BTreeMap<String, f64> {
    let mut units = BTreeMap::new();
    let Some(settings) = experiment.bal.as_ref().or(experiment.bnn.as_ref()) else { return units };
    let mut put = |name: &str, value: f64| units.insert(name.to_string(), value);
    let temperature = settings.parameters.temperature();
    put("parameters.temperature", temperature);
    put("parameters.posterior_temperature", temperature * experiment.train_images as f64);
    if let Some(data) = &settings.data {
        let scale = match data.loss_scale {
            LossScale::PerImage => 1.0,
            LossScale::BatchMean => settings.schedule.batch_size as f64 * settings.data_chains as f64,
        };
        put("data.temperature", data.temperature);
        put("data.temperature_per_image", data.temperature * scale);
        put("data.first_step_size_per_image", data.step_size.largest() / scale);
        put("data.cost_weight_per_image", data.cost_weight * scale);
    }
    units
}
