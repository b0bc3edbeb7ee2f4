use super::*;

fn pairs(both: u64, only_first: u64, only_second: u64, neither: u64) -> Pairs {
    Pairs { both, only_first, only_second, neither }
}

/// Every way in which `n` images can fall, with its probability when an image falls so with these.
fn all_outcomes(n: u64, [p11, p10, p01, p00]: [f64; 4]) -> impl Iterator<Item = (Pairs, f64)> {
    let log_factorial: Vec<f64> = (0..=n)
        .scan(0.0, |sum, k| {
            *sum += if k > 0 { (k as f64).ln() } else { 0.0 };
            Some(*sum)
        })
        .collect();
    (0..=n).flat_map(move |a| (0..=n - a).flat_map(move |b| (0..=n - a - b).map(move |c| (a, b, c)))).map(
        move |(a, b, c)| {
            let counts = [(a, p11), (b, p10), (c, p01), (n - a - b - c, p00)];
            let terms = counts.map(|(k, p)| k as f64 * p.ln() - log_factorial[k as usize]);
            (pairs(a, b, c, n - a - b - c), (log_factorial[n as usize] + terms.iter().sum::<f64>()).exp())
        },
    )
}

#[test]
fn images_are_counted_by_who_is_right() {
    let counted = Pairs::of("1110010", "1001011");
    assert_eq!(counted, pairs(2, 2, 2, 1));
    assert_eq!((counted.images(), counted.difference()), (7, 0.0));
}

/// The first is published: complete response before and after consolidation therapy, in Fagerland, Lydersen & Laake,
/// Statistical Analysis of Contingency Tables, 2017, chapter 8, and in their R package `contingencytables`. The others are
/// the equation worked out apart from this code, the last two with a margin of 0.
#[test]
fn the_interval_agrees_with_published_values() {
    for (pairs, difference, low, high) in [
        (pairs(59, 6, 16, 80), -0.0621, -0.1186, -0.0046),
        (pairs(1, 1, 7, 12), -0.2857, -0.5069, -0.0256),
        (pairs(14, 5, 0, 22), 0.1220, 0.0115, 0.2265),
        (pairs(0, 30, 24, 0), 0.1111, -0.1525, 0.3600),
        (pairs(36, 12, 2, 0), 0.2000, 0.0569, 0.3404),
        (pairs(54, 0, 0, 0), 0.0, -0.0664, 0.0664),
    ] {
        let interval = pairs.interval_95();
        assert!(
            (pairs.difference() - difference).abs() < 5e-5
                && (interval.low - low).abs() < 5e-5
                && (interval.high - high).abs() < 5e-5,
            "{pairs:?}: {} {interval:?}",
            pairs.difference()
        );
    }
}

/// By hand: 2 (1 + 5)/2^5, 2 (1 + 14 + 91)/2^14, 2/2^5. The last is the table of approval ratings in Agresti, Categorical
/// Data Analysis, which R's `mcnemar.test` has as its example, summed in integers.
#[test]
fn the_test_agrees_with_values_by_hand() {
    for (pairs, p) in [
        (pairs(9, 4, 1, 9), 12.0 / 32.0),
        (pairs(36, 12, 2, 0), 212.0 / 16384.0),
        (pairs(14, 5, 0, 22), 2.0 / 32.0),
        (pairs(794, 150, 86, 570), 3.715_936_139_571_442e-5),
    ] {
        assert!((pairs.p_value() / p - 1.0).abs() < 1e-11, "{pairs:?}: {}", pairs.p_value());
    }
}

#[test]
fn without_a_difference_the_test_tells_nothing() {
    for pairs in [pairs(0, 0, 0, 0), pairs(40, 0, 0, 60), pairs(5, 1, 0, 5), pairs(5, 7, 7, 5)] {
        assert!((pairs.p_value() - 1.0).abs() < 1e-15, "{pairs:?}");
        assert!(pairs.interval_95().contains(0.0), "{pairs:?}");
    }
    assert_eq!(pairs(0, 0, 0, 0).interval_95(), Interval { low: -1.0, high: 1.0 });
}

/// 2^-60000 is no number in double precision.
#[test]
fn many_images_do_not_underflow_to_a_wrong_value() {
    let even = pairs(0, 30_100, 29_900, 0).p_value();
    assert!((0.41..0.42).contains(&even), "{even}");
    assert!(pairs(0, 60_000, 0, 0).p_value() < f64::MIN_POSITIVE);
}

#[test]
fn swapped_classifiers_change_the_sign_and_nothing_else() {
    for (one, other) in [
        (pairs(9, 4, 1, 6), pairs(9, 1, 4, 6)),
        (pairs(0, 3, 0, 5), pairs(0, 0, 3, 5)),
        (pairs(596, 33, 75, 329), pairs(596, 75, 33, 329)),
    ] {
        let (a, b) = (one.interval_95(), other.interval_95());
        assert_eq!((one.difference(), one.p_value()), (-other.difference(), other.p_value()));
        assert!((a.low + b.high).abs() < 1e-15 && (a.high + b.low).abs() < 1e-15, "{a:?} {b:?}");
    }
}

/// Sums over all outcomes of 50 images: nothing is drawn, so there is no false alarm. The data are discrete, so the coverage
/// lies about .95.
#[test]
fn the_interval_covers_the_difference_in_95_of_100_cases() {
    for law in [
        [0.4, 0.1, 0.1, 0.4],
        [0.55, 0.15, 0.05, 0.25],
        [0.7, 0.15, 0.02, 0.13],
        [0.2, 0.02, 0.08, 0.7],
        [0.3, 0.35, 0.15, 0.2],
    ] {
        let truth = law[1] - law[2];
        let covered = all_outcomes(50, law)
            .filter(|(pairs, _)| pairs.interval_95().contains(truth))
            .map(|(_, probability)| probability)
            .sum::<f64>();
        assert!((0.94..0.985).contains(&covered), "{law:?}: {covered}");
    }
}

/// Sums over all outcomes, as above.
#[test]
fn the_test_rejects_equal_classifiers_in_at_most_5_of_100_cases() {
    for law in [[0.4, 0.1, 0.1, 0.4], [0.1, 0.4, 0.4, 0.1], [0.85, 0.05, 0.05, 0.05]] {
        let rejected = all_outcomes(50, law)
            .filter(|(pairs, _)| pairs.p_value() < 0.05)
            .map(|(_, probability)| probability)
            .sum::<f64>();
        assert!(rejected <= 0.05, "{law:?}: {rejected}");
    }
}

/// Accuracies of .64 and .60 whose own intervals overlap, of classifiers that mostly agree.
#[test]
fn the_test_tells_classifiers_apart_whose_own_intervals_overlap() {
    let compared = pairs(563, 75, 33, 329);
    let [first, second] = [638, 596].map(|right| wilson_95(right, 1000));
    assert!(first.low < second.high);
    assert!(compared.p_value() < 1e-4 && compared.interval_95().low > 0.02);
}

#[test]
fn several_sets_of_images_are_counted_together() {
    let sum: Pairs = [pairs(1, 20, 300, 4000), pairs(5, 60, 700, 8000)].into_iter().sum();
    assert_eq!(sum, pairs(6, 80, 1000, 12_000));
}
