//! Two evaluations of the same images in the prose: what the exact test says, and the numbers that it rests on.
//!
//! ```text
//! {{paired robustness/fig1/bnn/autoattack-linf robustness/fig1/erm/autoattack-linf verdict[0.1]}}      behind
//! {{paired robustness/fig1/bnn/autoattack-linf robustness/fig1/erm/autoattack-linf difference[0.1]}}   −.029 [−.051, −.007], p = .013
//! {{paired seeds ball/sign-1e-3/apgd-t ball/sign-0/apgd-t difference[0.3]}}    over the images of all seeds that both have
//! ```
//!
//! The first record is `ahead of` the second or `behind` it where the p-value of the exact McNemar test is below [`LEVEL`], else
//! it is `not told apart from` it. A sentence with a verdict follows its records when these are made anew.

use std::path::Path;

use anyhow::{Context, Result, bail};
use bal_report::{Comparison, Evaluation, Interval, PairedPoint, Pairs};

use super::numbers::{RADIUS_TOLERANCE, number, p_value, printed};
use super::placeholder::records;

/// Two models are told apart where the exact test has a smaller p-value.
const LEVEL: f64 = 0.05;

/// What stands for `paired FIRST SECOND FIELD`, or `paired seeds FIRST SECOND FIELD`, without its first word; numbers have so
/// many decimals.
///
/// # Errors
/// When it has another form, or the records are not of the same images, in the same norm, with that radius.
pub(super) fn filled(words: &[&str], digits: usize, results: &Path) -> Result<String> {
    let (seeds, first, second, field) = match words {
        ["seeds", first, second, field] => (true, first, second, field),
        [first, second, field] => (false, first, second, field),
        _ => bail!("this is not `paired [seeds] RECORD RECORD FIELD[RADIUS]`"),
    };
    let (field, radius) = field
        .strip_suffix(']')
        .and_then(|field| field.split_once('['))
        .and_then(|(field, radius)| Some((field, number(radius)?)))
        .with_context(|| format!("{field} has no radius, as in difference[0.15]"))?;
    let files = [first, second].map(|record| records(record, seeds, results));
    let [firsts, seconds] = files;
    let both = firsts?.into_iter().zip(seconds?);
    let pairs = both.map(|(first, second)| pairs(&first, &second, radius, results)).sum::<Result<Pairs>>()?;
    match field {
        "verdict" => Ok(verdict(&pairs).into()),
        "difference" => {
            let Interval { low, high } = pairs.interval_95();
            let [difference, low, high] = [pairs.difference(), low, high].map(|value| printed(value, digits));
            Ok(format!("{difference} [{low}, {high}], p {}", p_value(pairs.p_value())))
        }
        _ => bail!("{field} is none of verdict and difference"),
    }
}

/// Two files of results at a radius.
fn pairs(first: &str, second: &str, radius: f64, results: &Path) -> Result<Pairs> {
    let read = |file: &str| Evaluation::read(&results.join(file));
    let (a, b) = (read(first)?, read(second)?);
    let compared = Comparison::of((&a, Some(Path::new(first))), (&b, Some(Path::new(second))))?;
    let is_it = |point: &&PairedPoint| point.radius.is_some_and(|r| (r - radius).abs() <= RADIUS_TOLERANCE);
    let point = compared.points.iter().find(is_it);
    Ok(point.with_context(|| format!("{first} and {second} have no common radius {radius}"))?.pairs)
}

fn verdict(pairs: &Pairs) -> &'static str {
    match pairs.p_value() < LEVEL {
        true if pairs.difference() > 0.0 => "ahead of",
        true => "behind",
        false => "not told apart from",
    }
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
    fn seeds_that_both_have_count_together() {
        let results = tempfile::tempdir().unwrap();
        let write = |file: &str, right: usize| {
            let path = results.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let flags = (0..100).map(|image| image < right).collect();
            testing::evaluation_of("apgd-t", vec![Some(0.3)], &[flags]).write(&path).unwrap();
        };
        write("ball/a/x.json", 50);
        write("ball/seed-2/a/x.json", 60);
        write("ball/b/x.json", 48);
        write("ball/seed-2/b/x.json", 54);
        write("ball/seed-3/b/x.json", 99);
        let of = |words: &[&str]| filled(words, 3, results.path()).unwrap();
        // Eight images of 200, all of one sign: p = 2 / 2^8; in the first seed two, p = 2 / 2^2.
        assert!(of(&["seeds", "ball/a/x", "ball/b/x", "difference[0.3]"]).starts_with(".040 ["));
        assert!(of(&["seeds", "ball/a/x", "ball/b/x", "difference[0.3]"]).ends_with("p = .0078"));
        assert_eq!(of(&["seeds", "ball/a/x", "ball/b/x", "verdict[0.3]"]), "ahead of");
        assert_eq!(of(&["ball/a/x", "ball/b/x", "verdict[0.3]"]), "not told apart from");
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
