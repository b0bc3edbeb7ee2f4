//! How large the windows of the Square Attack are.

/// The queries of a schedule that is not rescaled.
pub(super) const WHOLE: u64 = 10_000;

/// After how many of these the share is halved.
const HALVINGS: [u128; 9] = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/// The share of an image's pixels in the window of a query, of so many in all.
///
/// ```text
/// share = initial / 2^k,    k halvings at 10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000
/// ```
///
/// The halvings are those of 10,000 queries; of another number they are scaled in proportion.
///
/// Source: Andriushchenko et al., ECCV 2020, section 5, with the halving at 500 of their code.
pub(super) fn share(initial: f64, query: u64, queries: u64) -> f64 {
    let scaled = u128::from(query) * u128::from(WHOLE) / u128::from(queries.max(1));
    let halvings = HALVINGS.iter().filter(|&&halving| scaled > halving).count();
    initial / f64::from(1 << halvings as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unless_it_is_rescaled_an_attack_of_5000_queries_has_seven_halvings_at_fixed_queries() {
        for (query, halvings) in [
            (10, 0),
            (11, 1),
            (50, 1),
            (51, 2),
            (201, 3),
            (501, 4),
            (1001, 5),
            (2001, 6),
            (4000, 6),
            (4001, 7),
            (4999, 7),
        ] {
            let expected = 0.8 / f64::from(1 << halvings);
            assert!((share(0.8, query, WHOLE) - expected).abs() < 1e-12, "{query}");
        }
        assert!((share(0.8, 4999, 5000) - 0.8 / 512.0).abs() < 1e-12);
    }

    #[test]
    fn the_share_is_halved_where_the_paper_halves_it_and_in_proportion() {
        for (query, halvings) in [(0, 0), (10, 0), (11, 1), (50, 1), (51, 2), (8000, 8), (8001, 9), (9999, 9)]
        {
            let expected = 0.8 / f64::from(1 << halvings);
            assert!((share(0.8, query, 10_000) - expected).abs() < 1e-12, "{query}");
            // Half as many queries: everything happens twice as early.
            if query % 2 == 0 {
                assert!((share(0.8, query / 2, 5_000) - expected).abs() < 1e-12, "{query}");
            }
        }
    }
}
