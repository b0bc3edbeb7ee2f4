//! Tables.

use maud::{Markup, html};

/// Values in rows, the first column naming them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) caption: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<S: Into<String>>(caption: S, head: Vec<String>) -> Self {
        Self { caption: caption.into(), head, rows: vec![] }
    }

    /// The table, in a frame that scrolls where it is too wide for the window.
    pub(crate) fn html(&self) -> Markup {
        html! {
            div.scroll tabindex="0" role="region" aria-label=(self.caption) {
                table {
                    caption { (self.caption) }
                    thead { tr { @for head in &self.head { th scope="col" { (head) } } } }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for (column, value) in row.iter().enumerate() {
                                    @if column == 0 { th scope="row" { (value) } } @else { td { (value) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Strings of whatever has a text.
pub(crate) fn texts<S: ToString>(values: &[S]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
