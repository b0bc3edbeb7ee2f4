//! A figure: title, one sentence that reads it, key, panels, and a table of its values.

use crate::plot::{Drawing, Look};
use crate::table;
use bal_report::table::Table;
use maud::{Markup, html};

/// What all figures have.
pub(crate) struct Figure {
    /// Unique on the page.
    pub(crate) id: String,
    pub(crate) title: String,
    /// One sentence.
    pub(crate) reading: String,
    /// What the colours mean; may be empty.
    pub(crate) key: Vec<(Look, String)>,
    pub(crate) panels: Vec<Panel>,
    /// Of the table.
    pub(crate) caption: String,
    pub(crate) table: Table,
}

/// One drawing of a figure.
pub(crate) struct Panel {
    /// What stands above it; empty where there is only one.
    pub(crate) heading: String,
    pub(crate) drawing: Drawing,
}

impl Figure {
    pub(crate) fn html(&self) -> Markup {
        let (title, reading) = (format!("{}-title", self.id), format!("{}-reading", self.id));
        html! {
            figure #(self.id) aria-labelledby=(title) aria-describedby=(reading) {
                figcaption {
                    h3 #(title) { (self.title) }
                    p #(reading) { (self.reading) }
                }
                (key(&self.key))
                div.panels {
                    @for panel in &self.panels {
                        div.panel {
                            @if !panel.heading.is_empty() { h4 { (panel.heading) } }
                            (panel.drawing.svg())
                        }
                    }
                }
                (values(&self.title, &self.caption, &self.table))
            }
        }
    }
}

/// Rows of the longest table that is printed though nobody unfolded it: about a page.
const ON_PAPER: usize = 40;

/// The values that a figure shows, to unfold.
pub(crate) fn values(title: &str, caption: &str, table: &Table) -> Markup {
    html! {
        details class=[(table.rows.len() > ON_PAPER).then_some("long")] {
            summary { "Values of “" (title) "” (" (table.rows.len()) " rows)" }
            (table::html(caption, table))
        }
    }
}

/// What the colours mean.
fn key(entries: &[(Look, String)]) -> Markup {
    html! {
        @if !entries.is_empty() {
            ul.key aria-label="Key" {
                @for (look, name) in entries {
                    li class=(look.class()) {
                        svg viewBox="0 0 30 12" width="30" height="12" aria-hidden="true" {
                            path.line d="M0 6H30" stroke-dasharray=[look.dash()] {}
                            path.mark d=(look.mark((15.0, 6.0))) {}
                        }
                        span { (name) }
                    }
                }
            }
        }
    }
}
