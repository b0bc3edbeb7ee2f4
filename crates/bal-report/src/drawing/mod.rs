//! What figures are made of: an SVG, axes, panels, and pixels from that very SVG.
//!
//! The SVG is written directly: plotting libraries round coordinates to whole pixels, measure text with fonts
//! that a bare machine lacks, and offer no way to place labels beside the ends of their curves.

mod axis;
mod bar_panel;
mod curve_panel;
mod key;
mod labels;
mod palette;
mod render;
mod sheet;
mod svg;
#[cfg(test)]
pub(crate) mod text_boxes;
mod trace_panel;

pub(crate) use bar_panel::{Bar, BarPanel};
pub(crate) use curve_panel::{CurvePanel, CurvePoint, Reference, Scale, Series};
pub use palette::Colour;
pub(crate) use palette::{Marker, Style};
pub(crate) use render::{pixels, png};
pub(crate) use sheet::{Panel, Sheet};
pub(crate) use svg::{Anchor, Svg, Type};
pub(crate) use trace_panel::{Trace, TracePanel};
