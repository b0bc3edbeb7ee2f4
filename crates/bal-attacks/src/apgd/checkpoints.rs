//! When APGD looks back on how its climb went.

/// The steps `w_1 < w_2 < ..` after which step sizes may be halved.
///
/// ```text
/// w_j = ceil(p_j steps),    p_0 = 0, p_1 = 0.22, p_j+1 = p_j + max(p_j - p_j-1 - 0.03, 0.06)
/// ```
///
/// The phases get shorter: exploration first, then refinement. Steps that round to the same number
/// count once.
///
/// Source: Croce & Hein, ICML 2020, section 3.1.
pub(super) fn checkpoints(steps: u64) -> Vec<u64> {
    let (mut share, mut phase) = (22u64, 22);
    let mut found = Vec::new();
    // In hundredths, so that no rounding of 0.41 moves a checkpoint.
    while share <= 100 {
        found.push(share.saturating_mul(steps).div_ceil(100));
        phase = (phase - 3).max(6);
        share += phase;
    }
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_steps_have_the_papers_checkpoints() {
        assert_eq!(checkpoints(100), [22, 41, 57, 70, 80, 87, 93, 99]);
    }

    #[test]
    fn checkpoints_ascend_within_the_steps() {
        for steps in 1..60 {
            let found = checkpoints(steps);
            assert!(found.is_sorted_by(|a, b| a < b) && found[0] > 0, "{steps}");
            assert!(found.last().is_some_and(|&last| last <= steps), "{steps}");
        }
    }
}
