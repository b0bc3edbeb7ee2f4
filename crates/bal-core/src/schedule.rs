//! How many inner steps a sweep makes, and which sweeps give samples.

use crate::CoreError;

/// The counts of a Gibbs run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    data_steps: u64,
    parameter_steps: u64,
    burn_in: u64,
    thinning: u64,
}

impl Schedule {
    /// `data_steps` and `parameter_steps`: inner kernel steps per sweep (the paper's M), at least 1
    /// (`data_steps` may be 0: the data then stay where they are). `burn_in`: sweeps before the
    /// first sample. `thinning`: sweeps from one sample to the next, at least 1.
    ///
    /// # Errors
    /// [`CoreError::Zero`] for `parameter_steps` or `thinning` of 0.
    pub fn new(
        data_steps: u64,
        parameter_steps: u64,
        burn_in: u64,
        thinning: u64,
    ) -> Result<Self, CoreError> {
        for (name, value) in [("parameter steps", parameter_steps), ("thinning", thinning)] {
            if value == 0 {
                return Err(CoreError::Zero { name });
            }
        }
        Ok(Self { data_steps, parameter_steps, burn_in, thinning })
    }

    /// Inner steps of each data chain per sweep.
    pub fn data_steps(&self) -> u64 {
        self.data_steps
    }

    /// Inner steps of each parameter chain per sweep.
    pub fn parameter_steps(&self) -> u64 {
        self.parameter_steps
    }

    /// Whether the state after sweep number `sweep` (counted from 1) is a sample.
    pub fn keeps(&self, sweep: u64) -> bool {
        sweep > self.burn_in && (sweep - self.burn_in).is_multiple_of(self.thinning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_begin_after_the_burn_in_and_are_thinned() {
        let schedule = Schedule::new(1, 1, 3, 2).unwrap();
        assert_eq!((1..=9).filter(|&s| schedule.keeps(s)).collect::<Vec<_>>(), [5, 7, 9]);
    }

    #[test]
    fn counts_of_zero_are_refused() {
        assert!(Schedule::new(0, 1, 0, 1).is_ok());
        assert_eq!(Schedule::new(1, 0, 0, 1), Err(CoreError::Zero { name: "parameter steps" }));
        assert_eq!(Schedule::new(1, 1, 0, 0), Err(CoreError::Zero { name: "thinning" }));
    }
}
