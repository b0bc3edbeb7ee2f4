//! Traces of a run's chains, with R-hat and effective sizes above them.

use bal_diagnostics::{Draws, Obstacle, Quantity};

use crate::PageError;
use crate::plot::{LinePanel, Look, Panel, Point, Scale, Series, Shape, Sheet, png};

/// A quantity with its draws.
#[derive(Clone, Debug)]
pub struct Followed {
    /// What the draws say.
    pub quantity: Quantity,
    /// The draws.
    pub draws: Draws,
    /// The sweep after which the first draw was made.
    pub first: u64,
    /// Sweeps from one draw to the next.
    pub every: u64,
}

/// Quantities of one kind, for one column.
#[derive(Clone, Debug)]
pub struct FollowedGroup {
    /// What they are.
    pub title: String,
    /// From top to bottom; those that do not fit are left out.
    pub followed: Vec<Followed>,
}

/// Plots of a kind, one above the other: more are too many for a page.
const MOST: usize = 4;

/// The figure as SVG: a column for each group that has quantities, a plot for each of its first four, a curve for each
/// chain.
///
/// Errors: no quantity at all, as text about `run`.
pub fn traces(run: &str, groups: &[FollowedGroup]) -> Result<String, PageError> {
    let columns: Vec<Vec<Panel>> =
        groups.iter().filter(|group| !group.followed.is_empty()).map(column).collect();
    if columns.is_empty() {
        return Err(PageError::Render(format!("{run} has no draws of any chosen quantity")));
    }
    let described = groups.iter().flat_map(|group| group.followed.iter().take(MOST)).map(heading);
    let sheet = Sheet {
        title: &format!("Traces of the chains of {run}"),
        description: &described.collect::<Vec<_>>().join("; "),
        tag: None,
        columns,
        notes: vec![
            "One curve per chain. R-hat is rank-normalised and split, the larger of bulk and tail; ESS is that of all \
             chains together, bulk / tail.",
        ],
    };
    Ok(sheet.draw())
}

/// The pixels of [`traces`], as PNG.
///
/// Errors: those of [`traces`], and an SVG that cannot be rendered.
pub fn traces_png(run: &str, groups: &[FollowedGroup]) -> Result<Vec<u8>, PageError> {
    png(&traces(run, groups)?)
}

fn column(group: &FollowedGroup) -> Vec<Panel> {
    group.followed.iter().take(MOST).map(|followed| panel(&group.title, followed)).collect()
}

fn panel(group: &str, followed: &Followed) -> Panel {
    let sweep = |draw: usize| (followed.first + draw as u64 * followed.every) as f64;
    let series = followed.draws.chains().iter().enumerate().map(|(chain, values)| Series {
        name: String::new(),
        look: Look::nth(chain),
        shape: Shape::Line,
        points: values
            .iter()
            .enumerate()
            .map(|(draw, &y)| Point { x: sweep(draw), y, interval: None, text: String::new() })
            .collect(),
    });
    let scales = [Scale::between as fn(Vec<f64>) -> Scale, Scale::around];
    let panel = LinePanel::around(("sweep", group), (600.0, 180.0), scales, series.collect(), vec![]);
    Panel { title: heading(followed), key: vec![], drawing: panel.draw() }
}

/// The quantity's name with its numbers.
fn heading(followed: &Followed) -> String {
    let Quantity { name, r_hat, bulk, tail, obstacle, .. } = &followed.quantity;
    let ess = if bulk.is_nan() { String::new() } else { format!(", ESS {bulk:.0} / {tail:.0}") };
    match obstacle {
        // One curve is seen to have no other, and may be the mean of several chains.
        Some(Obstacle::OneChain) => format!("{name}{ess}"),
        Some(obstacle) => format!("{name}: {obstacle}{ess}"),
        None if r_hat.is_infinite() => format!("{name}: R-hat infinite{ess}"),
        None => format!("{name}: R-hat {r_hat:.3}{ess}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::text_boxes::text_boxes;

    fn followed(name: &str, chains: Vec<Vec<f64>>) -> Followed {
        let draws = Draws::new(chains).unwrap();
        Followed { quantity: Quantity::measure(name, &draws), draws, first: 105, every: 5 }
    }

    fn groups() -> Vec<FollowedGroup> {
        let wave = |phase: f64| (0..50).map(|i| -1e-4 * (1.5 + (f64::from(i) + phase).sin())).collect();
        let of = |count: usize| {
            (0..count).map(|i| followed(&format!("weight:fc1.weight[{i}]"), vec![wave(0.0), wave(2.0)]))
        };
        let odd = [
            followed("one draw", vec![vec![1.0], vec![2.0]]),
            followed("still", vec![vec![1.0; 9], vec![2.0; 9]]),
            followed("not finite", vec![vec![f64::NAN; 5], vec![1.0; 5]]),
        ];
        vec![
            FollowedGroup { title: "weights".into(), followed: of(6).collect() },
            FollowedGroup { title: "nothing".into(), followed: vec![] },
            FollowedGroup { title: "odd".into(), followed: odd.into() },
        ]
    }

    #[test]
    fn plots_are_titled_by_their_numbers_and_stay_on_the_page() {
        let svg = traces("runs/x", &groups()).unwrap();
        assert_eq!(svg.matches("weight:fc1.weight[").count(), 2 * MOST);
        assert!(svg.contains("still: R-hat infinite") && svg.contains("one draw: 1 draw of each chain"));
        assert!(!svg.contains("NaN") && !svg.contains("inf,"));
        let (boxes, page) = text_boxes(&svg);
        for (text, area) in boxes {
            let inside = area.left() >= 0.0 && area.right() <= page.right() && area.bottom() <= page.bottom();
            assert!(inside, "{text} leaves the page: {area:?}");
        }
    }

    #[test]
    fn pixels_are_made_of_it_and_nothing_is_no_figure() {
        assert!(traces_png("runs/x", &groups()).unwrap().starts_with(b"\x89PNG"));
        assert!(traces("runs/x", &groups()[1..2]).unwrap_err().to_string().contains("runs/x has no draws"));
    }
}
