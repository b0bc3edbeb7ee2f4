//! The settings of SGAdaLD, as experiment files spell them.

use crate::{
    GradientNoise, SamplerError, SecondMoment, Tau,
    adaptation::Adaptation,
    error::{require_non_negative, require_positive},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The friction C: how much noise is injected.
///
/// In files `{ constant = 1.0 }` or `"matched"`.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Friction {
    /// The same number for all coordinates, finite and > 0 (the paper's). Not invariant for
    /// `exp(-U/T)`: a coordinate's variance then scales with `C e V^-1/2`.
    Constant(f64),
    /// `C = V^1/2 / e` for each coordinate: invariant for `exp(-U/T)` up to O(e^2), V fixed.
    Matched,
}

/// What multiplies the standard normal n.
///
/// In files `"root"` or `"unrooted"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InjectedNoise {
    /// The root of the variance of eq. 10.
    Root,
    /// That variance itself, as eq. 9 prints it and the released code did.
    Unrooted,
}

/// The settings of [`Sgadald`](super::Sgadald); an experiment file gives all of them.
///
/// | setting | symbol | range | unit |
/// |---|---|---|---|
/// | `step_size` | e | finite, > 0 | root of position |
/// | `temperature` | T | finite, >= 0 | the energy that the kernel sees |
/// | `friction` | C | finite, > 0 | |
/// | `gradient_noise` | q | | |
/// | `tau` | tau | finite, >= 1 | steps |
/// | `preconditioner_floor` | | finite, >= 0 | gradient squared |
/// | `initial_second_moment` | V at the start | finite, > 0 in single precision | gradient squared |
/// | `second_moment` | | | |
/// | `injected_noise` | | | |
/// | `adaptation_steps` | | any, or absent | steps of the chain's life |
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgadaldSettings {
    /// Step size e, in units of the root of the position; finite and > 0. A step moves a coordinate by `e^2 V^-1/2 g`, so by
    /// about `e^2`.
    pub step_size: f64,
    /// Temperature T, in units of the energy that the chain sees (of weights: the mean over the training images,
    /// unless `energy` says their sum); finite and >= 0. With 0 no noise is drawn.
    pub temperature: f64,
    /// Friction C: how much noise is injected, as `matched` or `{ constant = C }`.
    pub friction: Friction,
    /// Noise q of the minibatch gradients, which is therefore not injected again.
    pub gradient_noise: GradientNoise,
    /// Number of past gradients that V averages over, >= 1, or `automatic`.
    #[schemars(with = "f64")]
    pub tau: Tau,
    /// V is kept at or above this number, in units of the gradient squared; finite and >= 0.
    ///
    /// Without it (0), V of a coordinate whose gradient is 0 shrinks by `1 - 1/tau` a step, and its noise grows
    /// without bound.
    pub preconditioner_floor: f64,
    /// V before the first step, for every coordinate, in units of the gradient squared; finite and > 0, and 1 where tau
    /// is automatic.
    pub initial_second_moment: f64,
    /// Whether V outlives a step; it must where tau is automatic.
    pub second_moment: SecondMoment,
    /// Whether the noise is multiplied by the root of eq. 10's variance, or by the variance itself.
    pub injected_noise: InjectedNoise,
    /// First steps of a chain's life, in which V and tau adapt; then they are frozen. Absent: V adapts always. An
    /// automatic tau needs a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptation_steps: Option<u64>,
}

impl SgadaldSettings {
    /// # Errors
    /// The first setting that is out of its range or does not go with the others.
    pub(super) fn check(&self) -> Result<(), SamplerError> {
        require_positive("step_size", self.step_size)?;
        require_non_negative("temperature", self.temperature)?;
        if let Friction::Constant(friction) = self.friction {
            require_positive("friction.constant", friction)?;
        }
        self.adaptation().check()
    }

    /// How V follows the gradients.
    pub(crate) fn adaptation(&self) -> Adaptation {
        Adaptation {
            tau: self.tau,
            floor: self.preconditioner_floor,
            initial: self.initial_second_moment,
            second_moment: self.second_moment,
            steps: self.adaptation_steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASED: &str = r#"
        step_size = 0.015
        temperature = 1e-5
        friction = { constant = 1.0 }
        gradient_noise = "printed"
        tau = 2.0
        preconditioner_floor = 0.0
        initial_second_moment = 1e-5
        second_moment = "restart"
        injected_noise = "unrooted"
    "#;

    fn automatic() -> SgadaldSettings {
        SgadaldSettings {
            step_size: 0.01,
            temperature: 1.67e-5,
            friction: Friction::Matched,
            gradient_noise: GradientNoise::None,
            tau: Tau::Automatic,
            preconditioner_floor: 1e-5,
            initial_second_moment: 1.0,
            second_moment: SecondMoment::Persist,
            injected_noise: InjectedNoise::Root,
            adaptation_steps: Some(3000),
        }
    }

    #[test]
    fn files_say_every_setting_and_get_it_back() {
        let released: SgadaldSettings = toml::from_str(RELEASED).unwrap();
        let expected = SgadaldSettings {
            step_size: 0.015,
            temperature: 1e-5,
            friction: Friction::Constant(1.0),
            gradient_noise: GradientNoise::Printed,
            tau: Tau::Fixed(2.0),
            preconditioner_floor: 0.0,
            initial_second_moment: 1e-5,
            second_moment: SecondMoment::Restart,
            injected_noise: InjectedNoise::Unrooted,
            adaptation_steps: None,
        };
        assert_eq!(released, expected);
        for settings in [released, automatic()] {
            let (toml, json) =
                (toml::to_string(&settings).unwrap(), serde_json::to_string(&settings).unwrap());
            assert_eq!(toml::from_str::<SgadaldSettings>(&toml).unwrap(), settings);
            assert_eq!(serde_json::from_str::<SgadaldSettings>(&json).unwrap(), settings);
        }
    }

    #[test]
    fn the_other_words_are_read_too() {
        let text = RELEASED
            .replace("{ constant = 1.0 }", "\"matched\"")
            .replace("printed", "corrected")
            .replace("restart", "persist")
            .replace("unrooted", "root")
            + "adaptation_steps = 12";
        let settings: SgadaldSettings = toml::from_str(&text).unwrap();
        assert_eq!(settings.friction, Friction::Matched);
        assert_eq!(settings.gradient_noise, GradientNoise::Corrected);
        assert_eq!(settings.second_moment, SecondMoment::Persist);
        assert_eq!(settings.injected_noise, InjectedNoise::Root);
        assert_eq!(settings.adaptation_steps, Some(12));
        let none = RELEASED.replace("printed", "none");
        assert_eq!(toml::from_str::<SgadaldSettings>(&none).unwrap().gradient_noise, GradientNoise::None);
    }

    #[test]
    fn a_file_with_a_missing_unknown_or_misspelt_setting_is_refused() {
        for (from, to, complaint) in [
            ("step_size = 0.015", "", "missing field `step_size`"),
            ("step_size", "step_sise", "unknown field `step_sise`"),
            ("step_size = 0.015", "step_size = 0.015\nmomentum = 1", "unknown field `momentum`"),
            ("{ constant = 1.0 }", "\"match\"", "unknown variant `match`, expected `constant` or `matched`"),
            ("{ constant = 1.0 }", "{ constant = 1.0, x = 2 }", "constant"),
            ("printed", "print", "unknown variant `print`"),
            ("unrooted", "square", "expected `root` or `unrooted`"),
        ] {
            let error = toml::from_str::<SgadaldSettings>(&RELEASED.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(complaint), "{error}");
        }
    }

    /// A setting that is broken, and how the complaint begins.
    type Break = (fn(&mut SgadaldSettings, f64), &'static [f64], &'static str);

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        const NO_NUMBER: [f64; 2] = [f64::NAN, f64::INFINITY];
        let table: [Break; 6] = [
            (|s, x| s.step_size = x, &[0.0, -1.0], "step_size must be finite and > 0"),
            (|s, x| s.temperature = x, &[-1e-9], "temperature must be finite and >= 0"),
            (
                |s, x| s.friction = Friction::Constant(x),
                &[0.0, -1.0],
                "friction.constant must be finite and > 0",
            ),
            (|s, x| s.tau = Tau::Fixed(x), &[0.0, 0.99, -2.0], "tau must be finite and >= 1"),
            (|s, x| s.preconditioner_floor = x, &[-1e-9], "preconditioner_floor must be finite and >= 0"),
            (|s, x| s.initial_second_moment = x, &[0.0, -1.0, 1e-60, 1e60], "initial_second_moment must be"),
        ];
        for (set, bad, complaint) in table {
            for &x in bad.iter().chain(&NO_NUMBER) {
                let mut settings = automatic();
                set(&mut settings, x);
                let error = settings.check().unwrap_err().to_string();
                assert!(error.starts_with(complaint) && error.ends_with(&format!("got {x}")), "{error}");
            }
        }
        assert_eq!(automatic().check(), Ok(()));
        assert_eq!(toml::from_str::<SgadaldSettings>(RELEASED).unwrap().check(), Ok(()));
    }

    #[test]
    fn automatic_tau_refuses_what_does_not_go_with_it() {
        let broken = [
            SgadaldSettings { adaptation_steps: None, ..automatic() },
            SgadaldSettings { initial_second_moment: 0.5, ..automatic() },
            SgadaldSettings { second_moment: SecondMoment::Restart, ..automatic() },
        ];
        for (settings, needs) in broken.iter().zip([
            "needs adaptation_steps, after which it is frozen, got none",
            "needs initial_second_moment = 1, got 0.5",
            "needs second_moment = \"persist\", got \"restart\"",
        ]) {
            let error = settings.check().unwrap_err().to_string();
            assert!(error.starts_with("tau = \"automatic\"") && error.ends_with(needs), "{error}");
            assert_eq!(SgadaldSettings { tau: Tau::Fixed(3.0), ..*settings }.check(), Ok(()));
        }
    }
}
