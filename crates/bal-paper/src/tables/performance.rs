//! What was timed, as tables.

use crate::peer::Peer;
use crate::scaling::Scaling;
use crate::spread::Spread;
use bal_report::table::{Table, number};

/// How many times as long as ours each other side took.
pub(crate) fn peer(peer: &Peer) -> String {
    let others = || peer.sides.iter().skip(1);
    let head = ["", "ours, s"].map(String::from).into_iter();
    let mut table = Table::new("lr", head.chain(others().map(|name| format!("{name} / ours"))));
    for measure in &peer.measures {
        let ours = measure.seconds.first().map_or(f64::NAN, |seconds| seconds.median);
        let named = [measure.title.clone(), format!("{ours:.3}")];
        table.row(named.into_iter().chain(measure.ratios.iter().map(spread)));
    }
    let ours = peer.peak.first().copied().unwrap_or(f64::NAN);
    let memory = ["most memory resident (ours in MB)".into(), format!("{:.0}", ours / 1e6)];
    let ratios = peer.peak.iter().skip(1).map(|bytes| format!("{:.2}", bytes / ours));
    table.row(memory.into_iter().chain(ratios));
    let gradients: Vec<String> =
        others().zip(&peer.gradients).map(|(name, most)| format!("{most:.1e} ({name})")).collect();
    let blocks = [
        format!(
            "{}, {} threads, PyTorch {}; {} rounds. A ratio is the time of the side in that round over ours: median \
             [least, most].",
            peer.cpu, peer.threads, peer.torch, peer.pairs
        ),
        table.markdown(),
        format!(
            "Largest difference between gradients, in units of the tensor's largest value: {}.",
            gradients.join(", ")
        ),
    ];
    blocks.join("\n\n")
}

/// Seconds of each size of sweep, beside the floor of the arithmetic and with the gain by threads.
pub(crate) fn scaling(scaling: &Scaling) -> String {
    let peaks = scaling.peaks.iter().map(|peak| {
        let giga = peak.flops / 1e9;
        format!("Large matrix products on {} threads: {giga:.0} GFLOP/s.", peak.threads)
    });
    let head =
        ["chains", "images", "threads", "seconds: median [least, most]", "floor, s", "times one thread"];
    let mut table = Table::new("r", head);
    for sweep in &scaling.sweeps {
        let seconds = Spread { median: sweep.median, least: sweep.least, most: sweep.most };
        let alone = scaling
            .sweeps
            .iter()
            .find(|one| (one.threads, one.chains, one.batch) == (1, sweep.chains, sweep.batch));
        table.row([
            sweep.chains.to_string(),
            sweep.batch.to_string(),
            sweep.threads.to_string(),
            spread(&seconds),
            number(scaling.floor(sweep), 2),
            number(alone.map(|one| one.median / sweep.median), 2),
        ]);
    }
    let first = format!("{}; {} repeats.", scaling.cpu, scaling.repeats);
    [first, peaks.collect::<Vec<_>>().join("\n"), table.markdown()].join("\n\n")
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
