//! The page as a browser shows it, and as it stands in its file.

mod browser;
mod content;
mod dump;
mod sample;
mod seen;
