//! Two evaluations of the same images in the prose: what the exact test says, and the numbers that it rests on.
//!
//! ```text
//! {{paired robustness/fig1/bnn/autoattack-linf robustness/fig1/erm/autoattack-linf verdict[0.1]}}      behind
//! {{paired robustness/fig1/bnn/autoattack-linf robustness/fig1/erm/autoattack-linf difference[0.1]}}   −.029 [−.051, −.007], p = .013
//! ```
//!
//! The first record is `ahead of` the second or `behind` it where the p-value of the exact McNemar test is below [`LEVEL`], else
//! it is `not told apart from` it. A sentence with a verdict follows its records when these are made anew.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bal_report::{Comparison, Evaluation, PairedPoint};

use super::numbers::{RADIUS_TOLERANCE, number, printed};

/// Two models are told apart where the exact test has a smaller p-value.
const LEVEL: f64 = 0.05;

/// What stands for `paired FIRST SECOND FIELD`, without its first word; numbers have so many decimals.
///
/// # Errors
/// When it has another form, or the records are not of the same images, in the same norm, with that radius.
pub(super) fn filled(words: &[&str], digits: usize, results: &Path) -> Result<String> {
    let [first, second, field] = words else { bail!("this is not `paired RECORD RECORD FIELD[RADIUS]`") };
    let (field, radius) = field
        .strip_suffix(']')
        .and_then(|field| field.split_once('['))
        .and_then(|(field, radius)| Some((field, number(radius)?)))
        .with_context(|| format!("{field} has no radius, as in difference[0.15]"))?;
    let read = |record: &str| Evaluation::read(&results.join(format!("{record}.json")));
    let (a, b) = (read(first)?, read(second)?);
    let compared = Comparison::of((&a, Some(Path::new(first))), (&b, Some(Path::new(second))))?;
    let is_it = |point: &&PairedPoint| point.radius.is_some_and(|r| (r - radius).abs() <= RADIUS_TOLERANCE);
    let point = compared
        .points
        .iter()
        .find(is_it)
        .with_context(|| format!("{first} and {second} have no common radius {radius}"))?;
    match field {
        "verdict" => Ok(verdict(point).into()),
        "difference" => {
            let [difference, low, high] = [point.difference, point.interval.low, point.interval.high]
                .map(|value| printed(value, digits));
            Ok(format!("{difference} [{low}, {high}], p {}", p_value(point.p_value)))
        }
        _ => bail!("{field} is none of verdict and difference"),
    }
}

fn verdict(point: &PairedPoint) -> &'static str {
    match point.p_value < LEVEL {
        true if point.difference > 0.0 => "ahead of",
        true => "behind",
        false => "not told apart from",
    }
}

/// A p-value with two digits that count, those too small to matter as such.
fn p_value(p: f64) -> String {
    if p < 1e-4 {
        return format!("< {}", printed(1e-4, 4));
    }
    let zeros = (-p.log10()).floor().max(0.0) as usize;
    format!("= {}", printed(p, zeros + 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_report::testing;

    /// Of 100 images the first model has `first` right, the second the last `second` ones.
    fn results(first: usize, second: usize) -> tempfile::TempDir {
        let results = tempfile::tempdir().unwrap();
        let write = |name: &str, right: Vec<bool>| {
            let radii = vec![Some(4.0 / 255.0), Some(0.15)];
            let evaluation = testing::evaluation_of("autoattack", radii, &[vec![true; 100], right]);
            evaluation.write(&results.path().join(name)).unwrap();
        };
        write("a.json", (0..100).map(|image| image < first).collect());
        write("b.json", (0..100).map(|image| image >= 100 - second).collect());
        results
    }

    #[test]
    fn a_verdict_follows_the_records() {
        for (first, second, verdict) in
            [(30, 50, "behind"), (50, 30, "ahead of"), (40, 41, "not told apart from")]
        {
            let results = results(first, second);
            assert_eq!(filled(&["a", "b", "verdict[0.15]"], 3, results.path()).unwrap(), verdict);
        }
    }

    #[test]
    fn a_difference_has_its_interval_and_p() {
        let results = results(30, 50);
        let text = filled(&["a", "b", "difference[0.15]"], 2, results.path()).unwrap();
        assert!(text.starts_with("−.20 [−.") && text.ends_with("], p = .033"), "{text}");
        let text = filled(&["a", "b", "difference[4/255]"], 3, results.path()).unwrap();
        assert!(text.starts_with(".000 [−.0") && text.ends_with("p = 1.00"), "{text}");
        assert_eq!([0.5, 0.049, 0.00012, 3e-9].map(p_value), ["= .50", "= .049", "= .00012", "< .0001"]);
    }

    #[test]
    fn what_names_nothing_is_refused() {
        let results = results(30, 50);
        for words in [
            &["a", "b"][..],
            &["a", "b", "difference"],
            &["a", "b", "difference[0.2]"],
            &["a", "b", "accuracy[0.15]"],
            &["a", "c", "verdict[0.15]"],
        ] {
            assert!(filled(words, 3, results.path()).is_err(), "{words:?}");
        }
    }
}
