//! Two classifiers on the same images: the difference of their accuracies, its interval, and an exact test.

use serde::{Deserialize, Serialize};

use crate::wilson::{Interval, wilson_95};

/// How many images which of two classifiers gets right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pairs {
    /// Right by both.
    pub both: u64,
    /// Right by the first only.
    pub only_first: u64,
    /// Right by the second only.
    pub only_second: u64,
    /// Wrong by both.
    pub neither: u64,
}

impl Pairs {
    /// Counts two strings with a character per image, `1` where the classifier is right. Of strings of different lengths the
    /// shorter decides.
    pub fn of(first: &str, second: &str) -> Self {
        let mut pairs = Self { both: 0, only_first: 0, only_second: 0, neither: 0 };
        for (first, second) in first.bytes().zip(second.bytes()) {
            let count = match (first == b'1', second == b'1') {
                (true, true) => &mut pairs.both,
                (true, false) => &mut pairs.only_first,
                (false, true) => &mut pairs.only_second,
                (false, false) => &mut pairs.neither,
            };
            *count += 1;
        }
        pairs
    }

    /// The number of images.
    pub fn images(&self) -> u64 {
        self.both + self.only_first + self.only_second + self.neither
    }

    /// The accuracy of the first less that of the second, in [-1, 1]; 0 without images.
    ///
    /// ```text
    /// (n10 - n01) / n,    n10 = only_first, n01 = only_second, n = images
    /// ```
    pub fn difference(&self) -> f64 {
        match self.images() {
            0 => 0.0,
            images => (self.only_first as f64 - self.only_second as f64) / images as f64,
        }
    }

    /// The 95 % interval of [`Self::difference`], within [-1, 1]: Wilson's intervals of the two accuracies, squared and added
    /// with regard to their correlation.
    ///
    /// ```text
    /// d - sqrt(a1^2 - 2 phi a1 b2 + b2^2)  to  d + sqrt(b1^2 - 2 phi b1 a2 + a2^2)
    ///
    /// d = p1 - p2,  a = p - low,  b = high - p  of Wilson's interval [low, high] of each accuracy p
    /// phi = c(n11 n00 - n10 n01) / sqrt(n1. n0. n.1 n.0),  0 where a margin is 0
    /// c(x) = max(x - n/2, 0) for x > 0, else x
    /// ```
    ///
    /// It covers the sampling of test images, not that of training seeds. Without images nothing is known: [-1, 1].
    ///
    /// Source: Newcombe, Statistics in Medicine 17, 1998, pages 2635 to 2650, method 10.
    pub fn interval_95(&self) -> Interval {
        let n = self.images();
        if n == 0 {
            return Interval { low: -1.0, high: 1.0 };
        }
        let margins = [self.both + self.only_first, self.both + self.only_second];
        let [(a1, b1), (a2, b2)] = margins.map(|right| {
            let (p, wilson) = (right as f64 / n as f64, wilson_95(right, n));
            (p - wilson.low, wilson.high - p)
        });
        let phi = self.correlation();
        let length = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
        let d = self.difference();
        Interval { low: (d - length(a1, b2)).max(-1.0), high: (d + length(b1, a2)).min(1.0) }
    }

    /// The coefficient phi, nearer to 0 by a correction for continuity.
    fn correlation(&self) -> f64 {
        let [n11, n10, n01, n00] =
            [self.both, self.only_first, self.only_second, self.neither].map(|count| count as f64);
        let product = (n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00);
        if product == 0.0 {
            return 0.0;
        }
        let determinant = n11 * n00 - n10 * n01;
        let corrected =
            if determinant > 0.0 { (determinant - self.images() as f64 / 2.0).max(0.0) } else { determinant };
        corrected / product.sqrt()
    }

    /// The p-value of the exact McNemar test that both classifiers are right equally often, in [0, 1].
    ///
    /// ```text
    /// p = min(1, 2 P(X <= min(n10, n01))),    X ~ Binomial(n10 + n01, 1/2);    1 if both are 0
    /// ```
    ///
    /// Images on which both are right or both are wrong say nothing about which is better.
    ///
    /// Source: McNemar, Psychometrika 12, 1947, with the binomial law in place of its normal approximation.
    pub fn p_value(&self) -> f64 {
        let least = self.only_first.min(self.only_second);
        let n = self.only_first + self.only_second;
        // Relative to the probability of `least` itself, which may be too small for a number when it is not in a logarithm.
        let (mut tail, mut term) = (1.0, 1.0);
        let mut log_probability = -(n as f64) * std::f64::consts::LN_2;
        for k in (1..=least).rev() {
            let ratio = (n - k + 1) as f64 / k as f64;
            term /= ratio;
            tail += term;
            log_probability += ratio.ln();
        }
        (2.0 * log_probability.exp() * tail).min(1.0)
    }
}

/// Of several sets of images, such as the same images in several seeds of both classifiers, all together.
impl std::iter::Sum for Pairs {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self { both: 0, only_first: 0, only_second: 0, neither: 0 }, |sum, pairs| Self {
            both: sum.both + pairs.both,
            only_first: sum.only_first + pairs.only_first,
            only_second: sum.only_second + pairs.only_second,
            neither: sum.neither + pairs.neither,
        })
    }
}

#[cfg(test)]
mod tests;
