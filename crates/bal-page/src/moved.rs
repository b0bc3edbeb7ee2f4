//! How the pixels of an example were moved, as a picture or in words.

use crate::Moved;
use crate::number::short;
use maud::{Markup, html};

/// So many arrows at most stand side by side.
const ARROWS: usize = 14;

/// A flow as arrows from where pixels were to where they are, or a pose in words.
pub(crate) fn moved(of: &Moved, [_, height, width]: [usize; 3]) -> Markup {
    match of {
        Moved::Pose([degrees, down, right]) => html! {
            "turned by " (short(f64::from(*degrees))) "°, moved by " (short(f64::from(*down))) " pixels down and "
            (short(f64::from(*right))) " to the right"
        },
        Moved::Flow(flow) => {
            let greatest = f64::from(flow.iter().fold(0.0f32, |most, f| most.max(f.abs())));
            let apart = height.max(width).div_ceil(ARROWS).max(1);
            let factor = if greatest > 0.0 { apart as f64 / greatest } else { 1.0 };
            let arrows = arrows(flow, [height, width], apart, factor);
            html! {
                svg.moved viewBox={ "0 0 " (width) " " (height) } role="img"
                    aria-label={ "displacements of pixels, at most " (short(greatest)) } {
                    @for [x, y, was_x, was_y] in &arrows {
                        line x1=(was_x) y1=(was_y) x2=(x) y2=(y) {}
                        circle cx=(x) cy=(y) r=(number(0.12 * apart as f64)) {}
                    }
                }
                "displacements × " (format!("{factor:.1}")) ", at most " (short(greatest)) " pixels"
            }
        }
    }
}

/// Where every so many pixels are, and where they were: a pixel shows what was as far from it as the flow says, down and to the
/// right.
fn arrows(flow: &[f32], [height, width]: [usize; 2], apart: usize, factor: f64) -> Vec<[String; 4]> {
    let places = height * width;
    let middle = apart / 2;
    let rows = (middle..height).step_by(apart);
    let all = rows.flat_map(|row| (middle..width).step_by(apart).map(move |column| (row, column)));
    let arrow = |(row, column): (usize, usize)| {
        let place = row * width + column;
        let shift = |index: usize| f64::from(flow.get(index).copied().unwrap_or_default()) * factor;
        let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
        [x, y, x + shift(places + place), y + shift(place)].map(number)
    };
    all.map(arrow).collect()
}

fn number(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_comes_from_where_the_pixel_was() {
        // One pixel down and half a pixel to the left of each of 2 x 3 pixels.
        let flow = [vec![1.0f32; 6], vec![-0.5f32; 6]].concat();
        let drawn = arrows(&flow, [2, 3], 1, 1.0);
        assert_eq!(drawn.len(), 6);
        assert_eq!(drawn[4], ["1.50", "1.50", "1.00", "2.50"]);
        let text = moved(&Moved::Flow(flow), [1, 2, 3]).into_string();
        assert!(text.contains("at most 1 pixels") && text.matches("<line").count() == 6, "{text}");
    }

    #[test]
    fn a_pose_is_said_in_words() {
        let text = moved(&Moved::Pose([-12.0, 1.5, 0.0]), [1, 28, 28]).into_string();
        assert!(text.contains("turned by −12°") || text.contains("turned by -12°"), "{text}");
        assert!(text.contains("1.5 pixels down and 0 to the right"), "{text}");
    }
}
