//! Counts and durations as a reader wants them.

/// A count with its thousands set apart: `10,000`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds in the unit that suits them: `3 s`, `4 min`, `2.5 h`; what is no duration is `0 s`.
pub fn duration(seconds: f64) -> String {
    match if seconds.is_finite() { seconds.max(0.0) } else { 0.0 } {
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 6_000.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

/// A noun with its count, in the plural where it is not one.
pub fn counted(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(n)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (n, text) in
            [(0, "0"), (100, "100"), (1_234, "1,234"), (10_000, "10,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(n), text);
        }
        assert_eq!((counted(1, "chain"), counted(2_000, "image")), ("1 chain".into(), "2,000 images".into()));
    }

    #[test]
    fn times_are_told_in_a_unit_that_suits_them() {
        for (seconds, told) in [
            (0.2, "0 s"),
            (99.0, "99 s"),
            (240.0, "4 min"),
            (9_000.0, "2.5 h"),
            (-1.0, "0 s"),
            (f64::NAN, "0 s"),
        ] {
            assert_eq!(duration(seconds), told);
        }
    }
}
