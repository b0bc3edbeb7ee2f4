//! What was timed, as tables.

use crate::peer::Peer;
use crate::scaling::Scaling;
use crate::spread::Spread;

/// How many times as long as ours each other side took.
pub(crate) fn peer(peer: &Peer) -> String {
    let others = || peer.sides.iter().skip(1);
    let mut lines = vec![
        format!(
            "{}, {} threads, PyTorch {}; {} rounds. A ratio is the time of the side in that round over ours: median \
             [least, most].",
            peer.cpu, peer.threads, peer.torch, peer.pairs
        ),
        String::new(),
    ];
    lines.push(line([String::new(), "ours, s".into()], others().map(|name| format!("{name} / ours"))));
    lines.push(line(["---".into(), "--:".into()], others().map(|_| "--:".into())));
    for measure in &peer.measures {
        let ours = measure.seconds.first().map_or(f64::NAN, |seconds| seconds.median);
        lines.push(line([measure.title.clone(), format!("{ours:.3}")], measure.ratios.iter().map(spread)));
    }
    let ours = peer.peak.first().copied().unwrap_or(f64::NAN);
    let memory = ["most memory resident (ours in MB)".into(), format!("{:.0}", ours / 1e6)];
    lines.push(line(memory, peer.peak.iter().skip(1).map(|bytes| format!("{:.2}", bytes / ours))));
    let gradients: Vec<String> =
        others().zip(&peer.gradients).map(|(name, most)| format!("{most:.1e} ({name})")).collect();
    lines.push(String::new());
    lines.push(format!(
        "Largest difference between gradients, in units of the tensor's largest value: {}.",
        gradients.join(", ")
    ));
    lines.join("\n")
}

/// Seconds of each size of sweep, beside the floor of the arithmetic and with the gain by threads.
pub(crate) fn scaling(scaling: &Scaling) -> String {
    let mut lines = vec![format!("{}; {} repeats.", scaling.cpu, scaling.repeats), String::new()];
    for peak in &scaling.peaks {
        let giga = peak.flops / 1e9;
        lines.push(format!("Large matrix products on {} threads: {giga:.0} GFLOP/s.", peak.threads));
    }
    lines.push(String::new());
    lines.push(
        "| chains | images | threads | seconds: median [least, most] | floor, s | times one thread |"
            .to_owned(),
    );
    lines.push("|--:|--:|--:|--:|--:|--:|".to_owned());
    for sweep in &scaling.sweeps {
        let seconds = Spread { median: sweep.median, least: sweep.least, most: sweep.most };
        let alone = scaling
            .sweeps
            .iter()
            .find(|one| (one.threads, one.chains, one.batch) == (1, sweep.chains, sweep.batch));
        let none = || "–".to_owned();
        lines.push(format!(
            "| {} | {} | {} | {} | {} | {} |",
            sweep.chains,
            sweep.batch,
            sweep.threads,
            spread(&seconds),
            scaling.floor(sweep).map_or_else(none, |floor| format!("{floor:.2}")),
            alone.map_or_else(none, |one| format!("{:.2}", one.median / sweep.median))
        ));
    }
    lines.join("\n")
}

/// A line of a table.
fn line(first: [String; 2], others: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = first.into_iter().chain(others).collect();
    format!("| {} |", cells.join(" | "))
}

fn spread(spread: &Spread) -> String {
    format!("{:.2} [{:.2}, {:.2}]", spread.median, spread.least, spread.most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::Measure;

    fn measured() -> Peer {
        let of = |middle: f64| Spread { median: middle, least: middle / 2.0, most: middle * 2.0 };
        Peer {
            cpu: "a processor".into(),
            torch: "2.0".into(),
            threads: 2,
            pairs: 5,
            sides: vec!["bal".into(), "naive".into(), "tuned".into()],
            gradients: vec![1e-6, 2e-6],
            measures: vec![Measure {
                title: "sweep".into(),
                seconds: vec![of(4.0), of(12.0), of(6.0)],
                ratios: vec![of(3.0), of(1.5)],
            }],
            peak: vec![2e8, 8e8, 6e8],
        }
    }

    #[test]
    fn a_ratio_stands_beside_each_side_and_memory_is_a_ratio_too() {
        let text = peer(&measured());
        assert!(text.contains("| sweep | 4.000 | 3.00 [1.50, 6.00] | 1.50 [0.75, 3.00] |"), "{text}");
        assert!(text.contains("| 200 | 4.00 | 3.00 |"), "{text}");
    }

    #[test]
    fn a_record_is_read_as_it_was_written_and_one_without_a_side_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.json");
        measured().write(&path).unwrap();
        assert_eq!(Peer::read(&path).unwrap(), measured());
        let wrong = Peer { peak: vec![1.0], ..measured() };
        wrong.write(&path).unwrap();
        assert!(Peer::read(&path).unwrap_err().to_string().contains("each side"));
    }
}
