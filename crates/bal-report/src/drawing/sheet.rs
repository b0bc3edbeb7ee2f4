//! Sets panels side by side on a page, with a tag above and notes below.

use super::key::GLYPH;
use super::palette::{INK, SOFT_INK};
use super::svg::{Anchor, Frame, Svg, Type};

/// Size of a panel's title.
pub(super) const TITLE_SIZE: f64 = 19.0;

/// Something that fills a rectangle of a page.
pub trait Panel {
    /// The width it wants, in pixels.
    fn width(&self) -> f64;
    /// Draws it, all within the frame.
    fn draw(&self, svg: &mut Svg, frame: Frame);
}

/// A page.
pub struct Sheet<'a> {
    /// For screen readers: what the figure is.
    pub title: &'a str,
    /// For screen readers: what it shows.
    pub description: &'a str,
    /// A warning that nobody can miss.
    pub tag: Option<&'a str>,
    /// From left to right.
    pub panels: Vec<&'a dyn Panel>,
    /// Small print.
    pub notes: Vec<&'a str>,
}

const MARGIN: f64 = 14.0;
const BETWEEN: f64 = 26.0;
const PANEL_HEIGHT: f64 = 540.0;
const TAG_HEIGHT: f64 = 34.0;
const NOTE_SIZE: f64 = 13.0;
const NOTE_PITCH: f64 = 19.0;

impl Sheet<'_> {
    /// The SVG of the page.
    pub fn draw(&self) -> String {
        let panels: f64 = self.panels.iter().map(|panel| panel.width()).sum();
        let gaps = self.panels.len().saturating_sub(1) as f64 * BETWEEN;
        let inner = panels + gaps;
        let notes: Vec<String> = self.notes.iter().flat_map(|note| wrapped(note, inner)).collect();
        let head = MARGIN + self.tag.map_or(0.0, |_| TAG_HEIGHT + 8.0);
        let foot = head + PANEL_HEIGHT + 10.0;
        let height = foot + notes.len() as f64 * NOTE_PITCH + MARGIN;
        let mut svg = Svg::new(inner + 2.0 * MARGIN, height);

        if let Some(tag) = self.tag {
            draw_tag(&mut svg, inner, tag);
        }
        let mut x = MARGIN;
        for panel in &self.panels {
            let frame = Frame { x, y: head, width: panel.width(), height: PANEL_HEIGHT };
            panel.draw(&mut svg, frame);
            x += panel.width() + BETWEEN;
        }
        for (index, note) in notes.iter().enumerate() {
            let set = Type { size: NOTE_SIZE, colour: SOFT_INK, anchor: Anchor::Start };
            let y = foot + index as f64 * NOTE_PITCH + NOTE_SIZE;
            svg.text((MARGIN + 10.0, y), set, note);
        }
        svg.finish(self.title, self.description)
    }
}

fn draw_tag(svg: &mut Svg, width: f64, tag: &str) {
    let frame = Frame { x: MARGIN, y: MARGIN, width, height: TAG_HEIGHT };
    svg.rectangle(frame, "#FBE3A6", "");
    let set = Type { size: 16.0, colour: INK, anchor: Anchor::Middle };
    let at = (MARGIN + width / 2.0, MARGIN + TAG_HEIGHT / 2.0 + 6.0);
    svg.text(at, set, tag);
}

/// Breaks a note into lines that fit the width.
fn wrapped(note: &str, width: f64) -> Vec<String> {
    let most = ((width - 20.0) / (NOTE_SIZE * GLYPH)) as usize;
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
        let width = 20.0 + 12.0 * NOTE_SIZE * GLYPH;
        assert_eq!(
            wrapped("one two three four incomprehensibilities", width),
            ["one two", "three four", "incomprehensibilities"]
        );
    }
}
