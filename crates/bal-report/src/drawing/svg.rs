//! Writes an SVG, element by element.

use std::fmt::Write;

use super::palette::{Marker, PAPER};

/// Fonts with the shapes that the layout was made for, most alike first.
const FONTS: &str = "DejaVu Sans, Bitstream Vera Sans, Verdana, sans-serif";

/// A place in pixels, y downwards.
pub(super) type Place = (f64, f64);

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Frame {
    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height
    }
}

/// How a line is drawn.
#[derive(Clone, Copy)]
pub(super) struct Stroke {
    pub(super) colour: &'static str,
    pub(super) width: f64,
    pub(super) dashed: bool,
}

impl Stroke {
    pub(super) fn solid(colour: &'static str, width: f64) -> Self {
        Self { colour, width, dashed: false }
    }

    pub(super) fn dashed(colour: &'static str, width: f64) -> Self {
        Self { dashed: true, ..Self::solid(colour, width) }
    }

    fn attributes(self) -> String {
        let dashes = if self.dashed { r#" stroke-dasharray="6 4""# } else { "" };
        format!(r#"stroke="{}" stroke-width="{}"{dashes}"#, self.colour, number(self.width))
    }
}

/// Which end of a text is at its place.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Clone, Copy)]
pub struct Type {
    pub size: f64,
    pub colour: &'static str,
    pub anchor: Anchor,
}

/// An SVG under construction.
pub struct Svg {
    width: f64,
    height: f64,
    body: String,
}

impl Svg {
    /// A white page.
    pub fn new(width: f64, height: f64) -> Self {
        let mut svg = Self { width, height, body: String::new() };
        let page = Frame { x: 0.0, y: 0.0, width, height };
        svg.rectangle(page, PAPER, "");
        svg
    }

    /// The finished text; `title` and `description` are what a screen reader says.
    pub fn finish(self, title: &str, description: &str) -> String {
        let (width, height) = (number(self.width), number(self.height));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FONTS}\">\n\
             <title>{}</title>\n<desc>{}</desc>\n{}</svg>\n",
            escaped(title),
            escaped(description),
            self.body
        )
    }

    pub(super) fn line(&mut self, from: Place, to: Place, stroke: Stroke) {
        self.push(&format!(
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}" {}/>"#,
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1),
            stroke.attributes()
        ));
    }

    pub(super) fn polyline(&mut self, places: &[Place], stroke: Stroke) {
        self.push(&format!(
            r#"<polyline points="{}" fill="none" stroke-linejoin="round" {}/>"#,
            points(places.iter().copied()),
            stroke.attributes()
        ));
    }

    /// A filled rectangle; the tip shows under the pointer.
    pub(super) fn rectangle(&mut self, frame: Frame, fill: &str, tip: &str) {
        let shape = format!(
            r#"rect x="{}" y="{}" width="{}" height="{}" fill="{fill}""#,
            number(frame.x),
            number(frame.y),
            number(frame.width),
            number(frame.height)
        );
        self.with_tip("rect", &shape, tip);
    }

    /// A filled marker with a white rim, which parts it from lines and other markers.
    pub(super) fn marker(&mut self, at: Place, marker: Marker, fill: &str, tip: &str) {
        const RADIUS: f64 = 4.6;
        let outline = marker.outline().into_iter();
        let places = outline.map(|(x, y)| (at.0 + x * RADIUS, at.1 + y * RADIUS));
        let shape =
            format!(r#"polygon points="{}" fill="{fill}" stroke="{PAPER}" stroke-width="1""#, points(places));
        self.with_tip("polygon", &shape, tip);
    }

    pub fn text(&mut self, at: Place, set: Type, text: &str) {
        self.push_text(at, set, "", text);
    }

    /// Text that reads upwards, for the title of a vertical axis.
    pub(super) fn text_upwards(&mut self, at: Place, set: Type, text: &str) {
        let turn = format!(r#" transform="rotate(-90 {} {})""#, number(at.0), number(at.1));
        self.push_text(at, set, &turn, text);
    }

    fn push_text(&mut self, at: Place, set: Type, turn: &str, text: &str) {
        let anchor = match set.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.push(&format!(
            r#"<text x="{}" y="{}" font-size="{}" fill="{}" text-anchor="{anchor}"{turn}>{}</text>"#,
            number(at.0),
            number(at.1),
            number(set.size),
            set.colour,
            escaped(text)
        ));
    }

    fn with_tip(&mut self, element: &str, shape: &str, tip: &str) {
        if tip.is_empty() {
            self.push(&format!("<{shape}/>"));
        } else {
            self.push(&format!("<{shape}><title>{}</title></{element}>", escaped(tip)));
        }
    }

    fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }
}

fn points(places: impl Iterator<Item = Place>) -> String {
    let mut text = String::new();
    for (x, y) in places {
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{},{}", number(x), number(y));
    }
    text
}

/// A coordinate to a hundredth of a pixel, without needless zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short() {
        for (value, text) in [(12.0, "12"), (0.5, "0.5"), (-0.001, "0"), (1.0 / 3.0, "0.33"), (100.0, "100")]
        {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn text_stays_text_whatever_is_in_it() {
        let mut svg = Svg::new(10.0, 10.0);
        let set = Type { size: 3.0, colour: "#000000", anchor: Anchor::Start };
        svg.text((1.0, 2.0), set, "a < b & c");
        let text = svg.finish("t", "d");
        assert!(text.contains(">a &lt; b &amp; c</text>"), "{text}");
    }
}
