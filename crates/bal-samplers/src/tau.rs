//! How far back a second moment looks.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor},
};
use std::fmt;

const AUTOMATIC: &str = "automatic";

/// The number of past gradients that the second moment averages over.
///
/// In files a number, `2.0`, or `"automatic"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tau {
    /// The same for all coordinates and steps: `V <- (1 - 1/tau) V + g^2/tau`; finite and >= 1.
    Fixed(f64),
    /// Chosen for each coordinate during adaptation, then frozen.
    ///
    /// ```text
    /// r = 1 / (tau + 1)
    /// tau  <- tau + 1 - tau gbar^2 / V
    /// gbar <- gbar + r (g - gbar)
    /// V    <- V + r (g^2 - V)
    /// ```
    ///
    /// All right-hand sides are old values; tau, gbar and V start as 1. A noisy gradient lengthens
    /// tau, a steady one shortens it.
    ///
    /// Source: Springenberg et al., NeurIPS 2016, eq. 8 to 9.
    Automatic,
}

impl Serialize for Tau {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Fixed(tau) => serializer.serialize_f64(tau),
            Self::Automatic => serializer.serialize_str(AUTOMATIC),
        }
    }
}

impl<'de> Deserialize<'de> for Tau {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrWord)
    }
}

struct NumberOrWord;

impl Visitor<'_> for NumberOrWord {
    type Value = Tau;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or \"automatic\"")
    }

    fn visit_f64<E>(self, tau: f64) -> Result<Tau, E> {
        Ok(Tau::Fixed(tau))
    }

    fn visit_i64<E>(self, tau: i64) -> Result<Tau, E> {
        Ok(Tau::Fixed(tau as f64))
    }

    fn visit_u64<E>(self, tau: u64) -> Result<Tau, E> {
        Ok(Tau::Fixed(tau as f64))
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Tau, E> {
        if word == AUTOMATIC {
            Ok(Tau::Automatic)
        } else {
            Err(E::invalid_value(Unexpected::Str(word), &self))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        tau: Tau,
    }

    #[test]
    fn files_give_a_number_or_the_word_and_get_them_back() {
        for (text, tau) in [
            ("tau = 2.5", Tau::Fixed(2.5)),
            ("tau = 2", Tau::Fixed(2.0)),
            ("tau = \"automatic\"", Tau::Automatic),
        ] {
            let holder = toml::from_str::<Holder>(text).unwrap();
            assert_eq!(holder, Holder { tau });
            assert_eq!(toml::from_str::<Holder>(&toml::to_string(&holder).unwrap()).unwrap(), holder);
        }
    }

    #[test]
    fn another_word_is_refused_with_what_it_may_be() {
        let error = toml::from_str::<Holder>("tau = \"auto\"").unwrap_err().to_string();
        assert!(error.contains("\"auto\", expected a number or \"automatic\""), "{error}");
    }
}
