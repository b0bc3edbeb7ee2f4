//! Numbers as a reader of the page wants them.

pub(crate) use bal_report::number::{count, duration};

use bal_report::wilson::wilson_95;

/// All digits that the number has; powers of ten beyond five places.
pub(crate) fn exact(x: f64) -> String {
    if x == 0.0 {
        return "0".into();
    }
    if !x.is_finite() {
        return "–".into();
    }
    let text = if (1e-4..1e7).contains(&x.abs()) { x.to_string() } else { power_of_ten(&format!("{x:e}")) };
    text.replace('-', "−")
}

/// Four significant digits.
pub(crate) fn short(x: f64) -> String {
    let rounded: f64 = format!("{x:.3e}").parse().unwrap_or(x);
    exact(rounded)
}

/// `1.5e-7` as `1.5·10⁻⁷`.
fn power_of_ten(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once('e') else { return text.into() };
    let raised = |c: char| match c {
        '-' => '⁻',
        digit => digit.to_digit(10).and_then(|d| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(d as usize)).unwrap_or(digit),
    };
    format!("{mantissa}·10{}", exponent.chars().map(raised).collect::<String>())
}

/// A share of one in percent, one decimal; not to be broken at the end of a line.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", 100.0 * share)
}

/// A share with its interval.
pub(crate) fn with_interval(right: u64, of: u64) -> String {
    let interval = wilson_95(right, of);
    format!(
        "{} [{:.1}, {:.1}] of {}",
        percent(right as f64 / of.max(1) as f64),
        100.0 * interval.low,
        100.0 * interval.high,
        count(of)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_powers_of_ten_and_others_keep_their_digits() {
        assert_eq!(exact(1e-5), "1·10⁻⁵");
        assert_eq!(exact(-0.0256), "−0.0256");
        assert_eq!(exact(1.2e12), "1.2·10¹²");
        assert_eq!(short(0.99999), "1");
        assert_eq!(short(1.234_567e-9), "1.235·10⁻⁹");
        assert_eq!(exact(f64::NAN), "–");
    }

    #[test]
    fn a_share_has_its_interval_and_its_count() {
        assert_eq!(percent(0.9876), "98.8\u{a0}%");
        assert_eq!(with_interval(95, 100), "95.0\u{a0}% [88.8, 97.8] of 100");
    }
}
