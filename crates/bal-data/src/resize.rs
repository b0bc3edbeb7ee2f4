//! Antialiased bilinear resizing, of GTSRB's frames bit for bit as Pillow 13 does it, so that prepared files have one digest.
//!
//! Each output value is the mean of the input values under a triangle around its centre. The triangle's half-width is
//! the scale (input over output pixels), at least 1; weights are rounded to 22 fractional bits. One axis is resized
//! after the other, with values rounded to bytes in between; an axis that keeps its length is left alone.
//!
//! Pillow 13 shortens columns first in tall frames, where that is less work; earlier versions always resized rows first
//! and differ by 1 in some of the values of such frames.
//! `fast_image_resize` was tried: it rounds its weights to fewer bits and differs by 1 in 8 % of all values.

/// Fractional bits of a weight: 8 bits of value, 22 of weight and a sign fit 32 bits.
const BITS: u32 = 22;

/// Resizes an image of `C` bytes per pixel from `(height, width)` to another `(height, width)`.
///
/// Pixels are row by row, their bytes together. All lengths are at least 1; proportions are not kept.
pub(crate) fn resize<const C: usize>(pixels: &[u8], from: (usize, usize), to: (usize, usize)) -> Vec<u8> {
    let (columns, rows) = (Axis::new(from.1, to.1), Axis::new(from.0, to.0));
    if from.0.saturating_sub(to.0) > 2 * from.1.saturating_sub(to.1) {
        columns.resize_rows::<C>(&rows.resize_columns::<C>(pixels, from.1), from.1)
    } else {
        rows.resize_columns::<C>(&columns.resize_rows::<C>(pixels, from.1), to.1)
    }
}

/// How one axis is resized: a window of the input for each output position.
struct Axis {
    windows: Vec<Window>,
}

/// The input positions that make up one output position.
struct Window {
    first: usize,
    weights: Vec<i32>,
}

impl Axis {
    /// Resizes each row of an image of rows of `width` pixels.
    fn resize_rows<const C: usize>(&self, pixels: &[u8], width: usize) -> Vec<u8> {
        let rows = pixels.as_chunks::<C>().0.chunks_exact(width);
        rows.flat_map(|row| self.windows.iter().flat_map(|window| window.mean(row.iter().skip(window.first))))
            .collect()
    }

    /// Resizes each column of an image of rows of `width` pixels.
    fn resize_columns<const C: usize>(&self, pixels: &[u8], width: usize) -> Vec<u8> {
        let pixels = pixels.as_chunks::<C>().0;
        let row = |window: &Window| {
            let above = window.first * width;
            (0..width)
                .flat_map(move |column| window.mean(pixels.iter().skip(above + column).step_by(width)))
                .collect::<Vec<_>>()
        };
        self.windows.iter().flat_map(row).collect()
    }

    /// Windows for `output` positions over `input` ones.
    fn new(input: usize, output: usize) -> Self {
        let scale = input as f64 / output as f64;
        let half_width = scale.max(1.0);
        let windows = (0..output).map(|position| {
            let centre = (position as f64 + 0.5) * scale;
            let first = (centre - half_width + 0.5).max(0.0) as usize;
            let end = ((centre + half_width + 0.5) as usize).min(input);
            let triangle: Vec<f64> = (first..end)
                .map(|at| (1.0 - ((at as f64 - centre + 0.5) * (1.0 / half_width)).abs()).max(0.0))
                .collect();
            let sum: f64 = triangle.iter().sum();
            let weights =
                triangle.iter().map(|weight| (0.5 + weight / sum * f64::from(1 << BITS)) as i32).collect();
            Window { first, weights }
        });
        Self { windows: windows.collect() }
    }
}

impl Window {
    /// The weighted mean of the first pixels of `under`, rounded.
    fn mean<'a, const C: usize>(&self, under: impl Iterator<Item = &'a [u8; C]>) -> [u8; C] {
        let mut sums = [1 << (BITS - 1); C];
        for (pixel, weight) in under.zip(&self.weights) {
            for (sum, &value) in sums.iter_mut().zip(pixel) {
                *sum += i32::from(value) * weight;
            }
        }
        sums.map(|sum: i32| (sum >> BITS).clamp(0, 255) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_the_final_size_is_unchanged() {
        let rgb: Vec<u8> = (0..32 * 32 * 3).map(|i| (i * 7 % 256) as u8).collect();
        assert_eq!(resize::<3>(&rgb, (32, 32), (32, 32)), rgb);
    }

    #[test]
    fn a_flat_image_stays_flat() {
        for (width, height) in [(1, 1), (15, 250), (97, 31), (1024, 1)] {
            let flat = [0, 128, 255].repeat(width * height);
            assert_eq!(
                resize::<3>(&flat, (height, width), (32, 32)),
                [0, 128, 255].repeat(32 * 32),
                "{width}x{height}"
            );
        }
    }

    #[test]
    fn halving_weighs_four_pixels_as_the_triangle_does() {
        // Scale 2: a triangle of half-width 2 around the middle of a pair weighs 1/8, 3/8, 3/8, 1/8.
        let row = [0, 80, 160, 240, 80, 0];
        let rgb: Vec<u8> = row.iter().flat_map(|&value| [value; 3]).collect();
        let middle = (80.0 + 3.0 * 160.0 + 3.0 * 240.0 + 80.0) / 8.0;
        let resized = resize::<3>(&rgb, (1, 6), (1, 3));
        assert_eq!(resized[3], f64::round(middle) as u8);
        // At the edge the weights that fall outside are shared among the others: (3, 3, 1) / 7.
        assert_eq!(resized[0], f64::round((3.0 * 80.0 + 160.0) / 7.0) as u8);
    }

    #[test]
    fn doubling_mixes_neighbours_three_to_one() {
        let rgb = [[0; 3], [100; 3]].concat();
        let values: Vec<u8> = resize::<3>(&rgb, (1, 2), (1, 4))[..12].iter().copied().step_by(3).collect();
        assert_eq!(values, [0, 25, 75, 100]);
    }

    #[test]
    fn gray_is_resized_as_each_channel_of_colour_is() {
        let gray: Vec<u8> = (0..7 * 40).map(|i| (i * i % 251) as u8).collect();
        let colour: Vec<u8> = gray.iter().flat_map(|&value| [value; 3]).collect();
        let resized = resize::<1>(&gray, (40, 7), (9, 12));
        let of_colour: Vec<u8> = resize::<3>(&colour, (40, 7), (9, 12)).into_iter().step_by(3).collect();
        assert_eq!((resized.len(), &resized), (9 * 12, &of_colour));
    }
}
