//! A panel of chains' traces, one small plot above the other.

use super::axis::Axis;
use super::palette::{Colour, GRID, INK, SOFT_INK};
use super::sheet::{Panel, TITLE_SIZE};
use super::svg::{Anchor, Frame, Place, Stroke, Svg, Type};

/// Traces over the same quantity, from top to bottom.
pub struct TracePanel {
    pub title: String,
    pub x_title: String,
    /// At least one.
    pub traces: Vec<Trace>,
}

/// The draws of one quantity.
pub struct Trace {
    pub title: String,
    /// A curve for each chain; x ascending. What is not finite is left out.
    pub chains: Vec<Vec<(f64, f64)>>,
}

/// The colours of chains; further ones begin again.
const COLOURS: [Colour; 7] = [
    Colour::Blue,
    Colour::Vermillion,
    Colour::BluishGreen,
    Colour::Orange,
    Colour::ReddishPurple,
    Colour::SkyBlue,
    Colour::Black,
];

const LEFT: f64 = 78.0;
const RIGHT: f64 = 14.0;
const HEAD: f64 = 40.0;
const FOOT: f64 = 52.0;
/// Above each plot, for its title.
const ABOVE: f64 = 26.0;
const TICK_SIZE: f64 = 13.0;
const PLOT_TITLE_SIZE: f64 = 14.0;

impl Panel for TracePanel {
    fn width(&self) -> f64 {
        660.0
    }

    fn draw(&self, svg: &mut Svg, frame: Frame) {
        let title = Type { size: TITLE_SIZE, colour: INK, anchor: Anchor::Start };
        svg.text((frame.x + LEFT, frame.y + 24.0), title, &self.title);
        let height = (frame.height - HEAD - FOOT) / self.traces.len().max(1) as f64;
        let x = range(self.traces.iter().flat_map(Trace::points).map(|point| point.0));
        let x = Axis::between(x.0, x.1, 6.0);
        let mut bottom = frame.y + HEAD;
        for (index, trace) in self.traces.iter().enumerate() {
            let plot = Frame {
                x: frame.x + LEFT,
                y: frame.y + HEAD + index as f64 * height + ABOVE,
                width: frame.width - LEFT - RIGHT,
                height: height - ABOVE - 8.0,
            };
            trace.draw(svg, plot, &x);
            bottom = plot.bottom();
        }
        let set = Type { size: TICK_SIZE, colour: SOFT_INK, anchor: Anchor::Middle };
        let (left, right) = (frame.x + LEFT, frame.right() - RIGHT);
        for tick in x.ticks() {
            svg.text((x.place(tick, left, right), bottom + 18.0), set, &x.label(tick));
        }
        let title = Type { size: PLOT_TITLE_SIZE, colour: INK, anchor: Anchor::Middle };
        svg.text((f64::midpoint(left, right), bottom + 40.0), title, &self.x_title);
    }
}

impl Trace {
    /// All finite points of all chains.
    fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.chains.iter().flatten().copied().filter(|point| point.1.is_finite())
    }

    fn draw(&self, svg: &mut Svg, plot: Frame, x: &Axis) {
        let (low, high) = range(self.points().map(|point| point.1));
        let y = Axis::around(low, high, 4.0);
        let title = Type { size: PLOT_TITLE_SIZE, colour: INK, anchor: Anchor::Start };
        svg.text((plot.x, plot.y - 8.0), title, &self.title);
        let set = Type { size: TICK_SIZE, colour: SOFT_INK, anchor: Anchor::End };
        for tick in y.ticks() {
            let at = y.place(tick, plot.bottom(), plot.y);
            svg.line((plot.x, at), (plot.right(), at), Stroke::solid(GRID, 1.0));
            svg.text((plot.x - 8.0, at + 0.36 * TICK_SIZE), set, &y.label(tick));
        }
        let place = |&(at, value): &(f64, f64)| -> Place {
            (x.place(at, plot.x, plot.right()), y.place(value, plot.bottom(), plot.y))
        };
        for (chain, colour) in self.chains.iter().zip(COLOURS.iter().cycle()) {
            let places: Vec<Place> = chain.iter().filter(|point| point.1.is_finite()).map(place).collect();
            svg.polyline(&places, Stroke::solid(colour.hex(), 1.3));
        }
        let axis = Stroke::solid(SOFT_INK, 1.2);
        svg.line((plot.x, plot.y), (plot.x, plot.bottom()), axis);
        svg.line((plot.x, plot.bottom()), (plot.right(), plot.bottom()), axis);
    }
}

/// Least and greatest value; from 0 to 1 where there is none.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low <= high { (low, high) } else { (0.0, 1.0) }
}
