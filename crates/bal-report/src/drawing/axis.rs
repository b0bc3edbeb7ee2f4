//! The scale of one axis: its range, and ticks at round numbers.

/// A linear or logarithmic scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    ticks: Ticks,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ticks {
    /// At multiples of a step, with so many decimals.
    Multiples { step: f64, decimals: usize },
    /// At 1, 2 and 5 times powers of ten.
    Decades,
}

impl Axis {
    /// An axis that holds the range and ends at ticks; at most `steps` steps, where the range's ends allow it.
    pub(super) fn around(low: f64, high: f64, steps: f64) -> Self {
        let (low, high) = widened(low, high);
        let (step, decimals) = round_step(low, high, steps);
        Self {
            low: (low / step + SLACK).floor() * step,
            high: (high / step - SLACK).ceil() * step,
            ticks: Ticks::Multiples { step, decimals },
        }
    }

    /// An axis that ends where the range ends, with ticks inside.
    pub(super) fn between(low: f64, high: f64, steps: f64) -> Self {
        let (low, high) = widened(low, high);
        let (step, decimals) = round_step(low, high, steps);
        Self { low, high, ticks: Ticks::Multiples { step, decimals } }
    }

    /// A logarithmic axis that holds the range, which is above 0, and ends at ticks.
    pub(super) fn logarithmic(low: f64, high: f64) -> Self {
        let below = decades(low, high).into_iter().rfind(|tick| *tick <= low * (1.0 + SLACK)).unwrap_or(low);
        let above = decades(low, high).into_iter().find(|tick| *tick >= high * (1.0 - SLACK)).unwrap_or(high);
        let (low, high) = if above > below { (below, above) } else { (below / 2.0, above * 2.0) };
        Self { low, high, ticks: Ticks::Decades }
    }

    /// Values of the ticks, ascending.
    pub(super) fn ticks(&self) -> Vec<f64> {
        match self.ticks {
            Ticks::Multiples { step, .. } => {
                let first = (self.low / step - SLACK).ceil() as i64;
                let last = (self.high / step + SLACK).floor() as i64;
                (first..=last).map(|index| index as f64 * step).collect()
            }
            Ticks::Decades => {
                let inside = self.low * (1.0 - SLACK)..=self.high * (1.0 + SLACK);
                decades(self.low, self.high).into_iter().filter(|tick| inside.contains(tick)).collect()
            }
        }
    }

    /// A tick's label: all of a linear axis have the same number of decimals, but 0 is just that.
    pub(super) fn label(&self, tick: f64) -> String {
        match self.ticks {
            Ticks::Multiples { step, .. } if tick.abs() < step * 0.5 => "0".into(),
            Ticks::Multiples { decimals, .. } => format!("{tick:.decimals$}"),
            // What multiplying powers of ten leaves in the last digits is not shown.
            Ticks::Decades => format!("{}", (tick * 1e9).round() / 1e9),
        }
    }

    /// Where a value lies between the pixels that stand for the axis's two ends.
    pub(super) fn place(&self, value: f64, low_pixel: f64, high_pixel: f64) -> f64 {
        let share = match self.ticks {
            Ticks::Multiples { .. } => (value - self.low) / (self.high - self.low),
            Ticks::Decades => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        low_pixel + share * (high_pixel - low_pixel)
    }
}

/// Rounding of a quotient must not add or lose a step.
const SLACK: f64 = 1e-9;

/// A range without a width gets one.
fn widened(low: f64, high: f64) -> (f64, f64) {
    if high > low { (low, high) } else { (low - 0.05, low + 0.05) }
}

/// The step of at most `steps` steps, and the decimals that its multiples have.
fn round_step(low: f64, high: f64, steps: f64) -> (f64, usize) {
    let least = (high - low) / steps;
    let power = least.log10().floor();
    let unit = 10_f64.powf(power);
    // 2.5 needs one decimal more than 1, 2 and 5, and is no step where the others are whole numbers: of what is counted
    // there are no halves.
    let (factor, extra) = [(1.0, 0), (2.0, 0), (2.5, 1), (5.0, 0)]
        .into_iter()
        .filter(|(_, extra)| *extra == 0 || power != 0.0)
        .find(|(factor, _)| factor * unit >= least * (1.0 - SLACK))
        .unwrap_or((10.0, -1));
    (factor * unit, (extra - power as i32).max(0) as usize)
}

/// 1, 2 and 5 times powers of ten, from one decade below the range to one above it.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let powers = low.log10().floor() as i32 - 1..=high.log10().ceil() as i32 + 1;
    powers.flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * 10_f64.powi(power))).collect()
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
        assert_eq!(labels(Axis::between(1.0, 15.0, 6.0)), ["5", "10", "15"]);
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
    fn a_logarithmic_axis_ends_at_ticks_and_equal_ratios_are_equal_lengths() {
        let axis = Axis::logarithmic(1.0, 16.0);
        assert_eq!(labels(axis), ["1", "2", "5", "10", "20"]);
        let third = axis.place(4.0, 0.0, 1.0) - axis.place(2.0, 0.0, 1.0);
        assert!((axis.place(8.0, 0.0, 1.0) - axis.place(4.0, 0.0, 1.0) - third).abs() < 1e-12);
        assert_eq!(labels(Axis::logarithmic(0.03, 0.7)), ["0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        let one = Axis::logarithmic(2.0, 2.0);
        assert!(one.low < 2.0 && 2.0 < one.high);
    }

    #[test]
    fn places_are_linear_and_may_run_upwards() {
        let axis = Axis::between(0.0, 2.0, 4.0);
        assert!((axis.place(0.5, 100.0, 20.0) - 80.0).abs() < 1e-12);
    }
}
