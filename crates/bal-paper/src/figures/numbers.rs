//! Numbers in placeholders, and in the prose that they become.

/// Radii in records are fractions as thirds of a twentieth; four decimals tell them apart.
pub(super) const RADIUS_TOLERANCE: f64 = 1e-4;

/// A number, or a fraction.
pub(super) fn number(text: &str) -> Option<f64> {
    match text.split_once('/') {
        Some((above, below)) => Some(above.parse::<f64>().ok()? / below.parse::<f64>().ok()?),
        None => text.parse().ok(),
    }
}

/// Without the zero before the point, with a true minus; halves are rounded away from zero, as in `.9025` to `.903`.
pub(super) fn printed(value: f64, digits: usize) -> String {
    // What is half in decimals may be less in binary.
    let scale = 10f64.powi(digits as i32);
    let rounded = (value.abs() * scale + 0.5 + 1e-9).floor() / scale;
    let text = format!("{rounded:.digits$}");
    let text = text.strip_prefix("0.").map_or(text.clone(), |fraction| format!(".{fraction}"));
    if value < 0.0 && rounded > 0.0 { format!("−{text}") } else { text }
}

/// A p-value with two digits that count, those too small to matter as such.
pub(crate) fn p_value(p: f64) -> String {
    if p < 1e-4 {
        return format!("< {}", printed(1e-4, 4));
    }
    let zeros = (-p.log10()).floor().max(0.0) as usize;
    format!("= {}", printed(p, zeros + 2))
}
