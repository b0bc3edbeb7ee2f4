//! Traces of a run's chains, with R-hat and effective sizes above them.

use bal_diagnostics::{Draws, Obstacle, Quantity};

use crate::ReportError;
use crate::drawing::{Panel, Sheet, Trace, TracePanel, png};

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

/// Quantities of one kind, for one panel.
#[derive(Clone, Debug)]
pub struct FollowedGroup {
    /// The panel's title.
    pub title: String,
    /// From top to bottom; those that do not fit are left out.
    pub followed: Vec<Followed>,
}

/// Plots of a panel: more are too flat to be read.
const MOST: usize = 4;

/// The figure as SVG: a panel for each group that has quantities, a plot for each of its first four, a curve for each
/// chain.
///
/// Errors: no quantity at all, as text about `run`.
pub fn traces(run: &str, groups: &[FollowedGroup]) -> Result<String, ReportError> {
    let panels: Vec<TracePanel> =
        groups.iter().filter(|group| !group.followed.is_empty()).map(panel).collect();
    if panels.is_empty() {
        return Err(ReportError::Render(format!("{run} has no draws of any chosen quantity")));
    }
    let described = groups.iter().flat_map(|group| group.followed.iter().take(MOST)).map(heading);
    let svg = Sheet {
        title: &format!("Traces of the chains of {run}"),
        description: &described.collect::<Vec<_>>().join("; "),
        tag: None,
        panels: panels.iter().map(|panel| panel as &dyn Panel).collect(),
        notes: vec![
            "One curve per chain. R-hat is rank-normalised and split, the larger of bulk and tail; ESS is that of all \
             chains together, bulk / tail.",
        ],
    };
    Ok(svg.draw())
}

/// The pixels of [`traces`], as PNG.
///
/// Errors: those of [`traces`], and an SVG that cannot be rendered.
pub fn traces_png(run: &str, groups: &[FollowedGroup]) -> Result<Vec<u8>, ReportError> {
    png(&traces(run, groups)?)
}

fn panel(group: &FollowedGroup) -> TracePanel {
    TracePanel {
        title: group.title.clone(),
        x_title: "sweep".into(),
        traces: group.followed.iter().take(MOST).map(trace).collect(),
    }
}

fn trace(followed: &Followed) -> Trace {
    let sweep = |draw: usize| (followed.first + draw as u64 * followed.every) as f64;
    let curve = |chain: &Vec<f64>| chain.iter().enumerate().map(|(i, &value)| (sweep(i), value)).collect();
    Trace { title: heading(followed), chains: followed.draws.chains().iter().map(curve).collect() }
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
    use crate::drawing::text_boxes::text_boxes;

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
