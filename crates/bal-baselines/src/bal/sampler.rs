//! The kernel of the parameter chains, by the table that is there.

use super::{method::refused, settings::ParameterSettings};
use crate::settings::check;
use bal_core::{Kernel, TrainError};
use bal_samplers::{Psgld, SamplerError, Sgadahmc, Sgadald, Sghmc, Sgld};

impl ParameterSettings {
    /// The kernel whose table is there.
    ///
    /// # Errors
    /// [`TrainError::Setting`] naming the setting that is out of its range, or when not exactly one of the
    /// tables is there.
    pub fn kernel(&self) -> Result<Box<dyn Kernel>, TrainError> {
        let made = [
            self.sgld.map(|s| ("sgld", boxed(Sgld::new(s.step_size, s.temperature)))),
            self.psgld.map(|s| ("psgld", boxed(Psgld::new(s)))),
            self.sghmc.map(|s| ("sghmc", boxed(Sghmc::new(s)))),
            self.sgadald.map(|s| ("sgadald", boxed(Sgadald::new(s)))),
            self.sgadahmc.map(|s| ("sgadahmc", boxed(Sgadahmc::new(s)))),
        ];
        let mut made: Vec<_> = made.into_iter().flatten().collect();
        let why = "exactly one of the tables sgld, psgld, sghmc, sgadald, sgadahmc is needed";
        check("parameters", made.len() as f64, made.len() == 1, why)?;
        let (name, kernel) = made.remove(0);
        kernel.map_err(|e| refused(&format!("parameters.{name}"), &e))
    }

    /// The temperature of that kernel, in units of the mean energy over images.
    pub fn temperature(&self) -> f64 {
        let temperatures = [
            self.sgld.map(|s| s.temperature),
            self.psgld.map(|s| s.temperature),
            self.sghmc.map(|s| s.temperature),
            self.sgadald.map(|s| s.temperature),
            self.sgadahmc.map(|s| s.temperature),
        ];
        temperatures.into_iter().flatten().next().unwrap_or(0.0)
    }
}

fn boxed<K: Kernel + 'static>(kernel: Result<K, SamplerError>) -> Result<Box<dyn Kernel>, SamplerError> {
    kernel.map(|kernel| Box::new(kernel) as Box<dyn Kernel>)
}
