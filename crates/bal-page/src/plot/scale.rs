//! Values along an axis, and where its ticks are.

use crate::number::short;

/// An axis from one value to a greater one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    /// From tick to tick; by powers of ten, none.
    step: f64,
    logarithmic: bool,
}

impl Scale {
    /// From `low` to `high` and no further.
    pub(crate) fn exactly(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, step: step(high - low), logarithmic: false }
    }

    /// Around all finite values, widened to the next ticks; by powers of ten where they are positive and span two.
    pub(crate) fn around(values: impl IntoIterator<Item = f64>) -> Self {
        let finite = values.into_iter().filter(|v| v.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return Self::exactly(0.0, 1.0);
        }
        if low > 0.0 && high / low >= 100.0 {
            let (low, high) = (10f64.powf(low.log10().floor()), 10f64.powf(high.log10().ceil()));
            return Self { low, high, step: 0.0, logarithmic: true };
        }
        // A flat line is drawn in the middle.
        let margin = if high > low { 0.0 } else { (high.abs() * 0.1).max(0.5) };
        let (low, high) = (low - margin, high + margin);
        // Zero is worth its room where it is near.
        let low = if low > 0.0 && low < 0.4 * high { 0.0 } else { low };
        let step = step(high - low);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step, logarithmic: false }
    }

    /// Where a value is, 0 at the low end and 1 at the high one; beyond when it is beyond.
    pub(crate) fn place(&self, value: f64) -> f64 {
        if self.logarithmic {
            return (value / self.low).log10() / (self.high / self.low).log10();
        }
        (value - self.low) / (self.high - self.low)
    }

    /// About five round values with their texts.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        if self.logarithmic {
            let (first, last) = (self.low.log10().round() as i32, self.high.log10().round() as i32);
            let every = usize::try_from((last - first) / 6 + 1).unwrap_or(1);
            let power = |exponent: i32| 10f64.powi(exponent);
            return (first..=last).step_by(every).map(|e| (power(e), short(power(e)))).collect();
        }
        let step = self.step;
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let text = |value: f64| {
            if !(1e-4..1e6).contains(&step) {
                return short(value);
            }
            format!("{value:.decimals$}").replace('-', "−")
        };
        (first..=last).map(|i| i as f64 * step).map(|value| (value, text(value + 0.0))).collect()
    }

    /// Whether it goes by powers of ten.
    pub(crate) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }
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
    fn a_constant_and_nothing_have_a_scale_too() {
        assert!((Scale::around([2.0, 2.0]).place(2.0) - 0.5).abs() < 0.2);
        assert_eq!(Scale::around([f64::NAN]), Scale::exactly(0.0, 1.0));
        for scale in [Scale::around([0.0]), Scale::around([1e-12, 2e-12]), Scale::around([1e12])] {
            let ticks = scale.ticks().len();
            assert!((2..=8).contains(&ticks), "{ticks} {scale:?}");
        }
    }
}
