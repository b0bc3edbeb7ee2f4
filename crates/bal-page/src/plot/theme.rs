//! Two themes for the same classes: the page, light or dark as the screen is, and print.

use super::look::Colour;

/// Names of colours that are no curve's: on paper and light screens, and on dark ones.
const GROUNDS: [(&str, &str, &str); 9] = [
    ("paper", "#fff", "#16181a"),
    ("ink", "#1b1b1a", "#e9e9e6"),
    ("quiet", "#595b5e", "#a9acb0"),
    ("hair", "#dcdcd8", "#33373b"),
    ("rule", "#85878a", "#7d8287"),
    ("wash", "#f6f6f3", "#1e2124"),
    ("link", "#005a94", "#7cc4f0"),
    ("focus", "#005a94", "#7cc4f0"),
    ("on", "#fff", "#101214"),
];

/// How drawings look, in terms of the names.
const PLOT: &str = include_str!("plot.css");

/// The style of a page around drawings: `style` with the names' colours where it says `/* light */` and `/* dark */`, and
/// after it the style of drawings.
pub(crate) fn page_style(style: &str) -> String {
    let names = |of: fn(&(&str, &str, &str)) -> String, series: fn(Colour) -> &'static str| {
        let curves = Colour::ALL.iter().map(|&colour| format!("--{}:{};", colour.class(), series(colour)));
        GROUNDS.iter().map(of).chain(curves).collect::<String>()
    };
    let light = names(|(name, light, _)| format!("--{name}:{light};"), Colour::hex);
    let dark = names(|(name, _, dark)| format!("--{name}:{dark};"), Colour::on_dark);
    let style = style.replace("/* light */", &light).replace("/* dark */", &dark);
    format!("{style}{PLOT}{}", classes(|colour| format!("var(--{})", colour.class())))
}

/// The style of a drawing that stands alone, on paper.
pub(super) fn print_style() -> String {
    // Renderers outside of browsers know no variables.
    let plain = GROUNDS
        .iter()
        .fold(PLOT.to_string(), |style, (name, light, _)| style.replace(&format!("var(--{name})"), light));
    plain + &classes(|colour| colour.hex().into())
}

/// A class for each colour of curves, which lines and markers inside take as their own.
fn classes(of: impl Fn(Colour) -> String) -> String {
    let each = Colour::ALL.map(|colour| format!(".{}{{color:{}}}", colour.class(), of(colour)));
    each.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_its_colour_in_both_themes() {
        let page = page_style(":root{/* light */} @media dark{:root{/* dark */}}");
        for (_, rest) in page.match_indices("var(--").map(|(at, found)| page.split_at(at + found.len())) {
            let name = rest.split(')').next().unwrap();
            assert_eq!(page.matches(&format!("--{name}:")).count(), 2, "{name}");
        }
        assert!(!print_style().contains("var("));
    }
}
