//! Values along an axis, and where its ticks are.

use crate::number::short;

/// An axis from one value to a greater one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    ticks: Ticks,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ticks {
    /// At multiples of a step.
    Multiples(f64),
    /// At powers of ten.
    Powers,
    /// At 1, 2 and 5 times powers of ten.
    Thirds,
}

impl Scale {
    /// From `low` to `high` and no further.
    pub fn exactly(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, ticks: Ticks::Multiples(step(high - low)) }
    }

    /// From the least to the greatest of all finite values and no further.
    pub fn between(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = range(values);
        if low > high { Self::exactly(0.0, 1.0) } else { Self::exactly(low, high) }
    }

    /// Around all finite values, widened to the next ticks; by powers of ten where they are positive and span two.
    pub fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = range(values);
        if low > high {
            return Self::exactly(0.0, 1.0);
        }
        if low > 0.0 && high / low >= 100.0 {
            let (low, high) = (10f64.powf(low.log10().floor()), 10f64.powf(high.log10().ceil()));
            return Self { low, high, ticks: Ticks::Powers };
        }
        // A flat line is drawn in the middle.
        let margin = if high > low { 0.0 } else { (high.abs() * 0.1).max(0.5) };
        let (low, high) = (low - margin, high + margin);
        // Zero is worth its room where it is near.
        let low = if low > 0.0 && low < 0.4 * high { 0.0 } else { low };
        let step = step(high - low);
        let (below, above) = ((low / step + SLACK).floor() * step, (high / step - SLACK).ceil() * step);
        Self { low: below, high: above, ticks: Ticks::Multiples(step) }
    }

    /// By ratios, around all values, which are above 0, widened to the next of 1, 2 and 5 times powers of ten.
    pub fn logarithmic(values: impl IntoIterator<Item = f64>) -> Self {
        let (low, high) = range(values.into_iter().filter(|value| *value > 0.0));
        let (low, high) = if low > high { (1.0, 10.0) } else { (low, high) };
        let ticks = thirds(low, high);
        let below = ticks.iter().copied().rfind(|tick| *tick <= low * (1.0 + SLACK)).unwrap_or(low);
        let above = ticks.into_iter().find(|tick| *tick >= high * (1.0 - SLACK)).unwrap_or(high);
        let (low, high) = if above > below { (below, above) } else { (below / 2.0, above * 2.0) };
        Self { low, high, ticks: Ticks::Thirds }
    }

    /// Where a value is, 0 at the low end and 1 at the high one; beyond when it is beyond.
    pub fn place(&self, value: f64) -> f64 {
        if self.is_logarithmic() {
            return (value / self.low).log10() / (self.high / self.low).log10();
        }
        (value - self.low) / (self.high - self.low)
    }

    /// About five round values with their texts.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let (low, high) = (self.low, self.high);
        let values: Vec<f64> = match self.ticks {
            Ticks::Multiples(step) => {
                let (first, last) =
                    ((low / step - SLACK).ceil() as i64, (high / step + SLACK).floor() as i64);
                // No zero is below zero.
                (first..=last).map(|i| i as f64 * step + 0.0).collect()
            }
            Ticks::Powers => {
                let (first, last) = (low.log10().round() as i32, high.log10().round() as i32);
                let every = usize::try_from((last - first) / 6 + 1).unwrap_or(1);
                (first..=last).step_by(every).map(|exponent| 10f64.powi(exponent)).collect()
            }
            Ticks::Thirds => {
                let inside = low * (1.0 - SLACK)..=high * (1.0 + SLACK);
                thirds(low, high).into_iter().filter(|tick| inside.contains(tick)).collect()
            }
        };
        values.into_iter().map(|value| (value, self.text(value))).collect()
    }

    /// A tick's text: all of a linear scale have the decimals of the step.
    fn text(&self, value: f64) -> String {
        match self.ticks {
            Ticks::Multiples(step) if (1e-4..1e6).contains(&step) => {
                let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
                format!("{value:.decimals$}").replace('-', "−")
            }
            _ => short(value),
        }
    }

    /// Whether equal lengths are equal ratios.
    pub fn is_logarithmic(&self) -> bool {
        !matches!(self.ticks, Ticks::Multiples(_))
    }
}

/// Rounding of a quotient must not add or lose a step.
const SLACK: f64 = 1e-9;

/// The ends of all finite values; the low one is above the high one where there are none.
fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let finite = values.into_iter().filter(|v| v.is_finite());
    finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// 1, 2 and 5 times powers of ten, from one decade below the range to one above it.
fn thirds(low: f64, high: f64) -> Vec<f64> {
    let powers = low.log10().floor() as i32 - 1..=high.log10().ceil() as i32 + 1;
    powers.flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * 10f64.powi(power))).collect()
}

/// 1, 2 or 5 times a power of ten, of which from three to six make the span.
fn step(span: f64) -> f64 {
    let power = 10f64.powf((span / 4.0).log10().floor());
    let rest = span / 4.0 / power;
    let factor = if rest < 1.5 {
        1.0
    } else if rest < 3.5 {
        2.0
    } else if rest < 7.5 {
        5.0
    } else {
        10.0
    };
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scale: Scale) -> Vec<String> {
        scale.ticks().into_iter().map(|tick| tick.1).collect()
    }

    #[test]
    fn ticks_are_round_and_as_precise_as_their_step() {
        assert_eq!(texts(Scale::exactly(0.0, 1.0)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(texts(Scale::around([3.0, 231.0])), ["0", "50", "100", "150", "200", "250"]);
        assert_eq!(texts(Scale::around([-8.9, -3.3])), ["−9", "−8", "−7", "−6", "−5", "−4", "−3"]);
    }

    #[test]
    fn values_over_two_decades_go_by_powers_of_ten() {
        let scale = Scale::around([0.002, 2.0]);
        assert!(scale.is_logarithmic());
        assert_eq!(texts(scale), ["0.001", "0.01", "0.1", "1", "10"]);
        assert!((scale.place(0.1) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_range_ends_at_ticks_that_hold_it() {
        let scale = Scale::around([0.5727, 0.9936]);
        assert_eq!(texts(scale), ["0.5", "0.6", "0.7", "0.8", "0.9", "1.0"]);
        assert_eq!((scale.low, scale.high), (0.5, 1.0));
        assert_eq!(texts(Scale::exactly(1.0, 15.0)), ["5", "10", "15"]);
        assert_eq!(texts(Scale::exactly(0.0, 0.15)), ["0.00", "0.05", "0.10", "0.15"]);
    }

    #[test]
    fn a_logarithmic_scale_ends_at_ticks_and_equal_ratios_are_equal_lengths() {
        let scale = Scale::logarithmic([1.0, 16.0]);
        assert_eq!(texts(scale), ["1", "2", "5", "10", "20"]);
        let third = scale.place(4.0) - scale.place(2.0);
        assert!((scale.place(8.0) - scale.place(4.0) - third).abs() < 1e-12);
        assert_eq!(texts(Scale::logarithmic([0.03, 0.7])), ["0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        let one = Scale::logarithmic([2.0]);
        assert!(one.low < 2.0 && 2.0 < one.high);
    }

    #[test]
    fn a_constant_and_nothing_have_a_scale_too() {
        assert!((Scale::around([2.0, 2.0]).place(2.0) - 0.5).abs() < 0.2);
        assert_eq!(Scale::around([f64::NAN]), Scale::exactly(0.0, 1.0));
        for scale in [Scale::around([0.0]), Scale::around([1e-12, 2e-12]), Scale::around([1e12])] {
            let ticks = scale.ticks().len();
            assert!((2..=8).contains(&ticks), "{ticks} {scale:?}");
        }
    }
}
