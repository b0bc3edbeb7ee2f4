//! Tables on the page.

use bal_report::table::{Align, Table};
use maud::{Markup, html};

/// The table, in a frame that scrolls where it is too wide for the window; the first column names the rows.
pub(crate) fn html(caption: &str, table: &Table) -> Markup {
    let class =
        |column: usize| (column > 0 && table.alignment.get(column) == Some(&Align::Left)).then_some("words");
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for (column, head) in table.head.iter().enumerate() {
                    th class=[class(column)] scope="col" { (head) }
                } } }
                tbody {
                    @for row in &table.rows {
                        tr {
                            @for (column, value) in row.iter().enumerate() {
                                @if column == 0 {
                                    th scope="row" { (value) }
                                } @else {
                                    td class=[class(column)] { (value) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
