//! The key above a panel: what solid, dashed and ticked marks mean.

use super::palette::{INK, SOFT_INK};
use super::svg::{Anchor, Place, Stroke, Svg, Type};

/// Size of the text.
pub(super) const SIZE: f64 = 14.0;

/// The width of a glyph in units of its size, on the generous side, for layout without measuring.
pub(super) const GLYPH: f64 = 0.58;

/// What an entry of a key shows beside its text.
pub(super) enum Sample {
    /// A curve with a marker.
    Curve,
    /// A dashed curve.
    DashedCurve,
    /// A vertical whisker.
    Whisker,
    /// A bar with a horizontal whisker.
    Bar,
    /// A vertical tick.
    Tick,
}

/// Draws the entries from left to right, their text on the line `at.1`.
pub(super) fn draw(svg: &mut Svg, at: Place, entries: &[(Sample, &str)]) {
    const SAMPLE: f64 = 34.0;
    let middle = at.1 - 0.36 * SIZE;
    let mut x = at.0;
    for (sample, text) in entries {
        let width = sample.draw(svg, (x, middle), SAMPLE);
        let set = Type { size: SIZE, colour: INK, anchor: Anchor::Start };
        svg.text((x + width + 7.0, at.1), set, text);
        x += width + 7.0 + text.chars().count() as f64 * SIZE * GLYPH + 16.0;
    }
}

impl Sample {
    /// Draws it from `at` rightwards, about the line `at.1`; returns its width.
    fn draw(&self, svg: &mut Svg, at: Place, width: f64) -> f64 {
        let (x, y) = at;
        match self {
            Self::Curve => {
                svg.line((x, y), (x + width, y), Stroke::solid(SOFT_INK, 2.2));
                let centre = (x + width / 2.0, y);
                svg.marker(centre, super::Marker::Circle, SOFT_INK, "");
                width
            }
            Self::DashedCurve => {
                svg.line((x, y), (x + width, y), Stroke::dashed(SOFT_INK, 1.4));
                width
            }
            Self::Whisker => {
                let x = x + 5.0;
                super::curve_panel::whisker(svg, x, y - 8.0, y + 8.0, SOFT_INK);
                10.0
            }
            Self::Bar => {
                let frame = super::svg::Frame { x, y: y - 6.0, width: 26.0, height: 12.0 };
                svg.rectangle(frame, "#B5B5B5", "");
                super::bar_panel::whisker(svg, y, x + 18.0, x + width);
                width
            }
            Self::Tick => {
                super::bar_panel::tick(svg, x + 3.0, y, 16.0);
                6.0
            }
        }
    }
}
