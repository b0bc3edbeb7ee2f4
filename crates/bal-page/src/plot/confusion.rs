//! Which class is taken for which.

use super::{Drawing, at, room};
use crate::{number::percent, run::Seen};
use maud::{Markup, html};

/// Counts, by the image's class and then by the class that it was taken for.
pub(crate) struct Confusion {
    pub(crate) classes: Vec<String>,
    pub(crate) counts: Vec<Vec<u64>>,
}

/// Side of the matrix.
const SIDE: f64 = 330.0;
const TOP: f64 = 24.0;
/// With more classes than these, cells have no room for numbers.
const NUMBERED: usize = 15;

impl Confusion {
    pub(crate) fn of(classes: &[String], seen: &[Seen]) -> Self {
        let mut counts = vec![vec![0; classes.len()]; classes.len()];
        for image in seen {
            counts[image.answer.label][image.class()] += 1;
        }
        Self { classes: classes.to_vec(), counts }
    }

    /// The wrong pair that happens most often: class, taken for, how often.
    pub(crate) fn worst(&self) -> Option<(&str, &str, u64)> {
        let pairs = self.counts.iter().enumerate().flat_map(|(row, counts)| {
            counts
                .iter()
                .enumerate()
                .filter(move |(column, _)| *column != row)
                .map(move |(column, &n)| (row, column, n))
        });
        // The first of equal ones.
        let worst = pairs.fold((0, 0, 0), |worst, pair| if pair.2 > worst.2 { pair } else { worst });
        (worst.2 > 0).then(|| (self.classes[worst.0].as_str(), self.classes[worst.1].as_str(), worst.2))
    }

    pub(crate) fn draw(&self, label: &str) -> Drawing {
        let n = self.classes.len();
        let cell = SIDE / n as f64;
        // Every class has a name where there is room for it.
        let every = (13.0 / cell).ceil().max(1.0) as usize;
        let widest = room(self.classes.iter());
        let left = (widest + 12.0).max(28.0);
        let upright = widest < cell * every as f64;
        let below = if upright { 18.0 } else { widest + 12.0 };
        let (width, height) = (left + SIDE + 6.0, TOP + SIDE + below + 24.0);
        let body = html! {
                g.axes aria-hidden="true" {
                    text.title x="0" y="12" { "class of the image" }
                    text.title x=(at(left + SIDE)) y=(at(height - 6.0)) text-anchor="end" { "taken for" }
                    @for (i, name) in self.classes.iter().enumerate().step_by(every) {
                        @let middle = (i as f64 + 0.5) * cell;
                        text x=(at(left - 6.0)) y=(at(TOP + middle + 4.0)) text-anchor="end" { (name) }
                        @if upright {
                            text x=(at(left + middle)) y=(at(TOP + SIDE + 14.0)) text-anchor="middle" { (name) }
                        } @else {
                            @let (x, y) = (at(left + middle + 4.0), at(TOP + SIDE + 6.0));
                            text x=(x) y=(y) text-anchor="end" transform={ "rotate(-90 " (x) " " (y) ")" } { (name) }
                        }
                    }
                }
                rect.border x=(at(left)) y=(at(TOP)) width=(SIDE) height=(SIDE) {}
                @for (row, counts) in self.counts.iter().enumerate() { (self.row(row, counts, (left, cell))) }
        };
        Drawing { width, height, label: label.into(), body }
    }

    fn row(&self, row: usize, counts: &[u64], (left, cell): (f64, f64)) -> Markup {
        let total = counts.iter().sum::<u64>().max(1);
        let numbered = counts.len() <= NUMBERED;
        html! {
            @for (column, &n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
                @let (x, y) = (left + column as f64 * cell, TOP + row as f64 * cell);
                @let share = n as f64 / total as f64;
                @let kind = if row == column { "s0" } else { "s1" };
                // Never so faint that one image is missed.
                @let strength = 0.12 + 0.88 * share.sqrt();
                g class=(kind) {
                    rect.p.fill x=(at(x + 0.5)) y=(at(y + 0.5)) width=(at(cell - 1.0)) height=(at(cell - 1.0))
                        fill-opacity=(format!("{strength:.2}")) {
                        title {
                            "class " (self.classes[row]) " taken for " (self.classes[column]) ": " (n) " of " (total)
                            " (" (percent(share)) ")"
                        }
                    }
                    @if numbered {
                        text.count.on[strength > 0.78] x=(at(x + cell / 2.0)) y=(at(y + cell / 2.0 + 4.0))
                            text-anchor="middle" aria-hidden="true" { (n) }
                    }
                }
            }
        }
    }
}
