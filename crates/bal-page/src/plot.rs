//! Drawings as inline SVG, made for windows from 400 pixels on.
//!
//! A drawing is 380 wide and is scaled by less than a half more; wide windows get several beside each other, so that
//! letters have about the same size everywhere. Colours come from the page's style, by class.

mod bars;
mod confusion;
mod dots;
mod frame;
mod histogram;
mod lines;
mod scale;

pub(crate) use bars::bars;
pub(crate) use confusion::Confusion;
pub(crate) use dots::{Dot, Dots};
pub(crate) use frame::Frame;
pub(crate) use histogram::{Group, Histogram};
pub(crate) use lines::{LinePanel, Point, Series};
pub(crate) use scale::Scale;

/// Width of a drawing.
const WIDTH: f64 = 380.0;

/// About the width of a letter of tick labels.
const LETTER: f64 = 6.7;

/// A coordinate with one decimal: finer than a screen, and short.
fn at(x: f64) -> String {
    let text = format!("{x:.1}");
    text.strip_suffix(".0").map_or(text.clone(), String::from)
}
