//! Curves, with bands where they are uncertain.

use super::{Frame, at};
use crate::series::Look;
use maud::{Markup, html};

/// Several curves in one frame.
pub(crate) struct LinePanel {
    pub(crate) frame: Frame,
    pub(crate) series: Vec<Series>,
    /// In a few words, for those who do not see it.
    pub(crate) label: String,
    /// A line to compare with, from one corner to another, in the frame's values.
    pub(crate) reference: Option<[(f64, f64); 2]>,
}

/// One curve.
pub(crate) struct Series {
    pub(crate) look: Look,
    pub(crate) points: Vec<Point>,
    /// Whether points are marked, rather than only found by hovering.
    pub(crate) marked: bool,
    /// Whether they are joined.
    pub(crate) joined: bool,
}

/// A point of a curve. One that is not finite leaves a gap.
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// The ends of its interval.
    pub(crate) interval: Option<(f64, f64)>,
    /// Its values in words.
    pub(crate) text: String,
}

impl LinePanel {
    pub(crate) fn svg(&self) -> Markup {
        let frame = &self.frame;
        let inside = html! {
            @if let Some([from, to]) = self.reference {
                path.reference d={ "M" (self.place(from.0, from.1)) "L" (self.place(to.0, to.1)) } {}
            }
            @for series in &self.series { (self.curve(series)) }
            // After all curves, so that none covers a point.
            @for series in &self.series {
                g class=(series.look.class()) { @for point in series.finite() {
                    @let (x, y) = (frame.across(point.x), frame.down(point.y));
                    @if series.marked {
                        path.p.mark d={ "M" (at(x)) " " (at(y)) (series.look.marker()) } { title { (point.text) } }
                    } @else {
                        circle.p cx=(at(x)) cy=(at(y)) r="4" { title { (point.text) } }
                    }
                } }
            }
        };
        frame.svg(&self.label, &inside)
    }

    fn curve(&self, series: &Series) -> Markup {
        let ends: Vec<(f64, (f64, f64))> =
            series.finite().filter_map(|p| p.interval.map(|interval| (p.x, interval))).collect();
        html! {
            g class=(series.look.class()) aria-hidden="true" {
                @if series.joined && !ends.is_empty() {
                    @let up = ends.iter().map(|&(x, (_, high))| self.place(x, high));
                    @let down = ends.iter().rev().map(|&(x, (low, _))| self.place(x, low));
                    path.band d={ "M" (up.chain(down).collect::<Vec<_>>().join("L")) "z" } {}
                }
                @if !series.joined {
                    @for &(x, (low, high)) in &ends {
                        path.bar d={ "M" (self.place(x, low)) "V" (at(self.frame.down(high))) } {}
                    }
                }
                @if series.joined { path.line d=(self.path(series)) stroke-dasharray=(series.look.dash()) {} }
            }
        }
    }

    fn path(&self, series: &Series) -> String {
        let mut path = String::new();
        let mut broken = true;
        for point in &series.points {
            if !(point.x.is_finite() && point.y.is_finite()) {
                broken = true;
                continue;
            }
            path.push(if broken { 'M' } else { 'L' });
            path.push_str(&self.place(point.x, point.y));
            broken = false;
        }
        path
    }

    fn place(&self, x: f64, y: f64) -> String {
        format!("{} {}", at(self.frame.across(x)), at(self.frame.down(y)))
    }
}

impl Series {
    fn finite(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|p| p.x.is_finite() && p.y.is_finite())
    }
}
