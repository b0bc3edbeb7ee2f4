//! Attacks beside those of Python libraries, as tables.

use crate::crosscheck::{Accuracy, Cell, Crosscheck, Found};
use bal_report::table::{Table, number};

/// Images, distances and accuracies of either side with the times they took, and what falls short of its bar.
pub(crate) fn crosscheck(crosscheck: &Crosscheck) -> String {
    let versions: Vec<String> =
        crosscheck.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let mut blocks = vec![format!(
        "{}, {} threads; the first {} test images; {}.{}",
        crosscheck.cpu,
        crosscheck.threads,
        crosscheck.images,
        versions.join(", "),
        load(&crosscheck.cells)
    )];
    let tables = [
        table(
            crosscheck,
            &[
                "radius",
                "pixels that differ",
                "ours right",
                "theirs right",
                "undecided",
                "largest difference",
                "our single steps: pixels that differ",
                "undecided",
            ],
            images,
        ),
        table(
            crosscheck,
            &["broken: ours, theirs", "median: ours, theirs", "ours / theirs", "nearer: ours, theirs"],
            distances,
        ),
        table(
            crosscheck,
            &["norm, radius", "seeds", "ours", "theirs", "difference", "all seeds: ours, theirs, both"],
            accuracies,
        ),
    ];
    blocks.extend(tables.into_iter().flatten());
    blocks.push(shortfalls(crosscheck));
    blocks.join("\n\n")
}

/// A remark on the times of the cells before which others were at work.
fn load(cells: &[Cell]) -> String {
    let busy = |cell: &&Cell| cell.load.is_some_and(|load| load > 0.5);
    let most = cells.iter().filter_map(|cell| cell.load).fold(0.0, f64::max);
    let names: Vec<String> =
        cells.iter().filter(busy).map(|cell| format!("{} on {}", cell.attack, cell.model)).collect();
    if names.is_empty() {
        return String::new();
    }
    format!(" **The machine had a load of {most:.1}: times mean little of {}.**", names.join(", "))
}

/// The cells of one kind: `middle` gives the rows of a cell, or `None` where it is of another kind.
fn table(
    crosscheck: &Crosscheck,
    head: &[&str],
    middle: fn(&Found) -> Option<Vec<Vec<String>>>,
) -> Option<String> {
    let first = ["attack", "model", "library"].into_iter();
    let last = ["ours, s", "theirs, s", "theirs / ours"];
    let mut table = Table::new("lllr", first.chain(head.iter().copied()).chain(last));
    for cell in &crosscheck.cells {
        for (place, middle) in middle(&cell.found).into_iter().flatten().enumerate() {
            // Times are those of all radii together.
            let times = if place == 0 { times(cell) } else { Default::default() };
            let named = [&cell.attack, &cell.model, &cell.library].map(String::clone);
            table.row(named.into_iter().chain(middle).chain(times));
        }
    }
    table.filled()
}

fn times(cell: &Cell) -> [String; 3] {
    let ours = (cell.seconds.ours - cell.seconds.ours_beside).max(0.0);
    [Some(ours), Some(cell.seconds.theirs), cell.seconds.ratio()].map(|time| number(time, 2))
}

fn images(found: &Found) -> Option<Vec<Vec<String>>> {
    let Found::Images(found) = found else { return None };
    Some(vec![vec![
        found.radius.to_string(),
        format!("{} of {}", found.differing, found.pixels),
        found.ours_right.to_string(),
        found.theirs_right.to_string(),
        found.undecided.to_string(),
        format!("{:.1e}", found.largest),
        format!("{} of {}", found.steps.differing, found.steps.pixels),
        found.steps.undecided.to_string(),
    ]])
}

fn distances(found: &Found) -> Option<Vec<Vec<String>>> {
    let Found::Distances(found) = found else { return None };
    Some(vec![vec![
        format!("{}, {}", found.ours.broken, found.theirs.broken),
        format!("{}, {}", number(found.ours.median, 4), number(found.theirs.median, 4)),
        number(found.ratio, 4),
        format!("{}, {}", found.ours_nearer, found.theirs_nearer),
    ]])
}

fn accuracies(found: &Found) -> Option<Vec<Vec<String>>> {
    let Found::Accuracy(found) = found else { return None };
    let norm = if found.norm == "linf" { "L∞" } else { "L2" };
    let seeds = if found.ours.len() == found.theirs.len() {
        found.ours.len().to_string()
    } else {
        format!("{}, {}", found.ours.len(), found.theirs.len())
    };
    let means = Accuracy::mean(&found.ours).into_iter().zip(Accuracy::mean(&found.theirs));
    let row = |(place, (ours, theirs)): (usize, (f64, f64))| {
        let of = |list: &[f64]| format!("{:.4}", list[place]);
        let together = [&found.together.ours, &found.together.theirs, &found.together.both].map(|l| of(l));
        vec![
            format!("{norm} {}", found.radii[place]),
            seeds.clone(),
            format!("{ours:.4}"),
            format!("{theirs:.4}"),
            super::signed(ours - theirs),
            together.join(", "),
        ]
    };
    Some(means.enumerate().map(row).collect())
}

fn shortfalls(crosscheck: &Crosscheck) -> String {
    let said = crosscheck.shortfalls();
    if said.is_empty() {
        return "Nothing falls short.".into();
    }
    let lines: Vec<String> = said.iter().map(|what| format!("- {what}")).collect();
    format!("What falls short:\n\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crosscheck::tests::crosscheck as compared;

    #[test]
    fn every_cell_has_its_lines_in_the_table_of_its_kind() {
        let text = crosscheck(&compared());
        let has = |line: &str| assert!(text.lines().any(|l| l == line), "{line}\nis not in\n{text}");
        has("a processor, 2 threads; the first 4 test images; foolbox 3.0, torch 2.0.");
        has("| pgd | mnist_bal | torchattacks | 0.1 | 3 of 784 | 3 | 0 | 0 | 2.0e-1 | 2 of 31360 | 1 \
             | 2.00 | 8.00 | 4.00 |");
        has("| fmn-l2 | mnist_bal | foolbox | 4, 3 | 0.1000, 0.2000 | 0.7500 | 1, 0 | 2.00 | 8.00 | 4.00 |");
        has("| autoattack-linf | mnist_bal | torchattacks | L∞ 0.1 | 2, 1 | 0.8740 | 0.8730 | +0.0010 \
             | 0.8700, 0.8730, 0.8660 | 2.00 | 8.00 | 4.00 |");
        has("| autoattack-linf | mnist_bal | torchattacks | L∞ 0.15 | 2, 1 | 0.5600 | 0.5580 | +0.0020 \
             | 0.5600, 0.5580, 0.5570 | | | |");
        for line in text.lines().filter(|line| line.starts_with('|')) {
            let columns = line.matches('|').count();
            assert!([11, 13, 15].contains(&columns), "{columns} bars in {line}");
        }
    }

    #[test]
    fn a_load_and_a_shortfall_are_told() {
        let mut busy = compared();
        busy.cells[0].load = Some(3.0);
        busy.cells[0].seconds.theirs = 2.0;
        let text = crosscheck(&busy);
        assert!(text.contains("a load of 3.0: times mean little of pgd on mnist_bal.**"), "{text}");
        assert!(text.contains("- pgd on mnist_bal: theirs takes 1.00 times as long"), "{text}");
        assert!(!text.contains("Nothing falls short"));
    }
}
