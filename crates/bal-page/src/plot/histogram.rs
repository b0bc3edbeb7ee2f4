//! Histograms of several groups, one above the other on a common axis.

use super::{Drawing, Look, Scale, WIDTH, at};
use crate::number::{count, percent, short};
use maud::{Markup, html};

/// Groups that share their bins.
pub(crate) struct Histogram {
    /// What is counted, with unit.
    pub(crate) title: String,
    /// From 0 to this.
    pub(crate) high: f64,
    pub(crate) groups: Vec<Group>,
    pub(crate) label: String,
}

/// Values of one kind of images.
pub(crate) struct Group {
    pub(crate) look: Look,
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
}

const BINS: usize = 24;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 16.0;
const STRIP: f64 = 78.0;
/// Height of a full bar.
const BAR: f64 = 46.0;

impl Group {
    /// The share of values in each bin from 0 to `high`; what is beyond counts in the last.
    pub(crate) fn shares(&self, high: f64) -> Vec<f64> {
        let mut shares = vec![0.0; BINS];
        let finite: Vec<f64> = self.values.iter().copied().filter(|v| v.is_finite()).collect();
        for value in &finite {
            let bin = (value / high * BINS as f64).floor().clamp(0.0, BINS as f64 - 1.0) as usize;
            shares[bin] += 1.0 / finite.len() as f64;
        }
        shares
    }
}

impl Histogram {
    /// The ends of a bin.
    pub(crate) fn bin(&self, bin: usize) -> (f64, f64) {
        let width = self.high / BINS as f64;
        (bin as f64 * width, (bin + 1) as f64 * width)
    }

    pub(crate) fn draw(&self) -> Drawing {
        let height = self.groups.len() as f64 * STRIP + 40.0;
        let scale = Scale::exactly(0.0, self.high);
        let across = |value: f64| LEFT + scale.place(value) * (WIDTH - LEFT - RIGHT);
        let bottom = self.groups.len() as f64 * STRIP;
        let body = html! {
                @for (row, group) in self.groups.iter().enumerate() {
                    (self.strip(group, (row + 1) as f64 * STRIP - 8.0, across))
                }
                g.axes aria-hidden="true" {
                    @for (value, text) in scale.ticks() {
                        path.tick d={ "M" (at(across(value))) " " (at(bottom - 8.0)) "v4" } {}
                        text x=(at(across(value))) y=(at(bottom + 10.0)) text-anchor="middle" { (text) }
                    }
                    text.title x=(WIDTH - RIGHT) y=(at(bottom + 30.0)) text-anchor="end" { (self.title) }
                }
        };
        Drawing { width: WIDTH, height, label: self.label.clone(), body }
    }

    /// One group, standing on `bottom`.
    fn strip(&self, group: &Group, bottom: f64, across: impl Fn(f64) -> f64) -> Markup {
        let shares = group.shares(self.high);
        let most = shares.iter().copied().fold(0.0, f64::max);
        html! {
            g class=(group.look.class()) {
                text.title x=(at(LEFT)) y=(at(bottom - BAR - 8.0)) aria-hidden="true" {
                    (group.name) ", " (count(group.values.len() as u64)) " images"
                }
                @if most > 0.0 {
                    path.grid d={ "M" (at(LEFT)) " " (at(bottom - BAR)) "H" (at(WIDTH - RIGHT)) } aria-hidden="true" {}
                    text x=(at(LEFT - 6.0)) y=(at(bottom - BAR + 4.0)) text-anchor="end" aria-hidden="true" {
                        (format!("{:.0} %", 100.0 * most))
                    }
                }
                path.axis d={ "M" (at(LEFT)) " " (at(bottom)) "H" (at(WIDTH - RIGHT)) } aria-hidden="true" {}
                @for (bin, &share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
                    @let (low, high) = self.bin(bin);
                    @let (from, to) = (across(low), across(high));
                    @let tall = (share / most * BAR).max(1.0);
                    rect.p.fill x=(at(from + 0.5)) y=(at(bottom - tall)) width=(at(to - from - 1.0)) height=(at(tall)) {
                        title { (group.name) ": " (percent(share)) " of images from " (short(low)) " to " (short(high)) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_sum_to_one_and_the_ends_belong_to_the_outer_bins() {
        let group =
            Group { look: Look::nth(0), name: String::new(), values: vec![0.0, 1.0, 2.4, 2.4, f64::NAN] };
        let shares = group.shares(2.4);
        assert_eq!((shares[0], shares[10], shares[23]), (0.25, 0.25, 0.5));
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }
}
