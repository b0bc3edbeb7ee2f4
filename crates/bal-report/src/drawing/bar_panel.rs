//! A panel of horizontal bars with intervals, and ticks to compare them with.

use super::axis::Axis;
use super::key::{self, Sample};
use super::palette::{GRID, INK, PAPER, SOFT_INK, Style};
use super::sheet::{Panel, TITLE_SIZE};
use super::svg::{Anchor, Frame, Stroke, Svg, Type};
use crate::Interval;

/// Bars of accuracy, or another share in [0, 1], from 0.
pub struct BarPanel {
    pub title: String,
    pub x_title: String,
    /// What bars are called in the key.
    pub ours: String,
    /// What whiskers are called in the key.
    pub whiskers: &'static str,
    /// What ticks are called in the key.
    pub theirs: String,
    /// At least one, from top to bottom.
    pub bars: Vec<Bar>,
}

/// A bar.
pub struct Bar {
    pub label: String,
    pub style: Style,
    pub value: f64,
    pub interval: Interval,
    /// Where its tick stands.
    pub reference: Option<f64>,
}

impl Bar {
    /// The right end of all that is drawn.
    fn end(&self) -> f64 {
        self.interval.high.max(self.reference.unwrap_or(0.0))
    }
}

/// The room around the plot: title and key above, names to the left, the axis's texts below, and to the right
/// both numbers of each bar.
const TOP: f64 = 84.0;
const RIGHT: f64 = 162.0;
const BOTTOM: f64 = 58.0;
const LEFT: f64 = 146.0;
const TICK_SIZE: f64 = 14.0;
const LABEL_SIZE: f64 = 15.0;
/// Where the columns of numbers end, from the plot's right side.
const OURS: f64 = 62.0;
const THEIRS: f64 = 150.0;

impl Panel for BarPanel {
    fn width(&self) -> f64 {
        650.0
    }

    fn draw(&self, svg: &mut Svg, frame: Frame) {
        let plot = Frame {
            x: frame.x + LEFT,
            y: frame.y + TOP,
            width: frame.width - LEFT - RIGHT,
            height: frame.height - TOP - BOTTOM,
        };
        let longest = self.bars.iter().map(Bar::end).fold(0.0, f64::max);
        let axis = Axis::around(0.0, longest, 6.0);
        self.draw_head(svg, frame);
        self.draw_axis(svg, plot, &axis);
        let pitch = plot.height / self.bars.len() as f64;
        for (index, bar) in self.bars.iter().enumerate() {
            let y = plot.y + (index as f64 + 0.5) * pitch;
            bar.draw(svg, plot, &axis, y, (0.52 * pitch).min(26.0));
        }
    }
}

impl BarPanel {
    fn draw_head(&self, svg: &mut Svg, frame: Frame) {
        let title = Type { size: TITLE_SIZE, colour: INK, anchor: Anchor::Start };
        svg.text((frame.x + 24.0, frame.y + 24.0), title, &self.title);
        let ours = format!("{}, {}", self.ours, self.whiskers);
        let mut entries = vec![(Sample::Bar, ours.as_str())];
        let mut columns = vec![(OURS, &self.ours)];
        if self.bars.iter().any(|bar| bar.reference.is_some()) {
            entries.push((Sample::Tick, &self.theirs));
            columns.push((THEIRS, &self.theirs));
        }
        key::draw(svg, (frame.x + 24.0, frame.y + 54.0), &entries);
        let heading = Type { size: TICK_SIZE, colour: SOFT_INK, anchor: Anchor::End };
        for (offset, name) in columns {
            let x = frame.right() - RIGHT + offset;
            svg.text((x, frame.y + TOP - 4.0), heading, name);
        }
    }

    fn draw_axis(&self, svg: &mut Svg, plot: Frame, axis: &Axis) {
        let set = Type { size: TICK_SIZE, colour: SOFT_INK, anchor: Anchor::Middle };
        for tick in axis.ticks() {
            let x = axis.place(tick, plot.x, plot.right());
            svg.line((x, plot.y), (x, plot.bottom()), Stroke::solid(GRID, 1.0));
            svg.text((x, plot.bottom() + 21.0), set, &axis.label(tick));
        }
        svg.line((plot.x, plot.y), (plot.x, plot.bottom()), Stroke::solid(SOFT_INK, 1.2));
        let title = Type { size: 15.0, colour: INK, anchor: Anchor::Middle };
        let middle = plot.x + plot.width / 2.0;
        svg.text((middle, plot.bottom() + 46.0), title, &self.x_title);
    }
}

impl Bar {
    fn draw(&self, svg: &mut Svg, plot: Frame, axis: &Axis, y: f64, height: f64) {
        let place = |value| axis.place(value, plot.x, plot.right());
        let Interval { low, high } = self.interval;
        let frame = Frame { x: plot.x, y: y - height / 2.0, width: place(self.value) - plot.x, height };
        let tip = format!("{}: {:.4} [{low:.4}, {high:.4}]", self.label, self.value);
        svg.rectangle(frame, self.style.colour.hex(), &tip);
        whisker(svg, y, place(low), place(high));
        if let Some(value) = self.reference {
            tick(svg, place(value), y, height + 10.0);
        }
        let name = Type { size: LABEL_SIZE, colour: INK, anchor: Anchor::End };
        let base = y + 0.36 * LABEL_SIZE;
        svg.text((plot.x - 10.0, base), name, &self.label);
        let numbers = [(OURS, Some(self.value)), (THEIRS, self.reference)];
        for (offset, value) in numbers {
            if let Some(value) = value {
                let at = (plot.right() + offset, base);
                svg.text(at, name, &format!("{value:.3}"));
            }
        }
    }
}

/// A horizontal whisker with caps, legible on the bar and beside it.
pub(super) fn whisker(svg: &mut Svg, y: f64, low: f64, high: f64) {
    for (colour, width) in [(PAPER, 4.0), (INK, 1.5)] {
        let stroke = Stroke::solid(colour, width);
        svg.line((low, y), (high, y), stroke);
        for x in [low, high] {
            svg.line((x, y - 4.5), (x, y + 4.5), stroke);
        }
    }
}

/// A vertical tick, taller than its bar.
pub(super) fn tick(svg: &mut Svg, x: f64, y: f64, height: f64) {
    let half = height / 2.0;
    svg.line((x, y - half - 1.0), (x, y + half + 1.0), Stroke::solid(PAPER, 6.0));
    svg.line((x, y - half), (x, y + half), Stroke::solid(INK, 3.0));
}
