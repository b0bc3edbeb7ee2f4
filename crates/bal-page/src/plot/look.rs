//! How a curve looks in every figure: a colour that everyone can tell apart, a marker of a shape of its own, a dash.

/// The colours of Okabe and Ito (Color Universal Design, 2008), in R's version with gray for a ninth,
/// without yellow, which is too faint for lines on white, and with a dark vermillion for a third relative.
/// Those that are dark enough for lines come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Dark blue.
    Blue,
    /// Red with much yellow.
    Vermillion,
    /// Green with much blue.
    BluishGreen,
    /// Pink.
    ReddishPurple,
    /// For what is compared with.
    Black,
    /// Vermillion, much darker.
    DarkVermillion,
    /// R's ninth.
    Gray,
    /// Light: for areas rather than thin lines on white.
    Orange,
    /// Light: for areas rather than thin lines on white.
    SkyBlue,
}

impl Colour {
    pub(super) const ALL: [Self; 9] = [
        Self::Blue,
        Self::Vermillion,
        Self::BluishGreen,
        Self::ReddishPurple,
        Self::Black,
        Self::DarkVermillion,
        Self::Gray,
        Self::Orange,
        Self::SkyBlue,
    ];

    /// On paper, as SVG and CSS write it.
    pub fn hex(self) -> &'static str {
        ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#8A3D00", "#8C8C8C", "#E69F00", "#56B4E9"]
            [self as usize]
    }

    /// The same hue, light enough for a dark page.
    pub(super) fn on_dark(self) -> &'static str {
        ["#56b4e9", "#f58a4b", "#2fc79c", "#e3a3c8", "#f2f2f2", "#c9885a", "#9aa0a6", "#f0c24b", "#9fd4f5"]
            [self as usize]
    }

    /// The class that sets it.
    pub(super) fn class(self) -> String {
        format!("s{}", self as usize)
    }
}

/// How one method, run or group of images looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Of its lines and markers.
    pub colour: Colour,
    /// At its points.
    pub marker: Marker,
    /// Of its lines, as SVG writes it; empty for a solid line.
    dash: &'static str,
}

const MARKERS: [Marker; 8] = [
    Marker::Circle,
    Marker::Square,
    Marker::Diamond,
    Marker::TriangleUp,
    Marker::TriangleDown,
    Marker::Plus,
    Marker::Cross,
    Marker::Pentagon,
];

const DASHES: [&str; 8] = ["", "6 3", "2 3", "8 3 2 3", "12 4", "4 2", "1 3", "10 3 1 3 1 3"];

impl Look {
    /// Solid lines.
    pub const fn new(colour: Colour, marker: Marker) -> Self {
        Self { colour, marker, dash: "" }
    }

    /// One of [`crate::MOST_RUNS`] that differ in colour, marker and dash; further ones begin again.
    pub fn nth(place: usize) -> Self {
        let place = place % MARKERS.len();
        Self { colour: Colour::ALL[place], marker: MARKERS[place], dash: DASHES[place] }
    }

    /// The class that sets the colour of what is inside.
    pub(crate) fn class(self) -> String {
        self.colour.class()
    }

    /// The dash of its lines; none where they are solid.
    pub(crate) fn dash(self) -> Option<&'static str> {
        Some(self.dash).filter(|dash| !dash.is_empty())
    }

    /// The outline of its marker at a place, as a path.
    pub(crate) fn mark(self, (x, y): (f64, f64)) -> String {
        const RADIUS: f64 = 3.4;
        let outline = self.marker.outline().into_iter();
        let corners = outline.map(|(dx, dy)| format!("{:.2} {:.2}", x + dx * RADIUS, y + dy * RADIUS));
        format!("M{}z", corners.collect::<Vec<_>>().join("L"))
    }
}

/// The shape of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    Circle,
    /// On a side.
    Square,
    /// On a corner.
    Diamond,
    /// Pointing up.
    TriangleUp,
    /// Pointing down.
    TriangleDown,
    /// Upright.
    Plus,
    /// A plus, turned.
    Cross,
    /// Of five points.
    Star,
    /// Pointing up.
    Pentagon,
}

impl Marker {
    /// Its outline about the origin, clockwise, of about the area of a circle of radius 1.
    fn outline(self) -> Vec<(f64, f64)> {
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
    fn looks_of_runs_differ_in_each_of_their_parts() {
        let looks: Vec<Look> = (0..crate::MOST_RUNS).map(Look::nth).collect();
        for (place, look) in looks.iter().enumerate() {
            for other in &looks[..place] {
                assert!(
                    look.colour != other.colour && look.marker != other.marker && look.dash != other.dash
                );
            }
        }
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
