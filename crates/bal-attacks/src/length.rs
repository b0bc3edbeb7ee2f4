//! Lengths on pixels as people write them.

/// A number, or a fraction of two: `0.03`, `8/255`.
///
/// Only how it is written is looked at; whether a length may be that long, its user has to say.
pub(crate) fn read(text: &str) -> Option<f64> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    match text.split_once('/') {
        None => number(text),
        Some((above, below)) => {
            let (above, below) = (number(above)?, number(below)?);
            (below != 0.0).then_some(above / below)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_fractions_are_read_and_nothing_else() {
        for (text, length) in
            [("0.03", 0.03), (" .5 ", 0.5), ("8/255", 8.0 / 255.0), ("8 / 255", 8.0 / 255.0), ("-1", -1.0)]
        {
            assert_eq!(read(text), Some(length), "{text}");
        }
        for text in ["", "x", "8/", "/255", "8/0", "8/255/2", "radius/4", "1,2"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
