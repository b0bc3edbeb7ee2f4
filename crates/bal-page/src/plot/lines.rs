//! Curves, with bands or bars where they are uncertain, and dashed ones to compare them with.

use super::frame::Plot;
use super::labels::spread;
use super::{Drawing, Frame, Look, Scale, at, room};
use bal_report::Interval;
use maud::{Markup, html};

/// Several curves in one frame.
pub struct LinePanel {
    /// The axes.
    pub frame: Frame,
    /// The curves.
    pub series: Vec<Series>,
    /// What they are compared with.
    pub references: Vec<Reference>,
    /// In a few words, for those who do not see it.
    pub label: String,
}

/// One curve.
pub struct Series {
    /// What is written beside its right end; empty for nothing.
    pub name: String,
    /// Of its line and markers.
    pub look: Look,
    /// What is drawn of it.
    pub shape: Shape,
    /// x ascending.
    pub points: Vec<Point>,
}

/// What is drawn of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A line, whose points are only found by hovering.
    Line,
    /// A line with markers; intervals are a band.
    Band,
    /// A line with markers; intervals are bars.
    Bars,
    /// Markers with bars.
    Points,
}

/// A point of a curve. One that is not finite leaves a gap.
pub struct Point {
    /// Across.
    pub x: f64,
    /// Upwards.
    pub y: f64,
    /// Where the true value is.
    pub interval: Option<Interval>,
    /// Its values in words; where they are empty, nothing is found by hovering.
    pub text: String,
}

/// A dashed curve.
pub struct Reference {
    /// What is written beside its end where that is far from the solid curve of its look; empty for nothing.
    pub name: String,
    /// Its colour; a faint one where there is none.
    pub look: Option<Look>,
    /// Points as `(x, y)`.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// A curve of measurements `(x, y, interval)` for print: markers, bars, and its name at its end.
    pub fn measured(
        name: impl Into<String>,
        look: Look,
        points: impl IntoIterator<Item = (f64, f64, Interval)>,
    ) -> Self {
        let name = name.into();
        let points = points.into_iter().map(|(x, y, interval)| {
            let Interval { low, high } = interval;
            let text = format!("{name}, {x:.4}: {y:.4} [{low:.4}, {high:.4}]");
            Point { x, y, interval: Some(interval), text }
        });
        Self { points: points.collect(), name, look, shape: Shape::Bars }
    }

    fn finite(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|p| p.x.is_finite() && p.y.is_finite())
    }
}

/// From the plot to a name's marker, and from there to the name.
const TO_MARKER: f64 = 26.0;
const TO_TEXT: f64 = 10.0;
const NAME_GAP: f64 = 17.0;

impl LinePanel {
    /// A panel for print whose axes hold everything; `scale` makes both of their values.
    pub fn around(
        (x_title, y_title): (&str, &str),
        (width, height): (f64, f64),
        scale: [fn(Vec<f64>) -> Scale; 2],
        series: Vec<Series>,
        references: Vec<Reference>,
    ) -> Self {
        let points = || series.iter().flat_map(|series| &series.points);
        let others = || references.iter().flat_map(|reference| &reference.points);
        let xs = points().map(|point| point.x).chain(others().map(|point| point.0));
        let ends =
            points().flat_map(|p| p.interval.map_or([p.y; 2], |interval| [interval.low, interval.high]));
        let ys = ends.chain(others().map(|point| point.1));
        let frame = Frame {
            x: scale[0](xs.collect()),
            y: scale[1](ys.collect()),
            x_title: x_title.into(),
            y_title: y_title.into(),
            width,
            height,
        };
        Self { frame, series, references, label: format!("{y_title} against {x_title}") }
    }

    /// Draws it.
    pub fn draw(&self) -> Drawing {
        // Which curves get a name depends on heights alone.
        let named = self.ends(&self.frame.plot(0.0));
        let beside = if named.is_empty() {
            0.0
        } else {
            TO_MARKER + TO_TEXT + room(named.iter().map(|end| &end.name))
        };
        let plot = &self.frame.plot(beside);
        let inside = html! {
            @for Reference { look, points, .. } in &self.references {
                g class=[look.map(Look::class)] aria-hidden="true" {
                    path.reference d=(path(plot, points.iter().copied())) {}
                }
            }
            @for series in &self.series { (curve(plot, series)) }
            // After all curves, so that none covers a point.
            @for series in &self.series {
                g class=(series.look.class()) { @for point in series.finite() {
                    @let (x, y) = plot.place(point.x, point.y);
                    @if series.shape != Shape::Line {
                        path.p.mark d=(series.look.mark((x, y))) { title { (point.text) } }
                    } @else if !point.text.is_empty() {
                        circle.p cx=(at(x)) cy=(at(y)) r="4" { title { (point.text) } }
                    }
                } }
            }
            (names(plot, &self.ends(plot)))
        };
        plot.drawing(&self.label, &inside)
    }

    /// The right ends that have a name.
    fn ends(&self, plot: &Plot) -> Vec<End> {
        let mut ends: Vec<End> = self
            .series
            .iter()
            .filter_map(|series| {
                let last = series.finite().last().filter(|_| !series.name.is_empty())?;
                let place = plot.place(last.x, last.y);
                Some(End { name: series.name.clone(), look: Some(series.look), place, dashed: false })
            })
            .collect();
        let ours = ends.len();
        for Reference { name, look, points } in self.references.iter().filter(|r| !r.name.is_empty()) {
            let Some(&(x, y)) = points.last() else { continue };
            let place = plot.place(x, y);
            let near = |end: &End| end.look == *look && (end.place.1 - place.1).abs() < 3.0 * NAME_GAP;
            if !ends[..ours].iter().any(near) {
                ends.push(End { name: name.clone(), look: *look, place, dashed: true });
            }
        }
        ends
    }
}

/// The right end of a curve, and what is written beside it.
struct End {
    name: String,
    look: Option<Look>,
    place: (f64, f64),
    dashed: bool,
}

/// Each name as near as may be to the end of its curve, with a thin line to it.
fn names(plot: &Plot, ends: &[End]) -> Markup {
    let wanted: Vec<f64> = ends.iter().map(|end| end.place.1).collect();
    let x = plot.right + TO_MARKER;
    html! {
        @for (end, y) in ends.iter().zip(spread(&wanted, NAME_GAP, plot.top, plot.bottom)) {
            g class=[end.look.map(Look::class)] {
                path.leader d={ "M" (at(end.place.0 + 7.0)) " " (at(end.place.1)) "L" (at(x - 7.0)) " " (at(y)) } {}
                @match end.look {
                    Some(look) if !end.dashed => path.mark d=(look.mark((x, y))) {},
                    _ => path.reference d={ "M" (at(x - 7.0)) " " (at(y)) "h13" } {},
                }
                text.title x=(at(x + TO_TEXT)) y=(at(y + 4.0)) { (end.name) }
            }
        }
    }
}

fn curve(plot: &Plot, series: &Series) -> Markup {
    let ends: Vec<(f64, Interval)> =
        series.finite().filter_map(|point| Some((point.x, point.interval?))).collect();
    html! {
        g class=(series.look.class()) aria-hidden="true" {
            @if series.shape == Shape::Band && !ends.is_empty() {
                @let up = ends.iter().map(|(x, interval)| (*x, interval.high));
                @let down = ends.iter().rev().map(|(x, interval)| (*x, interval.low));
                path.band d={ (path(plot, up.chain(down))) "z" } {}
            }
            @if matches!(series.shape, Shape::Bars | Shape::Points) {
                @for (x, interval) in &ends {
                    @let (across, low) = plot.place(*x, interval.low);
                    path.bar d={ "M" (at(across)) " " (at(low)) "V" (at(plot.place(*x, interval.high).1)) } {}
                }
            }
            @if series.shape != Shape::Points {
                path.line d=(path(plot, series.points.iter().map(|p| (p.x, p.y)))) stroke-dasharray=[series.look.dash()] {}
            }
        }
    }
}

/// A path through some points, broken where they are not finite.
fn path(plot: &Plot, points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    let mut broken = true;
    for (x, y) in points {
        if !(x.is_finite() && y.is_finite()) {
            broken = true;
            continue;
        }
        let (across, down) = plot.place(x, y);
        path.push(if broken { 'M' } else { 'L' });
        path.push_str(&[at(across), at(down)].join(" "));
        broken = false;
    }
    path
}
