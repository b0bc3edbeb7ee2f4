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
pub mod text_boxes;
mod trace_panel;

pub use bar_panel::{Bar, BarPanel};
pub use curve_panel::{CurvePanel, CurvePoint, Reference, Scale, Series};
pub use palette::Colour;
pub use palette::{Marker, Style};
pub use render::{pixels, png};
pub use sheet::{Panel, Sheet};
pub use svg::{Anchor, Svg, Type};
pub use trace_panel::{Trace, TracePanel};
