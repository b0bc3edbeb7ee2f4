//! Attacked images beside each other, each with what the model takes it for.

use maud::html;
use resvg::tiny_skia::{Color, Paint, Pixmap, Rect, Transform};

use crate::PageError;
use crate::plot::{Colour, page, pixels};

/// An image and the model's class for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Pixels in [0, 1], channel by channel, each row by row.
    pub pixels: Vec<f32>,
    /// The model's class.
    pub predicted: i64,
}

/// Images in rows, one per image, with a column for each form of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageGrid {
    /// Channels (1 or 3), height and width of every image.
    pub shape: [usize; 3],
    /// What stands above the columns.
    pub columns: Vec<String>,
    /// For each image its number in the data set, its class, and a cell per column.
    pub rows: Vec<(i64, i64, Vec<Cell>)>,
    /// What stands below, line by line.
    pub notes: Vec<String>,
}

/// Pixels of the figure per side of an image, at least.
const SIDE: usize = 84;
const GAP: f64 = 14.0;
const CAPTION: f64 = 18.0;
const HEAD: f64 = 30.0;
const LEFT: f64 = 100.0;
/// Room for the notes.
const WIDTH: f64 = 420.0;

impl ImageGrid {
    /// The grid as PNG. A class is red where it is not the image's.
    ///
    /// # Errors
    /// [`PageError::Grid`] when the parts do not fit together, [`PageError::Render`] when the renderer fails.
    pub fn png(&self) -> Result<Vec<u8>, PageError> {
        let [channels, height, width] = self.shape;
        let fits = |cells: &[Cell]| {
            cells.len() == self.columns.len()
                && cells.iter().all(|c| c.pixels.len() == channels * height * width)
        };
        if !matches!(channels, 1 | 3)
            || height * width == 0
            || self.rows.iter().any(|(.., cells)| !fits(cells))
        {
            return Err(PageError::Grid(self.shape));
        }
        // Whole pixels, so that they stay sharp.
        let zoom = SIDE.div_ceil(height.max(width)) as f64;
        let (cell_width, cell_height) = (width as f64 * zoom, height as f64 * zoom);
        let place = |row: usize, column: usize| {
            (LEFT + column as f64 * (cell_width + GAP), HEAD + row as f64 * (cell_height + CAPTION + GAP))
        };
        let (right, bottom) = place(self.rows.len(), self.columns.len());
        let size = (right.max(WIDTH), bottom + (self.notes.len() as f64 + 0.5) * CAPTION);
        let texts = html! {
            @for (column, head) in self.columns.iter().enumerate() {
                @let (x, y) = place(0, column);
                text x=(x + cell_width / 2.0) y=(y - 10.0) text-anchor="middle" { (head) }
            }
            @for (row, (index, label, cells)) in self.rows.iter().enumerate() {
                @let middle = place(row, 0).1 + cell_height / 2.0;
                text x=(LEFT - 12.0) y=(middle - 2.0) text-anchor="end" { "class " (label) }
                text.quiet x=(LEFT - 12.0) y=(middle + 16.0) text-anchor="end" { "no. " (index) }
                @for (column, cell) in cells.iter().enumerate() {
                    @let (x, y) = place(row, column);
                    @let wrong = (cell.predicted != *label).then_some(Colour::Vermillion.hex());
                    text style=[wrong.map(|colour| format!("fill:{colour}"))] x=(x + cell_width / 2.0)
                        y=(y + cell_height + CAPTION - 3.0) text-anchor="middle" { (cell.predicted) }
                }
            }
            @for (line, note) in self.notes.iter().enumerate() {
                text.quiet x="12" y=(bottom + (line as f64 + 0.5) * CAPTION) { (note) }
            }
        };
        let (mut picture, scale) = pixels(&page(size, "Attacked images", &self.notes.join(" "), &texts))?;
        for (row, (.., cells)) in self.rows.iter().enumerate() {
            for (column, cell) in cells.iter().enumerate() {
                self.paint(&mut picture, cell, place(row, column), (f64::from(scale), zoom));
            }
        }
        picture.encode_png().map_err(|error| PageError::Render(error.to_string()))
    }

    /// Fills a square for each pixel of a cell whose corner is `at`.
    fn paint(&self, picture: &mut Pixmap, cell: &Cell, at: (f64, f64), (scale, zoom): (f64, f64)) {
        let [channels, height, width] = self.shape;
        let value = |channel: usize, place: usize| {
            cell.pixels[channel.min(channels - 1) * height * width + place].clamp(0.0, 1.0)
        };
        for place in 0..height * width {
            let (x, y) = (at.0 + (place % width) as f64 * zoom, at.1 + (place / width) as f64 * zoom);
            let side = (zoom * scale) as f32;
            let Some(square) = Rect::from_xywh((x * scale) as f32, (y * scale) as f32, side, side) else {
                continue;
            };
            let mut paint = Paint { anti_alias: false, ..Paint::default() };
            let colour = Color::from_rgba(value(0, place), value(1, place), value(2, place), 1.0);
            paint.set_color(colour.unwrap_or(Color::BLACK));
            picture.fill_rect(square, &paint, Transform::identity(), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(pixels: Vec<f32>) -> ImageGrid {
        ImageGrid {
            shape: [1, 2, 2],
            columns: vec!["clean".into()],
            rows: vec![(0, 3, vec![Cell { pixels, predicted: 8 }])],
            notes: vec!["a note".into()],
        }
    }

    #[test]
    fn pixels_are_squares_of_their_gray() {
        let png = grid(vec![0.0, 0.5, 1.0, 0.2]).png().unwrap();
        let picture = Pixmap::decode_png(&png).unwrap();
        // The grid is drawn at twice its size; an image is 84 wide, a pixel of it 42.
        let at = |x: f64, y: f64| {
            let (x, y) = ((LEFT + x) * 2.0, (HEAD + y) * 2.0);
            picture.pixel(x as u32, y as u32).unwrap().red()
        };
        assert_eq!([at(20.0, 20.0), at(60.0, 20.0), at(20.0, 60.0), at(60.0, 60.0)], [0, 128, 255, 51]);
    }

    #[test]
    fn images_of_another_shape_are_refused() {
        let error = grid(vec![0.0; 5]).png().unwrap_err().to_string();
        assert!(error.contains("[1, 2, 2]"), "{error}");
    }
}
