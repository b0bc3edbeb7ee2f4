//! Images as PNG in data URIs.

use crate::{Example, PageError};
use base64::{Engine, engine::general_purpose::STANDARD};

/// The three pictures of an example: as it is, attacked, and their difference.
pub(crate) struct Pictures {
    pub(crate) clean: String,
    pub(crate) attacked: String,
    /// Gray where nothing changed, brighter where it was raised, darker where lowered.
    pub(crate) difference: String,
    /// By how much the difference is multiplied, so that its greatest value fills the range.
    pub(crate) factor: f64,
    /// The greatest change of a pixel.
    pub(crate) greatest: f64,
}

impl Pictures {
    pub(crate) fn of(run: &str, example: &Example) -> Result<Self, PageError> {
        let Example { number, shape, clean, attacked, .. } = example;
        let needed = shape.iter().product::<usize>();
        for pixels in [clean, attacked] {
            if pixels.len() != needed || needed == 0 || !matches!(shape[0], 1 | 3) {
                let (found, shape) = (pixels.len(), *shape);
                return Err(PageError::Picture { run: run.into(), number: *number, found, shape, needed });
            }
        }
        let change: Vec<f32> = attacked.iter().zip(clean).map(|(a, c)| a - c).collect();
        let greatest = f64::from(change.iter().fold(0.0f32, |most, d| most.max(d.abs())));
        let factor = if greatest > 0.0 { 0.5 / greatest } else { 1.0 };
        let difference: Vec<f32> = change.iter().map(|d| 0.5 + d * factor as f32).collect();
        let png = |pixels: &[f32]| {
            png(*shape, pixels).map_err(|error| PageError::Answers {
                run: run.into(),
                what: format!("image {number} cannot be drawn: {error}"),
            })
        };
        Ok(Self {
            clean: png(clean)?,
            attacked: png(attacked)?,
            difference: png(&difference)?,
            factor,
            greatest,
        })
    }
}

/// The data URI of pixels in [0, 1], channel by channel.
fn png([channels, height, width]: [usize; 3], pixels: &[f32]) -> Result<String, png::EncodingError> {
    let places = height * width;
    let bytes: Vec<u8> = (0..places)
        .flat_map(|place| (0..channels).map(move |channel| channel * places + place))
        .map(|index| (pixels[index].clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(if channels == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale });
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&bytes)?;
    writer.finish()?;
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coloured_image_comes_back_pixel_by_pixel() {
        // Two pixels: red and half green.
        let uri = png([3, 1, 2], &[1.0, 0.0, 0.0, 0.5, 0.0, 0.0]).unwrap();
        let bytes = STANDARD.decode(uri.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [255, 0, 0, 0, 128, 0]);
    }
}
