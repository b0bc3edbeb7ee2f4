//! The scale of one axis: its range, and ticks at round numbers.

/// A linear scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
    decimals: usize,
}

impl Axis {
    /// An axis that holds the range and ends at ticks; at most `steps` steps, where the range's ends allow it.
    pub(super) fn around(low: f64, high: f64, steps: f64) -> Self {
        let (low, high) = widened(low, high);
        let mut axis = Self::between(low, high, steps);
        axis.low = (low / axis.step + SLACK).floor() * axis.step;
        axis.high = (high / axis.step - SLACK).ceil() * axis.step;
        axis
    }

    /// An axis that ends where the range ends, with ticks inside.
    pub(super) fn between(low: f64, high: f64, steps: f64) -> Self {
        let (low, high) = widened(low, high);
        let least = (high - low) / steps;
        let power = least.log10().floor();
        let unit = 10_f64.powf(power);
        // 2.5 needs one decimal more than 1, 2 and 5.
        let (factor, extra) = [(1.0, 0), (2.0, 0), (2.5, 1), (5.0, 0)]
            .into_iter()
            .find(|(factor, _)| factor * unit >= least * (1.0 - SLACK))
            .unwrap_or((10.0, -1));
        let decimals = (extra - power as i32).max(0) as usize;
        Self { low, high, step: factor * unit, decimals }
    }

    /// Values of the ticks, ascending.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let first = (self.low / self.step - SLACK).ceil() as i64;
        let last = (self.high / self.step + SLACK).floor() as i64;
        (first..=last).map(|index| index as f64 * self.step).collect()
    }

    /// A tick's label: all have the same number of decimals, but 0 is just that.
    pub(super) fn label(&self, tick: f64) -> String {
        if tick.abs() < self.step * 0.5 { "0".into() } else { format!("{tick:.*}", self.decimals) }
    }

    /// Where a value lies between the pixels that stand for the axis's two ends.
    pub(super) fn place(&self, value: f64, low_pixel: f64, high_pixel: f64) -> f64 {
        low_pixel + (value - self.low) / (self.high - self.low) * (high_pixel - low_pixel)
    }
}

/// Rounding of a quotient must not add or lose a step.
const SLACK: f64 = 1e-9;

/// A range without a width gets one.
fn widened(low: f64, high: f64) -> (f64, f64) {
    if high > low { (low, high) } else { (low - 0.05, low + 0.05) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|tick| axis.label(tick)).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(
            labels(Axis::between(0.0, 0.15, 6.0)),
            ["0", "0.025", "0.050", "0.075", "0.100", "0.125", "0.150"]
        );
        assert_eq!(labels(Axis::between(0.0, 0.37, 5.0)), ["0", "0.1", "0.2", "0.3"]);
    }

    #[test]
    fn an_axis_around_a_range_ends_at_ticks_that_hold_it() {
        let axis = Axis::around(0.5727, 0.9936, 6.0);
        assert_eq!(labels(axis), ["0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]);
        assert_eq!((axis.low, axis.high), (0.5, 1.0));
        assert_eq!(labels(Axis::around(0.0, 1.0, 5.0)).len(), 6);
    }

    #[test]
    fn a_single_value_still_gets_an_axis() {
        let axis = Axis::around(0.9, 0.9, 5.0);
        assert!(axis.low < 0.9 && 0.9 < axis.high && axis.ticks().len() > 2);
    }

    #[test]
    fn places_are_linear_and_may_run_upwards() {
        let axis = Axis::between(0.0, 2.0, 4.0);
        assert!((axis.place(0.5, 100.0, 20.0) - 80.0).abs() < 1e-12);
    }
}
