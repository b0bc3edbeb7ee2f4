//! What a training run costs, by its experiment.

use serde_json::Value;

/// Gradients of the loss that an experiment takes for each of its training images, over all epochs; `None` for what is
/// no experiment.
///
/// ```text
/// BAL:         epochs (S_z S_w M_z + S_w M_w (S_z + c)),    c = 1 where the clean images' loss counts, else 0
/// adversarial: epochs (steps + 1 + c),                      WRM: one more, for its first point
/// Laplace:     1 for each of its images
/// `AdvGAN`:    epochs (V + 1),                              for V victims and the generator
/// ```
pub fn gradients(experiment: &Value) -> Option<f64> {
    let number = |value: &Value| value.as_f64();
    let clean = |table: &Value| f64::from(u8::from(table["clean_weight"].as_f64().is_some_and(|w| w > 0.0)));
    let epochs = |table: &Value| number(&table["schedule"]["epochs"]);
    for name in ["bal", "bnn"] {
        let bal = &experiment[name];
        if bal.is_object() {
            let (images, networks) = (number(&bal["data_chains"])?, number(&bal["parameter_chains"])?);
            let parameters = networks * number(&bal["parameters"]["steps"])?;
            let per_epoch = match number(&bal["data"]["steps"]) {
                Some(steps) => images * networks * steps + parameters * (images + clean(&bal["parameters"])),
                None => parameters,
            };
            return Some(per_epoch * epochs(bal)?);
        }
    }
    let training = &experiment["adversarial_training"];
    if training.is_object() {
        let steps = training["attack"]["settings"]["steps"].as_f64().unwrap_or(1.0);
        return Some((steps + 1.0 + clean(training)) * epochs(training)?);
    }
    let wrm = &experiment["wrm"];
    if wrm.is_object() {
        return Some((number(&wrm["ascent"]["steps"])? + 2.0 + clean(wrm)) * epochs(wrm)?);
    }
    let laplace = &experiment["laplace"];
    if laplace.is_object() {
        return Some(number(&laplace["images"])? / number(&experiment["train_images"])?);
    }
    let advgan = &experiment["advgan"];
    if advgan.is_object() {
        let named = |key: &str| advgan["victims"][key].as_array().map_or(0, Vec::len);
        return Some((named("experiments") + named("files") + 1) as f64 * epochs(advgan)?);
    }
    epochs(&experiment["erm"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn gradients_are_counted_by_the_settings() {
        let bal = json!({"bal": {
            "data_chains": 1, "parameter_chains": 5, "schedule": {"epochs": 2}, "data": {"steps": 15},
            "parameters": {"steps": 15, "clean_weight": 0.5},
        }});
        assert_eq!(gradients(&bal), Some(450.0));
        let bnn = json!({"bnn": {
            "data_chains": 1, "parameter_chains": 5, "schedule": {"epochs": 2},
            "parameters": {"steps": 15, "clean_weight": 1.0},
        }});
        assert_eq!(gradients(&bnn), Some(150.0));
        let pgd = json!({"adversarial_training": {
            "clean_weight": 0.5, "schedule": {"epochs": 26}, "attack": {"settings": {"steps": 15}},
        }});
        assert_eq!(gradients(&pgd), Some(442.0));
        let wrm = json!({"wrm": {"clean_weight": 0.5, "schedule": {"epochs": 2}, "ascent": {"steps": 15}}});
        assert_eq!(gradients(&wrm), Some(36.0));
        assert_eq!(gradients(&json!({"erm": {"schedule": {"epochs": 15}}})), Some(15.0));
        let laplace = json!({"train_images": 60_000, "laplace": {"images": 15_000, "members": 5}});
        assert_eq!(gradients(&laplace), Some(0.25));
        let advgan = json!({"advgan": {
            "schedule": {"epochs": 60}, "victims": {"experiments": ["a.toml"], "files": ["b"]},
        }});
        assert_eq!(gradients(&advgan), Some(180.0));
        assert_eq!(gradients(&json!({"name": "nothing"})), None);
    }
}
