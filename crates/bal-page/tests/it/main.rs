//! The page as a browser shows it, and as it stands in its file.

mod browser;
mod content;
mod paper;
mod sample;
mod seen;
