//! Claims about records of comparisons.

use super::*;

/// A comparison with a cell of each kind, without a shortfall.
pub(crate) fn crosscheck() -> Crosscheck {
    let cell = |attack: &str, library: &str, found| Cell {
        attack: attack.into(),
        model: "mnist_bal".into(),
        library: library.into(),
        load: Some(0.2),
        seconds: Seconds { ours: 3.0, ours_beside: 1.0, theirs: 8.0 },
        found,
    };
    let images = Images {
        radius: 0.1,
        pixels: 784,
        differing: 3,
        ours_right: 3,
        theirs_right: 0,
        undecided: 0,
        largest: 0.2,
        ours_from_double: 1e-8,
        steps: Steps { pixels: 31_360, differing: 2, undecided: 1 },
    };
    let distances = Distances {
        ours: Reach { broken: 4, median: Some(0.1) },
        theirs: Reach { broken: 3, median: Some(0.2) },
        both: 2,
        ratio: Some(0.75),
        ours_nearer: 1,
        theirs_nearer: 0,
    };
    let accuracy = Accuracy {
        norm: "linf".into(),
        radii: vec![0.1, 0.15],
        ours: vec![vec![0.876, 0.56], vec![0.872, 0.56]],
        theirs: vec![vec![0.873, 0.558]],
        together: Together { ours: vec![0.87, 0.56], theirs: vec![0.873, 0.558], both: vec![0.866, 0.557] },
    };
    Crosscheck {
        cpu: "a processor".into(),
        threads: 2,
        images: 4,
        versions: [("torch".to_owned(), "2.0".to_owned()), ("foolbox".to_owned(), "3.0".to_owned())].into(),
        cells: vec![
            cell("pgd", "torchattacks", Found::Images(images)),
            cell("fmn-l2", "foolbox", Found::Distances(distances)),
            cell("autoattack-linf", "torchattacks", Found::Accuracy(accuracy)),
        ],
    }
}

fn accuracy(crosscheck: &mut Crosscheck) -> &mut Accuracy {
    match &mut crosscheck.cells[2].found {
        Found::Accuracy(accuracy) => accuracy,
        _ => panic!("the third is an accuracy"),
    }
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crosscheck.json");
    crosscheck().write(&path).unwrap();
    assert_eq!(Crosscheck::read(&path).unwrap(), crosscheck());
}

#[test]
fn what_cannot_be_is_refused_by_the_name_of_its_cell() {
    type Change = fn(&mut Crosscheck);
    let cases: [(Change, &str); 7] = [
        (
            |c| match &mut c.cells[0].found {
                Found::Images(found) => found.undecided = 1,
                _ => panic!("the first are images"),
            },
            "more pixels than there are",
        ),
        (|c| c.images = 0, "images must be at least 1"),
        (|c| c.cells[1].seconds.theirs = f64::NAN, "fmn-l2 on mnist_bal: seconds must be positive"),
        (|c| accuracy(c).theirs[0][0] = 1.5, "got 1.5"),
        (|c| accuracy(c).ours[1].truncate(1), "an entry for each radius"),
        (|c| accuracy(c).theirs.clear(), "no seed of either side"),
        (|c| accuracy(c).together.both[1] = 0.559, "leave more together"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (change, expected) in cases {
        let mut wrong = crosscheck();
        change(&mut wrong);
        let message = wrong.write(&folder.path().join("x.json")).unwrap_err().to_string();
        assert!(message.contains(expected), "{message} does not say {expected}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_mean_is_over_seeds() {
    assert_eq!(Accuracy::mean(&[vec![0.5, 0.25], vec![0.25, 0.25]]), [0.375, 0.25]);
    assert!(Accuracy::mean(&[]).is_empty());
}

#[test]
fn what_starting_takes_is_no_part_of_the_ratio() {
    assert_eq!(Seconds { ours: 3.0, ours_beside: 1.0, theirs: 8.0 }.ratio(), Some(4.0));
    assert_eq!(Seconds { ours: 1.05, ours_beside: 1.0, theirs: 8.0 }.ratio(), None);
    assert_eq!(Seconds { ours: 0.9, ours_beside: 1.0, theirs: 8.0 }.ratio(), None);
}

#[test]
fn every_bar_is_told_when_it_is_missed_and_only_then() {
    type Change = fn(&mut Crosscheck);
    assert_eq!(crosscheck().shortfalls(), Vec::<String>::new());
    let cases: [(Change, &str); 6] = [
        (
            |c| match &mut c.cells[0].found {
                Found::Images(found) => (found.ours_right, found.undecided) = (1, 1),
                _ => panic!("the first are images"),
            },
            "pgd on mnist_bal: 2 pixels differ in which ours are not those of double precision, 1 of them undecided",
        ),
        (
            |c| match &mut c.cells[1].found {
                Found::Distances(found) => found.ratio = Some(1.2),
                _ => panic!("the second are distances"),
            },
            "our errors are 1.200 times as far",
        ),
        (
            |c| match &mut c.cells[1].found {
                Found::Distances(found) => found.theirs.broken = found.ours.broken + 1,
                _ => panic!("the second are distances"),
            },
            "ours breaks",
        ),
        (
            |c| {
                accuracy(c).theirs[0][1] = 0.556;
                accuracy(c).together.theirs[1] = 0.556;
                accuracy(c).together.both[1] = 0.556;
            },
            "ours leaves 0.5600 at 0.15, theirs 0.5560",
        ),
        (|c| accuracy(c).ours[1][0] = 0.874, "ours leaves 0.8750 at 0.1, the bar is 0.8740"),
        (|c| c.cells[2].seconds.theirs = 3.0, "theirs takes 1.50 times as long as ours"),
    ];
    for (change, expected) in cases {
        let mut missed = crosscheck();
        change(&mut missed);
        let said = missed.shortfalls();
        assert!(said.len() == 1 && said[0].contains(expected), "{said:?} does not say {expected}");
    }
}
