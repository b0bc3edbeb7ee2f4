//! Pixels from an SVG, with a font that comes along.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use crate::PageError;

/// `DejaVu` Sans, so that a machine without fonts draws the same letters.
const FONT: &[u8] = include_bytes!("../../fonts/DejaVuSans.ttf");

/// Pixels per pixel of the SVG.
const SCALE: f32 = 2.0;

/// The PNG of an SVG, at twice its size.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>, PageError> {
    let (pixels, _) = pixels(svg)?;
    pixels.encode_png().map_err(|error| PageError::Render(error.to_string()))
}

/// The pixels of an SVG, and how many there are per pixel of the SVG.
pub(crate) fn pixels(svg: &str) -> Result<(Pixmap, f32), PageError> {
    let failed = |what: String| PageError::Render(what);
    let tree = parse(svg)?;
    let size = tree.size();
    let (width, height) = (size.width() * SCALE, size.height() * SCALE);
    let mut pixels = Pixmap::new(width.ceil() as u32, height.ceil() as u32)
        .ok_or_else(|| failed(format!("no image has {width} x {height} pixels")))?;
    let scale = Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scale, &mut pixels.as_mut());
    Ok((pixels, SCALE))
}

/// The SVG as the renderer sees it, texts laid out.
pub(super) fn parse(svg: &str) -> Result<Tree, PageError> {
    let mut fonts = Database::new();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    let options =
        Options { font_family: "DejaVu Sans".into(), fontdb: Arc::new(fonts), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|error| PageError::Render(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::sheet::page;
    use super::*;
    use maud::html;

    #[test]
    fn a_page_becomes_a_png_of_twice_its_size() {
        let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"></svg>"#;
        let pixels = Pixmap::decode_png(&png(svg).unwrap()).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (60, 40));
    }

    #[test]
    fn letters_are_drawn_without_fonts_of_the_machine() {
        let blank = html! {};
        let lettered = html! { text x="5" y="15" { "L∞" } };
        let black = |inside: &maud::Markup| {
            let pixels = Pixmap::decode_png(&png(&page((60.0, 20.0), "", "", inside)).unwrap()).unwrap();
            pixels.pixels().iter().filter(|pixel| pixel.red() < 64).count()
        };
        assert_eq!(black(&blank), 0);
        assert!(black(&lettered) > 50);
    }

    #[test]
    fn what_is_no_svg_is_an_error() {
        assert!(png("<svg").is_err());
    }
}
