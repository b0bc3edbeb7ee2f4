//! The one plotting layer: axes, ticks, looks, curves with intervals, rows of shares, bars, histograms, confusions.
//!
//! Everything is drawn as SVG whose colours come from a style, by class. There are two themes. On the page a drawing is
//! 380 wide, for windows from 400 pixels on, and follows the colours of the screen, light or dark. On a [`Sheet`],
//! for paper and repositories, drawings are wider, carry the names of their curves, and have their style inside.

mod bars;
mod confusion;
mod dots;
mod frame;
mod histogram;
mod labels;
mod lines;
mod look;
mod render;
mod scale;
mod sheet;
#[doc(hidden)]
pub mod text_boxes;
mod theme;

pub(crate) use bars::bars;
pub(crate) use confusion::Confusion;
pub use dots::{Dot, Dots};
pub use frame::Frame;
pub(crate) use histogram::{Group, Histogram};
pub use lines::{LinePanel, Point, Reference, Series, Shape};
pub use look::{Colour, Look, Marker};
pub(crate) use render::{pixels, png};
pub use scale::Scale;
pub(crate) use sheet::page;
pub use sheet::{Panel, Sample, Sheet};
pub(crate) use theme::page_style;

use maud::{Markup, html};

/// Width of a drawing on the page.
pub(crate) const WIDTH: f64 = 380.0;

/// About the width of a letter, on the generous side, for layout without measuring.
const LETTER: f64 = 7.0;

/// A drawing: what stands inside its rectangle.
pub struct Drawing {
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// In a few words, for those who do not see it.
    pub label: String,
    pub(crate) body: Markup,
}

impl Drawing {
    /// For the page, where it is scaled to its panel and read by arrow keys.
    pub(crate) fn svg(&self) -> Markup {
        html! {
            svg.plot viewBox={ "0 0 " (at(self.width)) " " (at(self.height)) } role="group" aria-roledescription="chart"
                aria-label=(self.label) tabindex="0" { (self.body) }
        }
    }
}

/// A coordinate with one decimal: finer than a screen, and short.
fn at(x: f64) -> String {
    let text = format!("{x:.1}");
    text.strip_suffix(".0").map_or(text.clone(), String::from)
}

/// Room for the longest of some texts.
fn room<'a>(texts: impl Iterator<Item = &'a String>) -> f64 {
    texts.map(|text| text.chars().count()).max().unwrap_or(1) as f64 * LETTER
}
