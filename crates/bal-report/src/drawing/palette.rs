//! Colours that everyone can tell apart, each with a marker of its own shape.

/// The colours of Okabe and Ito (Color Universal Design, 2008), in R's version with gray for a ninth,
/// without yellow, which is too faint for lines on white, and with a dark vermillion for a third relative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// For the first, and for what is compared with.
    Black,
    /// Light: for areas rather than thin lines on white.
    Orange,
    /// Light: for areas rather than thin lines on white.
    SkyBlue,
    /// Green with much blue.
    BluishGreen,
    /// Dark blue.
    Blue,
    /// Red with much yellow.
    Vermillion,
    /// The same, much darker.
    DarkVermillion,
    /// Pink.
    ReddishPurple,
    /// R's ninth.
    Gray,
}

impl Colour {
    /// As SVG and CSS write it.
    pub fn hex(self) -> &'static str {
        match self {
            Self::Black => "#000000",
            Self::Orange => "#E69F00",
            Self::SkyBlue => "#56B4E9",
            Self::BluishGreen => "#009E73",
            Self::Blue => "#0072B2",
            Self::Vermillion => "#D55E00",
            Self::DarkVermillion => "#8A3D00",
            Self::ReddishPurple => "#CC79A7",
            Self::Gray => "#8C8C8C",
        }
    }
}

/// Text.
pub(super) const INK: &str = "#222222";
/// Axes, ticks, and text of less weight.
pub(super) const SOFT_INK: &str = "#555555";
/// Grid lines.
pub(super) const GRID: &str = "#E3E3E3";
/// Thin lines from a curve to its label.
pub(super) const LEADER: &str = "#BDBDBD";
/// The paper.
pub(super) const PAPER: &str = "#FFFFFF";

/// The shape of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    Circle,
    Square,
    Diamond,
    TriangleUp,
    TriangleDown,
    Plus,
    Cross,
    Star,
    Pentagon,
}

impl Marker {
    /// Its outline about the origin, clockwise, of about the area of a circle of radius 1.
    pub(super) fn outline(self) -> Vec<(f64, f64)> {
        match self {
            Self::Circle => ring(24, 1.0, 1.0, 0.0),
            Self::Square => ring(4, 1.25, 1.25, 45.0),
            Self::Diamond => ring(4, 1.35, 1.35, 0.0),
            Self::TriangleUp => ring(3, 1.45, 1.45, 0.0),
            Self::TriangleDown => ring(3, 1.45, 1.45, 180.0),
            Self::Pentagon => ring(5, 1.2, 1.2, 0.0),
            Self::Star => ring(10, 1.6, 0.7, 0.0),
            Self::Plus => plus(),
            Self::Cross => plus().into_iter().map(turned_by_45_degrees).collect(),
        }
    }
}

/// Corners on two alternating radii, the first corner `turn` degrees clockwise from the top.
fn ring(corners: u32, even: f64, odd: f64, turn: f64) -> Vec<(f64, f64)> {
    let corner = |index: u32| {
        let angle = (turn + 360.0 * f64::from(index) / f64::from(corners)).to_radians();
        let radius = if index.is_multiple_of(2) { even } else { odd };
        (radius * angle.sin(), -radius * angle.cos())
    };
    (0..corners).map(corner).collect()
}

fn plus() -> Vec<(f64, f64)> {
    let (long, thick) = (1.35, 0.4);
    vec![
        (-thick, -long),
        (thick, -long),
        (thick, -thick),
        (long, -thick),
        (long, thick),
        (thick, thick),
        (thick, long),
        (-thick, long),
        (-thick, thick),
        (-long, thick),
        (-long, -thick),
        (-thick, -thick),
    ]
}

fn turned_by_45_degrees((x, y): (f64, f64)) -> (f64, f64) {
    let half = std::f64::consts::FRAC_1_SQRT_2;
    ((x - y) * half, (x + y) * half)
}

/// How one method looks, in every figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub colour: Colour,
    pub marker: Marker,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half the sum of cross products.
    fn area(outline: &[(f64, f64)]) -> f64 {
        let next = outline.iter().cycle().skip(1);
        let doubled = outline.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>();
        doubled / 2.0
    }

    #[test]
    fn markers_weigh_about_the_same() {
        for marker in [
            Marker::Circle,
            Marker::Square,
            Marker::Diamond,
            Marker::TriangleUp,
            Marker::TriangleDown,
            Marker::Plus,
            Marker::Cross,
            Marker::Star,
            Marker::Pentagon,
        ] {
            let area = area(&marker.outline());
            assert!((2.4..=3.8).contains(&area), "{marker:?} has area {area}");
        }
    }
}
