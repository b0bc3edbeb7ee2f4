//! Shares with their intervals, one row for each thing.

use super::{Drawing, LETTER, Look, Scale, at, room};
use bal_report::Interval;
use maud::html;

/// Rows of dots on one axis.
pub struct Dots {
    /// Name of each row.
    pub rows: Vec<String>,
    /// What the rows are.
    pub rows_title: String,
    /// What is shared.
    pub title: String,
    /// Of all shares.
    pub scale: Scale,
    /// The dots.
    pub shares: Vec<Dot>,
    /// Columns of numbers to the right, each with its head and a text per row.
    pub numbers: Vec<(String, Vec<String>)>,
    /// Width of the drawing, in pixels.
    pub width: f64,
    /// From row to row, in pixels.
    pub pitch: f64,
    /// In a few words, for those who do not see it.
    pub label: String,
}

/// A share.
pub struct Dot {
    /// Its row, from 0.
    pub row: usize,
    /// Its place among the dots of the row, from 0.
    pub lane: usize,
    /// Of its marker and interval.
    pub look: Look,
    /// In [0, 1].
    pub share: f64,
    /// Where the true share is.
    pub interval: Interval,
    /// What it is compared with, as an upright tick.
    pub reference: Option<f64>,
    /// Its values in words.
    pub text: String,
}

const TOP: f64 = 26.0;
const RIGHT: f64 = 18.0;
/// A column of numbers, and the room from one to the next.
const NUMBER: f64 = 11.0 * LETTER;

impl Dots {
    /// Draws them.
    pub fn draw(&self) -> Drawing {
        let left = (room(self.rows.iter()) + 14.0).max(30.0);
        let right = self.width - RIGHT - self.numbers.len() as f64 * NUMBER;
        let across = |share: f64| left + self.scale.place(share) * (right - left);
        let middle = |row: usize| TOP + (row as f64 + 0.5) * self.pitch;
        // Dots of one row beside each other, so that their intervals can be told apart.
        let lanes = self.shares.iter().map(|dot| dot.lane + 1).max().unwrap_or(1) as f64;
        let down = |dot: &Dot| {
            middle(dot.row) + (dot.lane as f64 - (lanes - 1.0) / 2.0) * (self.pitch * 0.72 / lanes)
        };
        let bottom = TOP + self.rows.len() as f64 * self.pitch;
        let body = html! {
            g.axes aria-hidden="true" {
                text.title x="0" y="12" { (self.rows_title) }
                @for (value, text) in self.scale.ticks() {
                    @let x = at(across(value));
                    path.grid d={ "M" (x) " " (TOP) "V" (at(bottom)) } {}
                    text x=(x) y=(at(bottom + 16.0)) text-anchor="middle" { (text) }
                }
                @for (row, name) in self.rows.iter().enumerate() {
                    text.title x=(at(left - 8.0)) y=(at(middle(row) + 4.0)) text-anchor="end" { (name) }
                }
                @for (column, (head, texts)) in self.numbers.iter().enumerate() {
                    @let x = at(right + (column + 1) as f64 * NUMBER);
                    text x=(x) y="12" text-anchor="end" { (head) }
                    @for (row, text) in texts.iter().enumerate() {
                        text.title x=(x) y=(at(middle(row) + 4.0)) text-anchor="end" { (text) }
                    }
                }
                text.title x=(at(right)) y=(at(bottom + 36.0)) text-anchor="end" { (self.title) }
            }
            @for dot in &self.shares {
                @let y = down(dot);
                g class=(dot.look.class()) {
                    @if let Some(other) = dot.reference {
                        path.other d={ "M" (at(across(other))) " " (at(y - 8.0)) "v16" } aria-hidden="true" {}
                    }
                    path.bar d={ "M" (at(across(dot.interval.low))) " " (at(y)) "H" (at(across(dot.interval.high))) }
                        aria-hidden="true" {}
                    path.p.mark d=(dot.look.mark((across(dot.share), y))) { title { (dot.text) } }
                }
            }
        };
        Drawing { width: self.width, height: bottom + 42.0, label: self.label.clone(), body }
    }
}
