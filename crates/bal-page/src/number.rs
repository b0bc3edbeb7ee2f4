//! Numbers as a reader wants them.

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

/// A count with its thousands set apart.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        let left = digits.len() - place;
        // Four digits read well as they are.
        if place > 0 && left.is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Seconds in the unit that suits them.
pub(crate) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{s:.1}\u{a0}s"),
        s if s < 6000.0 => format!("{:.1}\u{a0}min", s / 60.0),
        s => format!("{:.1}\u{a0}h", s / 3600.0),
    }
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
    fn thousands_are_set_apart_and_times_have_their_unit() {
        assert_eq!(count(1234), "1234");
        assert_eq!(count(60_000), "60\u{202f}000");
        assert_eq!(duration(7200.0), "2.0\u{a0}h");
        assert_eq!(duration(90.04), "90.0\u{a0}s");
        assert_eq!(percent(0.9876), "98.8\u{a0}%");
    }
}
