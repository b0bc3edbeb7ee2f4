//! A few probabilities of an image before and after an attack.

use super::{Drawing, Look, WIDTH, at, room};
use crate::number::percent;
use maud::html;

const ROW: f64 = 26.0;

/// Pairs of bars from 0 to 1: name, share as it is, share attacked; bold where the name is the image's own.
pub(crate) fn bars(rows: &[(String, f64, f64, bool)], label: &str) -> Drawing {
    let left = (room(rows.iter().map(|row| &row.0)) + 12.0).max(24.0);
    let long = WIDTH - left - 8.0;
    let height = rows.len() as f64 * ROW + 4.0;
    let body = html! {
        @for (row, (name, clean, attacked, own)) in rows.iter().enumerate() {
            @let top = row as f64 * ROW + 4.0;
            text.own[*own] x=(at(left - 8.0)) y=(at(top + 14.0)) text-anchor="end" aria-hidden="true" { (name) }
            @for (offset, share, look, what) in [(0.0, *clean, 0, "as it is"), (10.0, *attacked, 1, "attacked")] {
                g class=(Look::nth(look).class()) {
                    rect.groove x=(at(left)) y=(at(top + offset)) width=(at(long)) height="9" {}
                    rect.p.fill x=(at(left)) y=(at(top + offset)) width=(at((share * long).max(0.6))) height="9" {
                        title { "class " (name) ", " (what) ": " (percent(share)) }
                    }
                }
            }
        }
    };
    Drawing { width: WIDTH, height, label: label.into(), body }
}
