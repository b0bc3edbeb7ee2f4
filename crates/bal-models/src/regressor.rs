//! Networks that say a value, and how far off it may be.

use crate::{ModelError, Sizes, mlp, sequential::Sequential};
use bal_core::{Architecture, Forward, Mode, NoiseStream, Position, Role, TensorSpec};
use tch::{Device, Kind, Tensor};

/// The deviation of what a row's value is from what the network says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueNoise {
    /// Its logarithm is a weight, that is learnt or sampled with the others.
    Sampled,
    /// It is this standard deviation, in units of the standardised target; above 0.
    Fixed(f64),
}

/// A fully connected network that says a value of each row of a table, with normal noise of one size for all rows.
///
/// ```text
/// y ~ N( f(x; w), s^2 ),    output [n, 2]:  f(x; w), log s
/// ```
///
/// Takes rows as images `[n, 1, 1, d]`. Where s is sampled, `log s` is the last weight, `noise.log_sd` `[1]`, and begins at 0:
/// as far off as a network that knows nothing of a standardised target. Else it is a buffer of that name.
///
/// | name | s |
/// |---|---|
/// | `regression-mlp-50` | sampled with the weights |
/// | `regression-fixed-mlp-50` | fixed |
///
/// Source: Ye & Zhu, NeurIPS 2018, section 3 (square loss for regression); the sampled noise is ours.
#[derive(Clone, Debug)]
pub struct Regressor {
    name: String,
    network: Sequential,
    noise: ValueNoise,
}

const SAMPLED: &str = "regression-";
const FIXED: &str = "regression-fixed-";
const LOG_SD: &str = "noise.log_sd";

impl Regressor {
    /// The network with the hidden layers of `mlp`, a name such as `mlp-50`, for rows of so many numbers.
    ///
    /// # Errors
    /// [`ModelError::Architecture`] for a name that is not that of a fully connected network, [`ModelError::Sizes`] for rows that it
    /// cannot have, or noise that is not above 0.
    pub fn new(mlp: &str, features: i64, noise: ValueNoise) -> Result<Self, ModelError> {
        let prefix = match noise {
            ValueNoise::Sampled => SAMPLED,
            ValueNoise::Fixed(_) => FIXED,
        };
        let name = format!("{prefix}{mlp}");
        let unknown = || ModelError::Architecture { name: name.clone() };
        let layers = mlp::layers(mlp).ok_or_else(unknown)?.map_err(|_| unknown())?;
        let network = Sequential::of_values(name.clone(), layers, [1, 1, features], 1)?;
        if let ValueNoise::Fixed(sd) = noise
            && !(sd.is_finite() && sd > 0.0)
        {
            let problem = format!("a noise of standard deviation {sd} is none; it must be above 0");
            return Err(ModelError::Sizes { name, problem });
        }
        Ok(Self { name, network, noise })
    }

    /// The network that files call `name`, for rows of these sizes; `None` for other names. Fixed noise is in the file.
    pub(crate) fn named(name: &str, sizes: Sizes) -> Option<Result<Self, ModelError>> {
        let (mlp, noise) = match name.strip_prefix(FIXED) {
            Some(mlp) => (mlp, ValueNoise::Fixed(1.0)),
            None => (name.strip_prefix(SAMPLED)?, ValueNoise::Sampled),
        };
        let network = Self::new(mlp, sizes.input[2], noise);
        Some(network.and_then(|network| {
            if sizes.input[..2] == [1, 1] && sizes.classes == 1 {
                return Ok(network);
            }
            let problem = "rows of a table, input 1,1,d, and one value, classes 1, are wanted".into();
            Err(ModelError::Sizes { name: name.into(), problem })
        }))
    }

    /// What is beside the network's own weights.
    fn log_sd() -> TensorSpec {
        TensorSpec::new(LOG_SD, &[1])
    }
}

impl Architecture for Regressor {
    fn name(&self) -> &str {
        &self.name
    }

    fn classes(&self) -> i64 {
        1
    }

    fn input(&self) -> [i64; 3] {
        self.network.input()
    }

    fn role(&self) -> Role {
        Role::Regressor
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        let mut parameters = self.network.parameters();
        if self.noise == ValueNoise::Sampled {
            parameters.push(Self::log_sd());
        }
        parameters
    }

    fn buffers(&self) -> Vec<TensorSpec> {
        match self.noise {
            ValueNoise::Sampled => vec![],
            ValueNoise::Fixed(_) => vec![Self::log_sd()],
        }
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let (weights, _) = self.network.init(noise);
        let log_sd = |value: f64| Tensor::full([1], value, (Kind::Float, Device::Cpu));
        let weights = weights.tensors().iter().map(Tensor::shallow_clone);
        match self.noise {
            ValueNoise::Sampled => {
                (Position::new(weights.chain([log_sd(0.0)]).collect()), Position::new(vec![]))
            }
            ValueNoise::Fixed(sd) => (Position::new(weights.collect()), Position::new(vec![log_sd(sd.ln())])),
        }
    }

    fn forward(&self, parameters: &Position, buffers: &Position, x: &Tensor, mode: Mode) -> Forward {
        let all = parameters.tensors();
        let (weights, log_sd) = match self.noise {
            ValueNoise::Sampled => (&all[..all.len() - 1], &all[all.len() - 1]),
            ValueNoise::Fixed(_) => (all, buffers.first()),
        };
        let value = self.network.values(weights, x, mode);
        let log_sd = log_sd.reshape([1, 1]).expand_as(&value);
        Forward { logits: Tensor::cat(&[value, log_sd], 1), buffers: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture;
    use bal_core::{NoiseKey, Purpose};

    fn noise() -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain: 0 })
    }

    #[test]
    fn it_is_a_fully_connected_network_with_one_output_and_one_noise() {
        let x = noise().uniform_like(&Tensor::zeros([4, 1, 1, 3], (Kind::Float, Device::Cpu)));
        for (kind, sd) in [(ValueNoise::Sampled, 1.0), (ValueNoise::Fixed(0.25), 0.25)] {
            let network = Regressor::new("mlp-7-5", 3, kind).unwrap();
            let (weights, buffers) = network.init(&mut noise());
            let shapes =
                |specs: Vec<TensorSpec>| specs.into_iter().map(|spec| spec.shape).collect::<Vec<_>>();
            assert_eq!(weights.shapes(), shapes(network.parameters()));
            assert_eq!(buffers.shapes(), shapes(network.buffers()));
            let w = weights.tensors();
            let h = x.flatten(1, -1).linear(&w[0], Some(&w[1])).relu().linear(&w[2], Some(&w[3])).relu();
            let value = h.linear(&w[4], Some(&w[5]));
            let output = network.forward(&weights, &buffers, &x, Mode::Evaluate).logits;
            assert_eq!(output.size(), [4, 2]);
            assert_eq!(output.narrow(1, 0, 1), value);
            assert!((output.narrow(1, 1, 1) - f64::ln(sd)).abs().max().double_value(&[]) < 1e-6);
        }
    }

    #[test]
    fn files_find_it_by_its_name() {
        let sizes = Sizes { input: [1, 1, 6], classes: 1 };
        for noise in [ValueNoise::Sampled, ValueNoise::Fixed(0.1)] {
            let made = Regressor::new("mlp-50", 6, noise).unwrap();
            let found = architecture(made.name(), Some(sizes)).unwrap();
            assert_eq!((found.name(), found.role()), (made.name(), Role::Regressor));
            assert_eq!(found.parameters(), made.parameters());
            assert_eq!(found.buffers(), made.buffers());
        }
        for (name, sizes) in [
            ("regression-cnn", sizes),
            ("regression-mlp-50", Sizes { input: [1, 28, 28], classes: 10 }),
            ("regression-mlp-50", Sizes { classes: 2, ..sizes }),
        ] {
            let error = architecture(name, Some(sizes)).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        let error = Regressor::new("mlp-5", 3, ValueNoise::Fixed(0.0)).unwrap_err().to_string();
        assert!(error.contains("above 0"), "{error}");
    }
}
