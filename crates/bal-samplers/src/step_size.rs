//! How long the steps of a chain are.

use crate::{
    SamplerError,
    error::{require, require_positive},
};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::fmt;

/// The step sizes of a chain, in units of position squared over energy.
///
/// In files a number, `0.026`, or a table, `{ first = 0.29, ratio = 0.25 }`.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(untagged)]
pub enum StepSize {
    /// The same in every step; finite and > 0.
    Constant(f64),
    /// `first * ratio^(k-1)` in step k = 1, 2, .. of the chain's life.
    Geometric {
        /// First step size; finite and > 0.
        first: f64,
        /// Factor from one step size to the next, in `(0, 1]`.
        ratio: f64,
    },
}

impl StepSize {
    /// The step size after `done` steps.
    pub fn after(self, done: u64) -> f64 {
        match self {
            Self::Constant(size) => size,
            Self::Geometric { first, ratio } => first * ratio.powf(done as f64),
        }
    }

    /// All of them times `factor`.
    #[must_use]
    pub(crate) fn times(self, factor: f64) -> Self {
        match self {
            Self::Constant(size) => Self::Constant(size * factor),
            Self::Geometric { first, ratio } => Self::Geometric { first: first * factor, ratio },
        }
    }

    /// The largest of all: the first.
    pub fn largest(self) -> f64 {
        self.after(0)
    }

    /// # Errors
    /// [`SamplerError::OutOfRange`] naming the number that is.
    pub(crate) fn check(self) -> Result<(), SamplerError> {
        match self {
            Self::Constant(size) => require_positive("step_size", size),
            Self::Geometric { first, ratio } => {
                require_positive("step_size.first", first)?;
                require(ratio > 0.0 && ratio <= 1.0, "step_size.ratio", "in (0, 1]", ratio)
            }
        }
    }
}

impl<'de> Deserialize<'de> for StepSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrTable)
    }
}

/// A visitor rather than an untagged enum: it can say which key of the table is wrong.
struct NumberOrTable;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    first: f64,
    ratio: f64,
}

impl<'de> Visitor<'de> for NumberOrTable {
    type Value = StepSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a table { first = .., ratio = .. }")
    }

    fn visit_f64<E>(self, size: f64) -> Result<StepSize, E> {
        Ok(StepSize::Constant(size))
    }

    fn visit_i64<E>(self, size: i64) -> Result<StepSize, E> {
        Ok(StepSize::Constant(size as f64))
    }

    fn visit_u64<E>(self, size: u64) -> Result<StepSize, E> {
        Ok(StepSize::Constant(size as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<StepSize, A::Error> {
        let Table { first, ratio } = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(StepSize::Geometric { first, ratio })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Holder {
        step_size: StepSize,
    }

    #[test]
    fn the_released_decay_is_a_quarter_a_step() {
        let size = StepSize::Geometric { first: 0.32, ratio: 0.25 };
        for (done, expected) in [(0, 0.32), (1, 0.08), (2, 0.02), (u64::MAX, 0.0)] {
            assert!((size.after(done) - expected).abs() < 1e-15);
        }
        assert!((size.largest() - 0.32).abs() < 1e-15);
    }

    #[test]
    fn a_constant_stays() {
        let size = StepSize::Constant(0.026);
        assert!([size.after(0), size.after(7), size.largest()].iter().all(|s| (s - 0.026).abs() < 1e-15));
    }

    #[test]
    fn files_give_a_number_or_a_table_and_get_them_back() {
        for (text, step_size) in [
            ("step_size = 0.026", StepSize::Constant(0.026)),
            ("step_size = 1", StepSize::Constant(1.0)),
            ("step_size = { first = 0.29, ratio = 0.25 }", StepSize::Geometric { first: 0.29, ratio: 0.25 }),
        ] {
            let holder = toml::from_str::<Holder>(text).unwrap();
            assert_eq!(holder, Holder { step_size });
            assert_eq!(toml::from_str::<Holder>(&toml::to_string(&holder).unwrap()).unwrap(), holder);
            let json = serde_json::to_string(&holder).unwrap();
            assert_eq!(serde_json::from_str::<Holder>(&json).unwrap(), holder);
        }
    }

    #[test]
    fn what_is_wrong_in_a_file_is_named() {
        for (text, complaint) in [
            ("step_size = { first = 0.29, raito = 0.25 }", "unknown field `raito`"),
            ("step_size = { first = 0.29 }", "missing field `ratio`"),
            ("step_size = \"small\"", "expected a number or a table { first = .., ratio = .. }"),
        ] {
            let error = toml::from_str::<Holder>(text).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
