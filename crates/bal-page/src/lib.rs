//! Runs as one self-contained HTML page, and the one plotting layer with which it and all other figures are drawn; no
//! LibTorch, no network, no file but the page.
//!
//! [`Page`] is plain data: records, evaluations, draws, answers. [`Page::html`] is a function of it alone: the same
//! data give the same bytes. Figures are inline SVG, images PNG in data URIs, and style and script are a few
//! kilobytes inside; a content security policy forbids the page to load anything, and any script but its own.
//!
//! Whatever comes from files is escaped by the templates ([`maud`]): a run named `<script>` stays a text.
//!
//! Every figure has a title, a sentence that reads it, values on hover and by arrow keys, and a table of its values.

#![doc = include_str!("../README.md")]

mod document;
mod error;
mod figure;
mod image_grid;
mod moved;
mod number;
mod page;
mod picture;
#[doc(hidden)]
pub mod plot;
mod run;
mod sections;
mod table;
mod traces;

pub use error::PageError;
pub use image_grid::{Cell, ImageGrid};
pub use page::{MOST_RUNS, Page};
pub use run::{Answers, Attacked, Example, Moved, Run, Seen, Trace};
pub use traces::{Followed, FollowedGroup, traces, traces_png};
