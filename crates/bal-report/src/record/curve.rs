//! Curves of a record with fewer points.

/// The curve with at most so many points: each is the mean of those that it stands for, at the sweep of the last.
pub fn thinned(points: &[(u64, f64)], at_most: usize) -> Vec<(u64, f64)> {
    let mean = |group: &[(u64, f64)]| {
        let (sweep, _) = group.last()?;
        Some((*sweep, group.iter().map(|(_, value)| value).sum::<f64>() / group.len() as f64))
    };
    points.chunks(points.len().div_ceil(at_most.max(1)).max(1)).filter_map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::thinned;

    #[test]
    fn a_long_curve_keeps_its_mean_and_a_short_one_its_points() {
        let long: Vec<(u64, f64)> = (1..=200).map(|sweep| (sweep, sweep as f64)).collect();
        let thin = thinned(&long, 40);
        assert_eq!((thin.len(), thin[0], thin[39]), (40, (5, 3.0), (200, 198.0)));
        assert_eq!(thinned(&thin, 40), thin);
        assert_eq!(thinned(&[(3, 0.25)], 40), [(3, 0.25)]);
        assert_eq!(thinned(&[], 40), []);
    }
}
