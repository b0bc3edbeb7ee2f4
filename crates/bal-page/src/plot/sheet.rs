//! The theme print: panels side by side on white paper, with a tag above and notes below, as one SVG file.

use super::theme::print_style;
use super::{Colour, Drawing, LETTER, LinePanel, Look, Marker, at};
use maud::{Markup, PreEscaped, html};

/// A page of figures.
pub struct Sheet<'a> {
    /// For screen readers: what the figure is.
    pub title: &'a str,
    /// For screen readers: what it shows.
    pub description: &'a str,
    /// A warning that nobody can miss.
    pub tag: Option<&'a str>,
    /// Columns from left to right, each from top to bottom.
    pub columns: Vec<Vec<Panel>>,
    /// Small print.
    pub notes: Vec<&'a str>,
}

/// A drawing with what stands above it.
pub struct Panel {
    /// May be empty.
    pub title: String,
    /// What marks mean; may be empty.
    pub key: Vec<(Sample, String)>,
    /// The drawing.
    pub drawing: Drawing,
}

/// What an entry of a key shows before its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// A curve with a marker.
    Curve,
    /// A dashed curve.
    Dashed,
    /// The bar of an interval.
    Interval,
    /// A dot with the bar of its interval.
    Dot,
    /// An upright tick.
    Tick,
}

/// Fonts with the shapes that the layout was made for, most alike first.
const FONTS: &str = "DejaVu Sans, Bitstream Vera Sans, Verdana, sans-serif";
const MARGIN: f64 = 16.0;
const BETWEEN: f64 = 32.0;
const TAG: f64 = 30.0;
const HEADING: f64 = 26.0;
const KEY: f64 = 24.0;
const NOTE: f64 = 17.0;

impl Sheet<'_> {
    /// The SVG of the page.
    pub fn draw(&self) -> String {
        let widths = self.columns.iter().map(|column| column.iter().map(Panel::width).fold(0.0, f64::max));
        let widths: Vec<f64> = widths.collect();
        let inner = widths.iter().sum::<f64>() + BETWEEN * widths.len().saturating_sub(1) as f64;
        let tall = self
            .columns
            .iter()
            .map(|column| column.iter().map(Panel::height).sum::<f64>())
            .fold(0.0, f64::max);
        let head = MARGIN + self.tag.map_or(0.0, |_| TAG + 12.0);
        let notes: Vec<String> = self.notes.iter().flat_map(|note| wrapped(note, inner)).collect();
        let foot = head + tall + 10.0;
        let lefts = widths.iter().scan(MARGIN, |left, width| {
            *left += width + BETWEEN;
            Some(*left - width - BETWEEN)
        });
        page(
            (inner + 2.0 * MARGIN, foot + notes.len() as f64 * NOTE + MARGIN),
            self.title,
            self.description,
            &html! {
                @if let Some(tag) = self.tag {
                    rect.warning x=(MARGIN) y=(MARGIN) width=(at(inner)) height=(TAG) {}
                    text.heading x=(at(MARGIN + inner / 2.0)) y=(at(MARGIN + TAG / 2.0 + 5.0)) text-anchor="middle" { (tag) }
                }
                @for (column, left) in self.columns.iter().zip(lefts) {
                    @let tops = column.iter().scan(head, |top, panel| { *top += panel.height(); Some(*top - panel.height()) });
                    @for (panel, top) in column.iter().zip(tops) {
                        g transform={ "translate(" (at(left)) " " (at(top)) ")" } { (panel.draw()) }
                    }
                }
                @for (line, note) in notes.iter().enumerate() {
                    text.quiet x=(MARGIN) y=(at(foot + line as f64 * NOTE + 12.0)) { (note) }
                }
            },
        )
    }
}

/// A white page of this size with the style of print; `title` and `description` are what a screen reader says.
pub(crate) fn page((width, height): (f64, f64), title: &str, description: &str, inside: &Markup) -> String {
    let (width, height) = (at(width), at(height));
    let svg = html! {
        svg.plot xmlns="http://www.w3.org/2000/svg" width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) }
            role="img" font-family=(FONTS) {
            title { (title) }
            desc { (description) }
            style { (PreEscaped(print_style())) }
            rect.ground width="100%" height="100%" {}
            (inside)
        }
    };
    // A line for each element, so that changes can be read. Texts have no angle brackets left.
    svg.into_string().replace("><", ">\n<") + "\n"
}

impl Panel {
    /// Curves, and what solid curves, their intervals and dashed curves are called in the key.
    pub fn curves(
        title: impl Into<String>,
        curves: &LinePanel,
        [ours, intervals, theirs]: [&str; 3],
    ) -> Self {
        let mut key = vec![(Sample::Curve, ours.into()), (Sample::Interval, intervals.into())];
        if !curves.references.is_empty() {
            key.push((Sample::Dashed, theirs.into()));
        }
        Self { title: title.into(), key, drawing: curves.draw() }
    }

    fn width(&self) -> f64 {
        self.drawing.width
    }

    /// What stands above the drawing needs.
    fn above(&self) -> f64 {
        (if self.title.is_empty() { 0.0 } else { HEADING }) + (if self.key.is_empty() { 0.0 } else { KEY })
    }

    fn height(&self) -> f64 {
        self.above() + self.drawing.height
    }

    fn draw(&self) -> Markup {
        html! {
            text.heading x="0" y="15" { (self.title) }
            g transform={ "translate(0 " (at(self.above() - KEY + 10.0)) ")" } {
                @let mut left = 0.0;
                @for (sample, text) in &self.key {
                    (sample.draw(left, text))
                    @let () = left += sample.width() + text.chars().count() as f64 * LETTER + 18.0;
                }
            }
            g transform={ "translate(0 " (at(self.above())) ")" } { (self.drawing.body) }
        }
    }
}

impl Sample {
    /// With the room to its text.
    fn width(self) -> f64 {
        if matches!(self, Self::Interval | Self::Tick) { 14.0 } else { 36.0 }
    }

    /// The sample and its text, from `left` on, about the line 0.
    fn draw(self, left: f64, text: &str) -> Markup {
        let look = Look::new(Colour::Gray, Marker::Circle);
        let from = |x: f64, y: f64| format!("M{} {}", at(left + x), at(y));
        html! {
            g class=(look.class()) {
                @match self {
                    Self::Curve => path.line d={ (from(0.0, 0.0)) "h28" } {},
                    Self::Dashed => path.reference d={ (from(0.0, 0.0)) "h28" } {},
                    Self::Interval => path.bar d={ (from(3.0, -7.0)) "v14" } {},
                    Self::Dot => path.bar d={ (from(4.0, 0.0)) "h20" } {},
                    Self::Tick => path.other d={ (from(3.0, -7.0)) "v14" } {},
                }
                @if matches!(self, Self::Curve | Self::Dot) { path.mark d=(look.mark((left + 14.0, 0.0))) {} }
            }
            text.title x=(at(left + self.width())) y="4" { (text) }
        }
    }
}

/// Breaks a note into lines that fit the width.
fn wrapped(note: &str, width: f64) -> Vec<String> {
    let most = (width / LETTER) as usize;
    let mut lines: Vec<String> = Vec::new();
    for word in note.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_break_between_words() {
        assert_eq!(
            wrapped("one two three four incomprehensibilities", 12.0 * LETTER),
            ["one two", "three four", "incomprehensibilities"]
        );
    }

    #[test]
    fn text_stays_text_whatever_is_in_it() {
        let svg = page((9.0, 9.0), "a < b", "><", &html! { text { "a < b & c><d" } });
        assert!(svg.contains("<text>a &lt; b &amp; c&gt;&lt;d</text>"), "{svg}");
    }
}
