//! How one run, or one group of images, looks in every figure: a colour, a dash and a marker.

use bal_report::Colour;

/// Which of the looks; the first [`crate::MOST_RUNS`] are different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look(pub(crate) usize);

/// On paper: of those that everyone can tell apart, the ones that are dark enough for lines first.
const LIGHT: [Colour; 8] = [
    Colour::Blue,
    Colour::Vermillion,
    Colour::BluishGreen,
    Colour::ReddishPurple,
    Colour::Black,
    Colour::DarkVermillion,
    Colour::Gray,
    Colour::Orange,
];

/// The same hues, light enough for a dark page.
const DARK: [&str; 8] =
    ["#56b4e9", "#f58a4b", "#2fc79c", "#e3a3c8", "#f2f2f2", "#c9885a", "#9aa0a6", "#f0c24b"];

const DASHES: [&str; 8] = ["", "6 3", "2 3", "8 3 2 3", "12 4", "4 2", "1 3", "10 3 1 3 1 3"];

impl Look {
    /// The class that sets the colour `--c`.
    pub(crate) fn class(self) -> String {
        format!("s{}", self.0 % LIGHT.len())
    }

    /// The dash of its lines, as SVG writes it.
    pub(crate) fn dash(self) -> &'static str {
        DASHES[self.0 % DASHES.len()]
    }

    /// The outline of its marker, about 7 wide, as a path from the marker's centre.
    pub(crate) fn marker(self) -> &'static str {
        const MARKERS: [&str; 8] = [
            "m-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0z",
            "m-3-3h6v6h-6z",
            "m0-4.2 4.2 4.2-4.2 4.2-4.2-4.2z",
            "m0-4 4 7h-8z",
            "m0 4 4-7h-8z",
            "m-1.2-4h2.4v2.8h2.8v2.4h-2.8v2.8h-2.4v-2.8h-2.8v-2.4h2.8z",
            "m-3.6-1.9 1.7-1.7 1.9 1.9 1.9-1.9 1.7 1.7-1.9 1.9 1.9 1.9-1.7 1.7-1.9-1.9-1.9 1.9-1.7-1.7 1.9-1.9z",
            "m-4 0 2-3.5h4l2 3.5-2 3.5h-4z",
        ];
        MARKERS[self.0 % MARKERS.len()]
    }
}

/// The colours as CSS variables, for a light page.
pub(crate) fn light() -> String {
    variables(&LIGHT.map(Colour::hex))
}

/// The same for a dark one.
pub(crate) fn dark() -> String {
    variables(&DARK)
}

fn variables(colours: &[&str]) -> String {
    colours.iter().enumerate().map(|(i, colour)| format!("--s{i}:{colour};")).collect::<Vec<_>>().concat()
}

/// The classes that pick one of them.
pub(crate) fn classes() -> String {
    (0..LIGHT.len()).map(|i| format!(".s{i}{{--c:var(--s{i})}}")).collect::<Vec<_>>().concat()
}
