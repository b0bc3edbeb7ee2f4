//! Two axes and the room between them.

use super::{LETTER, Scale, WIDTH, at};
use maud::{Markup, html};

/// Axes with their titles.
pub(crate) struct Frame {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    /// With unit.
    pub(crate) x_title: String,
    /// With unit.
    pub(crate) y_title: String,
    /// Height of the whole drawing.
    pub(crate) height: f64,
}

const TOP: f64 = 28.0;
const BOTTOM: f64 = 42.0;
const RIGHT: f64 = 16.0;

impl Frame {
    fn left(&self) -> f64 {
        let widest = self.y.ticks().iter().map(|(_, text)| text.chars().count()).max().unwrap_or(1);
        (widest as f64 * LETTER + 12.0).max(28.0)
    }

    /// Where a value is across.
    pub(crate) fn across(&self, x: f64) -> f64 {
        self.left() + self.x.place(x) * (WIDTH - RIGHT - self.left())
    }

    /// Where a value is down.
    pub(crate) fn down(&self, y: f64) -> f64 {
        self.height - BOTTOM - self.y.place(y) * (self.height - BOTTOM - TOP)
    }

    /// The drawing: axes, and `inside` them whatever is shown; `label` says in a few words what that is.
    pub(crate) fn svg(&self, label: &str, inside: &Markup) -> Markup {
        let (left, right, top, bottom) = (self.left(), WIDTH - RIGHT, TOP, self.height - BOTTOM);
        html! {
            svg.plot viewBox={ "0 0 " (WIDTH) " " (self.height) } role="group" aria-roledescription="chart"
                aria-label=(label) tabindex="0" {
                g.axes aria-hidden="true" {
                    @for (value, text) in self.y.ticks() {
                        @let y = self.down(value);
                        path.grid d={ "M" (at(left)) " " (at(y)) "H" (at(right)) } {}
                        text x=(at(left - 7.0)) y=(at(y + 4.0)) text-anchor="end" { (text) }
                    }
                    @for (value, text) in self.x_ticks() {
                        @let x = self.across(value);
                        path.tick d={ "M" (at(x)) " " (at(bottom)) "v4" } {}
                        text x=(at(x)) y=(at(bottom + 17.0)) text-anchor="middle" { (text) }
                    }
                    path.axis d={ "M" (at(left)) " " (at(bottom)) "H" (at(right)) } {}
                    text.title x="0" y=(at(top - 14.0)) { (self.y_title) @if self.y.is_logarithmic() { ", log scale" } }
                    text.title x=(at(right)) y=(at(bottom + 36.0)) text-anchor="end" { (self.x_title) }
                }
                (inside)
            }
        }
    }

    /// The ticks across, as many as have room beside each other.
    fn x_ticks(&self) -> Vec<(f64, String)> {
        let mut end = f64::NEG_INFINITY;
        let room = |(value, text): &(f64, String)| {
            let half = text.chars().count() as f64 * LETTER / 2.0;
            let middle = self.across(*value);
            let fits = middle - half > end + 6.0 && middle + half < WIDTH;
            if fits {
                end = middle + half;
            }
            fits
        };
        self.x.ticks().into_iter().filter(room).collect()
    }
}
