//! What the parameter chains did, and whether they agree.

use crate::figure::{Figure, Panel};
use crate::number::{count, short};
use crate::plot::{Drawing, Frame, LinePanel, Look, Point, Scale, Series, Shape, WIDTH};
use crate::{Run, Trace};
use bal_report::table::Table;
use maud::{Markup, html};

/// Draws of a chain that are drawn, at most; of more, every so many-th.
const DRAWS: usize = 100;
/// Panels of all runs together, about.
const PANELS: usize = 12;
/// Above this, chains have not come together (Vehtari et al., Bayesian Analysis 16, 2021).
const AGREED: f64 = 1.01;

/// A figure of traces for each run that has some, and a table of the diagnostics.
pub(super) fn chains(runs: &[Run]) -> Option<Markup> {
    let figures: Vec<Figure> = runs
        .iter()
        .enumerate()
        .filter(|(_, run)| !run.traces.is_empty())
        .map(|(i, run)| figure(i, run, runs))
        .collect();
    (!figures.is_empty()).then(|| html! { @for figure in &figures { (figure.html()) } })
}

fn figure(place: usize, run: &Run, runs: &[Run]) -> Figure {
    let shown = worst_first(&run.traces, (PANELS / runs.len()).clamp(2, 6));
    let head =
        ["Quantity", "R-hat", "Bulk ESS [draws]", "Tail ESS [draws]", "Chains", "Draws each", "Last draws"];
    let optional = |value: Option<f64>| value.map_or("–".into(), short);
    let mut table = Table::new("lr", head);
    for trace in &run.traces {
        let draws = trace.chains.iter().map(Vec::len).max().unwrap_or(0);
        let last: Vec<String> =
            trace.chains.iter().filter_map(|chain| chain.last()).map(|&x| short(x)).collect();
        table.rows.push(vec![
            trace.name.clone(),
            trace.r_hat.map_or("–".into(), r_hat),
            optional(trace.ess_bulk),
            optional(trace.ess_tail),
            count(trace.chains.len() as u64),
            count(draws as u64),
            last.join(", "),
        ]);
    }
    let chains = run.traces.iter().map(|trace| trace.chains.len()).max().unwrap_or(0);
    Figure {
        id: format!("traces-{place}"),
        title: format!("Chains of {}", run.name),
        reading: reading(run, shown.len()),
        key: (0..chains.min(8)).map(|chain| (Look::nth(chain), format!("chain {}", chain + 1))).collect(),
        panels: shown
            .into_iter()
            .map(|trace| Panel { heading: heading(trace), drawing: panel(trace) })
            .collect(),
        caption: "Diagnostics of every quantity".into(),
        table,
    }
}

/// Those whose chains agree least.
fn worst_first(traces: &[Trace], most: usize) -> Vec<&Trace> {
    let mut sorted: Vec<&Trace> = traces.iter().collect();
    // What has no R-hat comes last; infinity, of chains that stand still apart, comes first.
    let rank = |trace: &Trace| trace.r_hat.filter(|r| !r.is_nan()).unwrap_or(f64::NEG_INFINITY);
    sorted.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    sorted.truncate(most);
    sorted
}

fn heading(trace: &Trace) -> String {
    let part = |name: &str, value: Option<f64>| value.map(|value| format!("{name} {}", short(value)));
    let parts = [
        trace.r_hat.map(|value| format!("R-hat {}", r_hat(value))),
        part("bulk ESS", trace.ess_bulk),
        part("tail ESS", trace.ess_tail),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { trace.name.clone() } else { format!("{} – {}", trace.name, parts.join(", ")) }
}

/// In words where it is no number.
fn r_hat(value: f64) -> String {
    if value.is_infinite() { "infinite (chains stand still apart)".into() } else { short(value) }
}

fn reading(run: &Run, shown: usize) -> String {
    let of = run.traces.len();
    let r_hats: Vec<f64> = run.traces.iter().filter_map(|t| t.r_hat).filter(|r| !r.is_nan()).collect();
    let agreed = r_hats.iter().filter(|&&r| r <= AGREED).count();
    let panels = if shown < of { format!(" Shown are the {shown} that agree least.") } else { String::new() };
    if r_hats.is_empty() {
        return format!("No R-hat is known of these {of} quantities.{panels}");
    }
    let unmeasured = match of - r_hats.len() {
        0 => String::new(),
        count => format!(" {count} of them cannot be measured, which is no agreement."),
    };
    format!(
        "R-hat is at most {AGREED} for {agreed} of {of} quantities: there, chains cannot be told apart.{unmeasured}{panels}"
    )
}

fn panel(trace: &Trace) -> Drawing {
    let draws = trace.chains.iter().map(Vec::len).max().unwrap_or(0);
    let every = draws.div_ceil(DRAWS).max(1);
    let series = trace.chains.iter().enumerate().map(|(chain, values)| Series {
        look: Look::nth(chain),
        name: String::new(),
        shape: Shape::Line,
        points: values
            .iter()
            .enumerate()
            .step_by(every)
            .map(|(draw, &value)| Point {
                x: (draw + 1) as f64,
                y: value,
                interval: None,
                text: format!("chain {}, draw {}: {}", chain + 1, draw + 1, short(value)),
            })
            .collect(),
    });
    let panel = LinePanel {
        frame: Frame {
            x: Scale::exactly(0.0, draws as f64),
            y: Scale::around(trace.chains.iter().flatten().copied()),
            x_title: if every > 1 { format!("draw, every {every}th shown") } else { "draw".into() },
            y_title: "value".into(),
            width: WIDTH,
            height: 200.0,
        },
        series: series.collect(),
        label: format!("Draws of {} in {} chains", trace.name, trace.chains.len()),
        references: vec![],
    };
    panel.draw()
}
