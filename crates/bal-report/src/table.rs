//! Tables in Markdown and text.

mod diagnosis;
mod section;

pub use diagnosis::diagnosis;
pub use section::replace_section;
