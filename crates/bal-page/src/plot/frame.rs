//! Two axes and the room between them.

use super::{Drawing, LETTER, Scale, at, room};
use maud::{Markup, html};

/// Axes with their titles.
#[derive(Clone)]
pub struct Frame {
    /// From left to right.
    pub x: Scale,
    /// Upwards.
    pub y: Scale,
    /// With unit.
    pub x_title: String,
    /// With unit.
    pub y_title: String,
    /// Width of the whole drawing, in pixels.
    pub width: f64,
    /// Height of the whole drawing, in pixels.
    pub height: f64,
}

const TOP: f64 = 28.0;
const BOTTOM: f64 = 42.0;
const RIGHT: f64 = 16.0;

/// A frame with room for something to the right of the plot.
pub(super) struct Plot<'a> {
    frame: &'a Frame,
    left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Frame {
    /// The frame with this much room to the right of the plot, or its usual margin.
    pub(super) fn plot(&self, beside: f64) -> Plot<'_> {
        let left = (room(self.y.ticks().iter().map(|(_, text)| text)) + 12.0).max(28.0);
        let right = self.width - beside.max(RIGHT);
        Plot { frame: self, left, right, top: TOP, bottom: self.height - BOTTOM }
    }
}

impl Plot<'_> {
    /// Where a value is across and down.
    pub(super) fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let down = self.bottom - self.frame.y.place(y) * (self.bottom - self.top);
        (self.across(x), down)
    }

    fn across(&self, x: f64) -> f64 {
        self.left + self.frame.x.place(x) * (self.right - self.left)
    }

    /// The drawing: axes, and `inside` them whatever is shown; `label` says in a few words what that is.
    pub(super) fn drawing(&self, label: &str, inside: &Markup) -> Drawing {
        let Self { frame, left, right, top, bottom } = *self;
        let body = html! {
            g.axes aria-hidden="true" {
                @for (value, text) in frame.y.ticks() {
                    @let y = bottom - frame.y.place(value) * (bottom - top);
                    path.grid d={ "M" (at(left)) " " (at(y)) "H" (at(right)) } {}
                    text x=(at(left - 7.0)) y=(at(y + 4.0)) text-anchor="end" { (text) }
                }
                @for (value, text) in self.x_ticks() {
                    @let x = self.across(value);
                    path.tick d={ "M" (at(x)) " " (at(bottom)) "v4" } {}
                    text x=(at(x)) y=(at(bottom + 19.0)) text-anchor="middle" { (text) }
                }
                path.axis d={ "M" (at(left)) " " (at(bottom)) "H" (at(right)) } {}
                text.title x="0" y=(at(top - 14.0)) { (frame.y_title) @if frame.y.is_logarithmic() { ", log scale" } }
                text.title x=(at(right)) y=(at(bottom + 36.0)) text-anchor="end" {
                    (frame.x_title) @if frame.x.is_logarithmic() { ", log scale" }
                }
            }
            (inside)
        };
        Drawing { width: frame.width, height: frame.height, label: label.into(), body }
    }

    /// The ticks across, as many as have room beside each other.
    fn x_ticks(&self) -> Vec<(f64, String)> {
        let mut end = f64::NEG_INFINITY;
        let room = |(value, text): &(f64, String)| {
            let half = text.chars().count() as f64 * LETTER / 2.0;
            let middle = self.across(*value);
            let fits = middle - half > end + 6.0 && middle + half < self.frame.width;
            if fits {
                end = middle + half;
            }
            fits
        };
        self.frame.x.ticks().into_iter().filter(room).collect()
    }
}
