//! Shares with their intervals, one row for each thing.

use super::{LETTER, Scale, WIDTH, at};
use crate::series::Look;
use maud::{Markup, html};

/// Rows of dots on one axis from 0 to 1.
pub(crate) struct Dots {
    /// Name of each row.
    pub(crate) rows: Vec<String>,
    /// What the rows are.
    pub(crate) rows_title: String,
    /// What is shared.
    pub(crate) title: String,
    pub(crate) shares: Vec<Dot>,
    pub(crate) label: String,
}

/// A share.
pub(crate) struct Dot {
    pub(crate) row: usize,
    pub(crate) look: Look,
    pub(crate) share: f64,
    pub(crate) interval: (f64, f64),
    pub(crate) text: String,
}

const ROW: f64 = 24.0;
const TOP: f64 = 26.0;
const RIGHT: f64 = 18.0;

impl Dots {
    pub(crate) fn svg(&self) -> Markup {
        let widest = self.rows.iter().map(|c| c.chars().count()).max().unwrap_or(1);
        let left = (widest as f64 * LETTER + 14.0).max(30.0);
        let scale = Scale::exactly(0.0, 1.0);
        let across = |share: f64| left + scale.place(share) * (WIDTH - RIGHT - left);
        // Dots of one row beside each other, so that their intervals can be told apart.
        let looks = self.shares.iter().map(|dot| dot.look.0 + 1).max().unwrap_or(1) as f64;
        let down = |dot: &Dot| {
            TOP + (dot.row as f64 + 0.5) * ROW
                + (dot.look.0 as f64 - (looks - 1.0) / 2.0) * (ROW * 0.72 / looks)
        };
        let bottom = TOP + self.rows.len() as f64 * ROW;
        html! {
            svg.plot viewBox={ "0 0 " (WIDTH) " " (at(bottom + 42.0)) } role="group" aria-roledescription="chart"
                aria-label=(self.label) tabindex="0" {
                g.axes aria-hidden="true" {
                    text.title x="0" y="12" { (self.rows_title) }
                    @for (value, text) in scale.ticks() {
                        @let x = at(across(value));
                        path.grid d={ "M" (x) " " (TOP) "V" (at(bottom)) } {}
                        text x=(x) y=(at(bottom + 16.0)) text-anchor="middle" { (text) }
                    }
                    @for (row, name) in self.rows.iter().enumerate() {
                        text x=(at(left - 8.0)) y=(at(TOP + (row as f64 + 0.5) * ROW + 4.0)) text-anchor="end" { (name) }
                    }
                    text.title x=(WIDTH - RIGHT) y=(at(bottom + 36.0)) text-anchor="end" { (self.title) }
                }
                @for dot in &self.shares {
                    @let y = down(dot);
                    g class=(dot.look.class()) {
                        path.bar d={ "M" (at(across(dot.interval.0))) " " (at(y)) "H" (at(across(dot.interval.1))) }
                            aria-hidden="true" {}
                        path.p.mark d={ "M" (at(across(dot.share))) " " (at(y)) (dot.look.marker()) } {
                            title { (dot.text) }
                        }
                    }
                }
            }
        }
    }
}
