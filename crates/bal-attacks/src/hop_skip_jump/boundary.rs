//! The way back from a wrong image to the boundary.

use super::{decisions::Decisions, start::halve};
use crate::{ModelFault, Norm, still_robust::per_image};
use tch::Tensor;

/// The coarsest bisection, as a share of the way; the paper's is coarser for less than 100 pixels.
const COARSEST: f64 = 1e-3;

/// How often the way to the boundary is halved, for images of so many pixels.
///
/// ```text
/// until d^(-3/2) of the way (L2), d^-2 (LInf), or a thousandth
/// ```
///
/// Source: Chen, Jordan & Wainwright, IEEE S&P 2020, section IV-D: theta.
pub(super) fn halvings(norm: Norm, pixels: f64) -> u64 {
    let share = match norm {
        Norm::L2 => pixels.powf(-1.5),
        Norm::LInf => pixels.powi(-2),
    };
    // Single precision has 24 digits.
    (1.0 / share.min(COARSEST)).log2().ceil().min(24.0) as u64
}

/// The wrong images nearest to `clean` on the ways from there to `x`, both `[k, c, h, w]`, by bisection.
///
/// ```text
/// L2:   clean + a (x - clean)        LInf: x, no pixel further than a ||x - clean|| from clean
/// ```
///
/// Source: Chen, Jordan & Wainwright, IEEE S&P 2020, algorithm 1 and eq. 14.
pub(super) fn approach(
    decisions: &mut Decisions,
    rows: &[i64],
    clean: &Tensor,
    x: &Tensor,
    norm: Norm,
    halvings: u64,
) -> Result<Tensor, ModelFault> {
    let change = x - clean;
    let distance = norm.of_each(&change);
    let at = |share: &Tensor| match norm {
        Norm::L2 => clean + &change * per_image(share),
        Norm::LInf => {
            let reach = &distance * per_image(share);
            clean + change.minimum(&reach).maximum(&-reach)
        }
    };
    halve(decisions, rows, x, halvings, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bisection_is_finer_for_more_pixels_and_never_coarser_than_a_thousandth() {
        assert_eq!((halvings(Norm::L2, 2.0), halvings(Norm::LInf, 6.0)), (10, 10));
        // 784^1.5 is 2^14.4, 784^2 is 2^19.2.
        assert_eq!((halvings(Norm::L2, 784.0), halvings(Norm::LInf, 784.0)), (15, 20));
        assert_eq!(halvings(Norm::LInf, 3072.0), 24);
    }
}
