//! Drawn splits: exact, stratified, seeded, and by whole groups.

use std::path::PathBuf;

use super::*;

fn entries(images: &[(u8, Option<u32>)]) -> Vec<Entry> {
    let entry = |(at, &(label, group)): (usize, &(u8, Option<u32>))| Entry {
        name: at.to_string(),
        path: PathBuf::new(),
        label,
        side: None,
        group,
    };
    images.iter().enumerate().map(entry).collect()
}

/// `counts[k]` images of class `k`.
fn of_counts(counts: &[usize]) -> Vec<Entry> {
    let images: Vec<_> =
        counts.iter().enumerate().flat_map(|(label, &count)| vec![(label as u8, None); count]).collect();
    entries(&images)
}

fn draw(entries: &[Entry], classes: usize, test_share: Share, seed: u64) -> Result<Vec<Side>, String> {
    let classes: Vec<String> = (0..classes).map(|class| format!("class{class}")).collect();
    sides(entries, &classes, &OwnSettings { test_share, seed, ..OwnSettings::default() })
}

fn tested(entries: &[Entry], sides: &[Side], label: u8) -> usize {
    entries.iter().zip(sides).filter(|(entry, side)| entry.label == label && **side == Side::Test).count()
}

#[test]
fn every_class_gives_its_share_and_the_total_is_exact() {
    let all = of_counts(&[50, 30, 17, 3]);
    for (share, expected) in [
        (Share::Fraction(0.2), [10, 6, 3, 1]),
        (Share::Images(20), [10, 6, 3, 1]),
        (Share::Images(4), [1, 1, 1, 1]),
        (Share::Images(96), [49, 29, 16, 2]),
    ] {
        let sides = draw(&all, 4, share, 1).unwrap();
        let found: Vec<usize> = (0..4).map(|label| tested(&all, &sides, label)).collect();
        assert_eq!(found, expected, "{share:?}");
    }
}

#[test]
fn remainders_go_to_the_classes_that_lack_most_and_then_to_the_first() {
    let all = of_counts(&[13, 13, 14]);
    let sides = draw(&all, 3, Share::Images(10), 0).unwrap();
    let found: Vec<usize> = (0..3).map(|label| tested(&all, &sides, label)).collect();
    // Shares of 3.25, 3.25 and 3.5.
    assert_eq!(found, [3, 3, 4]);
}

#[test]
fn the_seed_decides_and_nothing_else() {
    let all = of_counts(&[40, 40]);
    let first = draw(&all, 2, Share::Fraction(0.2), 5).unwrap();
    assert_eq!(first, draw(&all, 2, Share::Fraction(0.2), 5).unwrap());
    assert_ne!(first, draw(&all, 2, Share::Fraction(0.2), 6).unwrap());
}

#[test]
fn no_group_is_on_both_sides_and_every_class_is() {
    // 300 images in groups of 10, each of one class.
    let images: Vec<_> = (0..300).map(|at| ((at / 10 % 3) as u8, Some(at / 10))).collect();
    let all = entries(&images);
    for seed in 0..20 {
        let sides = draw(&all, 3, Share::Fraction(0.2), seed).unwrap();
        for (a, of_a) in all.iter().zip(&sides) {
            assert!(all.iter().zip(&sides).all(|(b, of_b)| a.group != b.group || of_a == of_b));
        }
        assert!((0..3).all(|label| tested(&all, &sides, label) == 20));
    }
}

#[test]
fn groups_of_several_classes_stay_whole_too() {
    let images: Vec<_> = (0..400).map(|at| ((at % 2) as u8, Some(at / 8))).collect();
    let all = entries(&images);
    let sides = draw(&all, 2, Share::Fraction(0.25), 3).unwrap();
    assert!(sides.chunks_exact(8).all(|group| group.iter().all(|side| *side == group[0])));
    assert_eq!((tested(&all, &sides, 0), tested(&all, &sides, 1)), (52, 52));
}

#[test]
fn a_class_whose_groups_are_large_still_gets_a_test_group() {
    let images: Vec<_> = (0..120).map(|at| ((at / 60) as u8, Some(at / 30))).collect();
    let all = entries(&images);
    let sides = draw(&all, 2, Share::Fraction(0.1), 0).unwrap();
    assert_eq!((tested(&all, &sides, 0), tested(&all, &sides, 1)), (30, 30));
}

#[test]
fn splits_that_cannot_be_are_refused_with_the_class_or_the_limits() {
    let grouped = entries(&[(0, Some(0)), (0, Some(0)), (1, Some(1)), (1, Some(2))]);
    for (all, share, expected) in [
        (of_counts(&[3, 1]), Share::Fraction(0.2), "class \"class1\" has one image"),
        (of_counts(&[3, 0]), Share::Fraction(0.2), "class \"class1\" has no image"),
        (of_counts(&[3, 3]), Share::Images(1), "give 2 to 4"),
        (of_counts(&[3, 3]), Share::Images(5), "give 2 to 4"),
        (of_counts(&[3, 3]), Share::Fraction(1.0), "not between 0 and 1"),
        (of_counts(&[3, 3]), Share::Fraction(f64::NAN), "not between 0 and 1"),
        (grouped, Share::Fraction(0.5), "class \"class0\" cannot be on both sides"),
    ] {
        let error = draw(&all, 2, share, 0).unwrap_err();
        assert!(error.contains(expected), "{share:?}: {error}");
    }
}

#[test]
fn a_given_split_is_kept_but_has_to_train_every_class_and_test_something() {
    let given = |sides: [Side; 3]| {
        let mut all = entries(&[(0, None), (1, None), (1, None)]);
        all.iter_mut().zip(sides).for_each(|(entry, side)| entry.side = Some(side));
        draw(&all, 2, Share::Fraction(0.2), 0)
    };
    let kept = [Side::Train, Side::Train, Side::Test];
    assert_eq!(given(kept).unwrap(), kept);
    assert!(
        given([Side::Test, Side::Train, Side::Train])
            .unwrap_err()
            .contains("\"class0\" has no training image")
    );
    assert!(given([Side::Train; 3]).unwrap_err().contains("no test image"));
}
