//! What a setting means, read from the comment of its field.

use super::Experiment;
use schemars::schema_for;
use serde_json::Value;
use std::sync::LazyLock;

/// What a setting of an experiment means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The first paragraph of the field's documentation, as plain text on one line.
    pub text: String,
    /// The words that the setting may be; empty for numbers and names.
    pub words: Vec<String>,
}

impl Meaning {
    /// The text, with the words where the text does not name them.
    pub fn line(&self) -> String {
        let Self { text, words } = self;
        if words.len() < 2 || words.iter().all(|word| text.contains(word)) {
            return text.clone();
        }
        format!("{} One of: {}.", text, words.join(", "))
    }
}

impl Experiment {
    /// What the setting at a dotted key means, such as `bal.data.temperature`; `None` where there is no such setting.
    pub fn meaning(key: &str) -> Option<Meaning> {
        static SETTINGS: LazyLock<Value> = LazyLock::new(|| schema_for!(Experiment).to_value());
        let (mut here, mut description) = (&*SETTINGS, None);
        for name in key.split('.') {
            (here, description) = field(&SETTINGS, here, name)?;
        }
        let paragraph = description?.split("\n\n").next()?;
        let mut words = Vec::new();
        gather(&SETTINGS, here, &mut words);
        Some(Meaning { text: paragraph.replace('\n', " ").replace('`', ""), words })
    }
}

/// The field `name` of an object, or of whichever of its forms has one, and what is said about it: by its own comment, else
/// by the form's (a variant of an enum), else by its type's.
fn field<'a>(root: &'a Value, schema: &'a Value, name: &str) -> Option<(&'a Value, Option<&'a str>)> {
    let schema = resolved(root, schema);
    if let Some(field) = schema["properties"].get(name) {
        let said = [field, schema, resolved(root, field)].map(|schema| schema["description"].as_str());
        let [own, form, of_type] = said;
        let form = form.filter(|_| schema["properties"].as_object().is_some_and(|all| all.len() == 1));
        return Some((field, own.or(form).or(of_type)));
    }
    forms(schema).find_map(|form| self::field(root, form, name))
}

/// Gathers the words that a value of this schema may be.
fn gather(root: &Value, schema: &Value, into: &mut Vec<String>) {
    let schema = resolved(root, schema);
    let one_of = schema["enum"].as_array().into_iter().flatten().chain(schema.get("const"));
    into.extend(one_of.filter_map(Value::as_str).map(ToString::to_string));
    forms(schema).for_each(|form| gather(root, form, into));
}

/// The schema that a reference names, perhaps by another one; itself where it is none.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
    name.map_or(schema, |name| resolved(root, &root["$defs"][name]))
}

/// The forms that a value may have.
fn forms(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|of| schema[of].as_array()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &str) -> String {
        Experiment::meaning(key).unwrap_or_else(|| panic!("{key}")).line()
    }

    #[test]
    fn a_setting_means_what_the_comment_of_its_field_says() {
        assert_eq!(line("bal.data_chains"), "Data chains for each image, S_z of the paper; at least 1.");
        assert!(line("bal.data.step_size").starts_with("Step size e of the data chains, in pixels squared"));
        assert!(line("bnn.parameters.energy").starts_with("Energy that the sampler's settings are about"));
        assert!(line("bnn.parameters.sghmc.step_size").contains("position squared over energy"));
        assert!(line("adversarial_training.adam.step_size").contains("Adam"));
        // Only what comes before the first empty line is shown.
        assert!(!line("bal.parameters.sgadald.preconditioner_floor").contains("without bound"));
    }

    #[test]
    fn forms_of_a_setting_are_found_and_words_named_once() {
        assert_eq!(line("bal.data.step_size.first"), "First step size; finite and > 0.");
        let constant = "bal.parameters.sgadald.friction.constant";
        assert!(line(constant).starts_with("The same number for all coordinates"), "{}", line(constant));
        assert_eq!(line("bal.samples.thinned.burn_in"), "Batches before the first sample.");
        assert_eq!(Experiment::meaning("bal.data.start").unwrap().words, ["clean", "persistent", "uniform"]);
        assert_eq!(
            line("bal.data.start"),
            "Where the data chains of a batch begin. One of: clean, persistent, uniform."
        );
        assert_eq!(line("bal.parameters.mode").matches("evaluate").count(), 1);
    }

    #[test]
    fn a_key_that_is_no_setting_means_nothing() {
        for key in ["resized", "bal.data.temprature", "bal.data.temperature.first", ""] {
            assert_eq!(Experiment::meaning(key), None, "{key}");
        }
    }
}
