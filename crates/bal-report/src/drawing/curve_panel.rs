//! A panel of curves with intervals, and thin dashed ones to compare them with.

use super::axis::Axis;
use super::key::{self, GLYPH, Sample};
use super::labels::spread;
use super::palette::{GRID, INK, LEADER, SOFT_INK, Style};
use super::sheet::{Panel, TITLE_SIZE};
use super::svg::{Anchor, Frame, Place, Stroke, Svg, Type};
use crate::Interval;

/// Curves of accuracy, or of another quantity, against a quantity.
pub struct CurvePanel {
    pub title: String,
    pub x_title: String,
    pub y_title: String,
    pub scale: Scale,
    /// What whiskers are called in the key.
    pub whiskers: &'static str,
    /// What solid curves are called in the key.
    pub ours: String,
    /// What dashed curves are called in the key.
    pub theirs: String,
    /// At least one, of at least one point.
    pub series: Vec<Series>,
    pub references: Vec<Reference>,
}

/// The scale of both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    /// For quantities above 0: a power law is a straight line.
    Logarithmic,
}

/// A solid curve with markers, intervals, and its label beside its end.
pub struct Series {
    pub label: String,
    pub style: Style,
    /// x ascending.
    pub points: Vec<CurvePoint>,
}

/// A point of a series.
pub struct CurvePoint {
    pub x: f64,
    pub y: f64,
    pub interval: Interval,
}

/// A thin dashed curve.
pub struct Reference {
    pub label: String,
    pub style: Style,
    pub points: Vec<(f64, f64)>,
}

/// The room around the plot: title and key above, labels to the right, at least so much, the axes' texts elsewhere.
const TOP: f64 = 84.0;
const RIGHT: f64 = 174.0;
const BOTTOM: f64 = 58.0;
const LEFT: f64 = 72.0;
const TICK_SIZE: f64 = 14.0;
const AXIS_TITLE_SIZE: f64 = 15.0;
const LABEL_SIZE: f64 = 15.0;
const LABEL_GAP: f64 = 21.0;
/// From the plot to a label's marker, and from there to its text.
const TO_MARKER: f64 = 30.0;
const TO_TEXT: f64 = 12.0;

/// The plot's rectangle with both scales.
struct Plot {
    frame: Frame,
    x: Axis,
    y: Axis,
}

impl Plot {
    fn place(&self, x: f64, y: f64) -> Place {
        (
            self.x.place(x, self.frame.x, self.frame.right()),
            self.y.place(y, self.frame.bottom(), self.frame.y),
        )
    }
}

impl Panel for CurvePanel {
    fn width(&self) -> f64 {
        780.0
    }

    fn draw(&self, svg: &mut Svg, frame: Frame) {
        let plot = self.plot(frame);
        self.draw_head(svg, frame, &plot);
        self.draw_axes(svg, &plot);
        for reference in &self.references {
            let places: Vec<_> = reference.points.iter().map(|&(x, y)| plot.place(x, y)).collect();
            svg.polyline(&places, Stroke::dashed(reference.style.colour.hex(), 1.4));
        }
        for series in &self.series {
            series.draw(svg, &plot);
        }
        self.draw_labels(svg, &plot);
    }
}

impl CurvePanel {
    /// The plot, narrower where a label needs more room.
    fn plot(&self, frame: Frame) -> Plot {
        // Which curves get a label depends on heights alone.
        let plot = self.plot_beside(frame, RIGHT);
        let longest = self.labelled(&plot).iter().map(|end| end.label.chars().count()).max().unwrap_or(0);
        self.plot_beside(frame, RIGHT.max(TO_MARKER + TO_TEXT + GLYPH * LABEL_SIZE * longest as f64))
    }

    /// The plot that leaves this much room to its right.
    fn plot_beside(&self, frame: Frame, right: f64) -> Plot {
        let inner = Frame {
            x: frame.x + LEFT,
            y: frame.y + TOP,
            width: frame.width - LEFT - right,
            height: frame.height - TOP - BOTTOM,
        };
        let ours = self.series.iter().flat_map(|series| &series.points);
        let theirs = self.references.iter().flat_map(|reference| &reference.points);
        let xs = ours.clone().map(|point| point.x).chain(theirs.clone().map(|point| point.0));
        let lows = ours.clone().map(|point| point.interval.low).chain(theirs.clone().map(|point| point.1));
        let highs = ours.map(|point| point.interval.high).chain(theirs.map(|point| point.1));
        let x = (xs.clone().fold(f64::INFINITY, f64::min), xs.fold(f64::NEG_INFINITY, f64::max));
        let y = (lows.fold(f64::INFINITY, f64::min), highs.fold(f64::NEG_INFINITY, f64::max));
        let (x, y) = match self.scale {
            Scale::Linear => (Axis::between(x.0, x.1, 6.0), Axis::around(y.0, y.1, 8.0)),
            Scale::Logarithmic => (Axis::logarithmic(x.0, x.1), Axis::logarithmic(y.0, y.1)),
        };
        Plot { frame: inner, x, y }
    }

    fn draw_head(&self, svg: &mut Svg, frame: Frame, plot: &Plot) {
        let title = Type { size: TITLE_SIZE, colour: INK, anchor: Anchor::Start };
        svg.text((plot.frame.x, frame.y + 24.0), title, &self.title);
        let mut entries = vec![(Sample::Curve, self.ours.as_str()), (Sample::Whisker, self.whiskers)];
        if !self.references.is_empty() {
            entries.push((Sample::DashedCurve, self.theirs.as_str()));
        }
        key::draw(svg, (plot.frame.x, frame.y + 54.0), &entries);
    }

    fn draw_axes(&self, svg: &mut Svg, plot: &Plot) {
        let frame = plot.frame;
        let set = Type { size: TICK_SIZE, colour: SOFT_INK, anchor: Anchor::Middle };
        for tick in plot.x.ticks() {
            let x = plot.x.place(tick, frame.x, frame.right());
            svg.line((x, frame.y), (x, frame.bottom()), Stroke::solid(GRID, 1.0));
            svg.line((x, frame.bottom()), (x, frame.bottom() + 5.0), Stroke::solid(SOFT_INK, 1.0));
            svg.text((x, frame.bottom() + 21.0), set, &plot.x.label(tick));
        }
        let set_right = Type { anchor: Anchor::End, ..set };
        for tick in plot.y.ticks() {
            let y = plot.y.place(tick, frame.bottom(), frame.y);
            svg.line((frame.x, y), (frame.right(), y), Stroke::solid(GRID, 1.0));
            svg.line((frame.x - 5.0, y), (frame.x, y), Stroke::solid(SOFT_INK, 1.0));
            svg.text((frame.x - 9.0, y + 0.36 * TICK_SIZE), set_right, &plot.y.label(tick));
        }
        let axis = Stroke::solid(SOFT_INK, 1.2);
        svg.line((frame.x, frame.y), (frame.x, frame.bottom()), axis);
        svg.line((frame.x, frame.bottom()), (frame.right(), frame.bottom()), axis);
        let title = Type { size: AXIS_TITLE_SIZE, colour: INK, anchor: Anchor::Middle };
        let middle = (frame.x + frame.width / 2.0, frame.y + frame.height / 2.0);
        svg.text((middle.0, frame.bottom() + 46.0), title, &self.x_title);
        svg.text_upwards((frame.x - LEFT + 18.0, middle.1), title, &self.y_title);
    }

    /// Each label as near as may be to the end of its curve, with a thin line to it.
    fn draw_labels(&self, svg: &mut Svg, plot: &Plot) {
        let ends = self.labelled(plot);
        let wanted: Vec<_> = ends.iter().map(|end| end.place.1).collect();
        let places = spread(&wanted, LABEL_GAP, plot.frame.y, plot.frame.bottom());
        let x = plot.frame.right() + TO_MARKER;
        for (end, y) in ends.into_iter().zip(places) {
            let from = (end.place.0 + 9.0, end.place.1);
            svg.line(from, (x - 9.0, y), Stroke::solid(LEADER, 1.0));
            let colour = end.style.colour.hex();
            if end.dashed {
                svg.line((x - 9.0, y), (x + 7.0, y), Stroke::dashed(colour, 1.4));
            } else {
                svg.marker((x, y), end.style.marker, colour, "");
            }
            let set = Type { size: LABEL_SIZE, colour: INK, anchor: Anchor::Start };
            svg.text((x + TO_TEXT, y + 0.36 * LABEL_SIZE), set, &end.label);
        }
    }

    /// The ends that have a label.
    fn labelled(&self, plot: &Plot) -> Vec<End> {
        let mut ends = self.ends(plot);
        ends.extend(self.lone_ends(plot));
        ends
    }

    /// The right ends of our curves.
    fn ends(&self, plot: &Plot) -> Vec<End> {
        let end = |series: &Series| {
            let last = series.points.last()?;
            Some(End {
                label: series.label.clone(),
                style: series.style,
                place: plot.place(last.x, last.y),
                dashed: false,
            })
        };
        self.series.iter().filter_map(end).collect()
    }

    /// The right ends of dashed curves that run far from the solid one of their colour: those need a name of
    /// their own.
    fn lone_ends(&self, plot: &Plot) -> Vec<End> {
        let ours = self.ends(plot);
        let end = |reference: &Reference| {
            let &(x, y) = reference.points.last()?;
            let place = plot.place(x, y);
            let near =
                |end: &End| end.style == reference.style && (end.place.1 - place.1).abs() < 3.0 * LABEL_GAP;
            (!ours.iter().any(near)).then(|| End {
                label: format!("{}, {}", reference.label, self.theirs),
                style: reference.style,
                place,
                dashed: true,
            })
        };
        self.references.iter().filter_map(end).collect()
    }
}

/// The right end of a curve, and what is written beside it.
struct End {
    label: String,
    style: Style,
    place: Place,
    dashed: bool,
}

impl Series {
    fn draw(&self, svg: &mut Svg, plot: &Plot) {
        let colour = self.style.colour.hex();
        let places: Vec<_> = self.points.iter().map(|point| plot.place(point.x, point.y)).collect();
        svg.polyline(&places, Stroke::solid(colour, 2.2));
        for point in &self.points {
            let (x, low) = plot.place(point.x, point.interval.low);
            let (_, high) = plot.place(point.x, point.interval.high);
            whisker(svg, x, high, low, colour);
        }
        for (point, &place) in self.points.iter().zip(&places) {
            let Interval { low, high } = point.interval;
            let tip = format!("{}, {:.4}: {:.4} [{low:.4}, {high:.4}]", self.label, point.x, point.y);
            svg.marker(place, self.style.marker, colour, &tip);
        }
    }
}

/// A vertical whisker with caps.
pub(super) fn whisker(svg: &mut Svg, x: f64, top: f64, bottom: f64, colour: &'static str) {
    let stroke = Stroke::solid(colour, 1.2);
    svg.line((x, top), (x, bottom), stroke);
    for y in [top, bottom] {
        svg.line((x - 4.0, y), (x + 4.0, y), stroke);
    }
}
