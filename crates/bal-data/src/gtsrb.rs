//! GTSRB: the official zips (PPM frames, `;`-separated annotations) become five IDX files.
//!
//! Each *full* frame, border included, is resized to 32x32 RGB by the antialiased bilinear filter (a triangle whose
//! support grows with the scale), bit for bit as Pillow 13's `resize((32, 32), BILINEAR)`.
//! Order: training frames by class, track and frame; test frames by number.
//!
//! A track is some 30 frames of one physical sign, nearly alike, so a validation split must keep tracks whole.
//! Source: Stallkamp, Schlipsing, Salmen, Igel, "Man vs. computer", Neural Networks 32, 2012.

mod annotations;
mod archive;
mod frame;
mod frames;
mod listing;
mod output;
mod prepare;

pub use prepare::{OfficialZips, Prepared, prepare};

/// Width and height of a prepared image.
pub const SIDE: usize = 32;
