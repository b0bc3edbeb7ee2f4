//! Claims about the figures of studies, tried on Figure 1.

use std::fs;

use super::super::FIG1;
use super::super::synthetic::{evaluation, published, write_run};
use super::*;
use bal_page::plot::text_boxes::text_boxes;
use bal_report::{Evaluation, Interval, Record};

/// How far accuracy falls at radius .15, a method apart by little from the next.
const DROPS: [f64; 9] = [0.27, 0.18, 0.17, 0.21, 0.09, 0.3, 0.092, 0.1, 0.085];

fn results_with(runs: &[&str], quick: bool, images: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (run, drop) in FIG1.runs().zip(DROPS) {
        if runs.contains(&run) {
            write_run(folder.path(), run, quick, images, drop);
        }
    }
    folder
}

fn draw(results: &Path) -> String {
    let published = published();
    page(&Comparison::read(&FIG1, results, &published).unwrap(), &published)
}

#[test]
fn figure_and_numbers_are_written_and_nothing_else() {
    let results = results_with(&["erm"], false, 200);
    let out = tempfile::tempdir().unwrap();
    let figures = out.path().join("figures");
    let paths = methods(&FIG1, results.path(), &published(), &figures).unwrap();
    let mut names: Vec<_> = fs::read_dir(figures)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["fig1.csv", "fig1.svg"]);
    assert_eq!(paths.len(), 2);
    assert!(paths.iter().all(|path| path.exists()));
}

#[test]
fn no_text_is_clipped_and_no_two_texts_overlap() {
    let all: Vec<&str> = FIG1.runs().collect();
    let crowds: [(&[&str], bool, usize); 4] = [
        (&all, false, 10_000),
        (&all, true, 100),
        (&["bal-exact"], true, 20),
        (&["erm", "pgd", "bal-paper"], false, 1000),
    ];
    for (runs, quick, images) in crowds {
        let results = results_with(runs, quick, images);
        let svg = draw(results.path());
        let (boxes, page) = text_boxes(&svg);
        assert!(boxes.len() > 8, "the figure has its texts as text");
        for (index, (text, place)) in boxes.iter().enumerate() {
            let inside = place.left() >= page.left()
                && place.top() >= page.top()
                && place.right() <= page.right()
                && place.bottom() <= page.bottom();
            assert!(inside, "{text:?} at {place:?} is outside of {page:?}");
            for (other, second) in boxes.iter().skip(index + 1) {
                assert!(place.intersect(second).is_none(), "{text:?} overlaps {other:?}");
            }
        }
    }
}

#[test]
fn a_quick_run_is_tagged_on_every_figure_and_a_full_one_is_not() {
    let results = results_with(&["erm", "bnn"], true, 200);
    let svg = draw(results.path());
    assert!(svg.contains("QUICK RUN — 200 images, not for comparison"));
    let results = results_with(&["erm", "bnn"], false, 200);
    let svg = draw(results.path());
    assert!(!svg.contains("QUICK"));
}

#[test]
fn one_quick_run_among_full_ones_is_named() {
    let results = results_with(&["erm", "bnn"], false, 200);
    write_run(results.path(), "wrm", true, 100, 0.1);
    let svg = draw(results.path());
    assert!(svg.contains("QUICK RUN (WRM) — 100 to 200 images"));
}

#[test]
fn a_run_that_stopped_early_is_named() {
    let results = results_with(&["erm", "bnn"], false, 200);
    let path = results.path().join("bnn/record.json");
    let mut record = Record::read(&path).unwrap();
    record.stopped_early = true;
    record.write(&path).unwrap();
    let svg = draw(results.path());
    assert!(svg.contains("STOPPED EARLY (BNN) — 200 images, not for comparison"));
}

#[test]
fn the_csv_holds_every_point_with_its_published_value() {
    let results = results_with(&["erm", "bal-paper"], false, 1000);
    let comparison = Comparison::read(&FIG1, results.path(), &published()).unwrap();
    let csv = comparison.to_csv();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], "method,attack,radius,accuracy,low,high,seeds,published");
    assert_eq!(lines.len(), 1 + 2 * 10 + 2);
    assert!(lines[1].starts_with("erm,fgsm,0,0.992,0.98"));
    assert!(lines[1].ends_with(",0.9923"));
    assert!(lines[20].starts_with("bal-paper,fgsm,0.15,0.892,") && lines[20].ends_with(",0.9002"));
    assert!(lines[22].starts_with("bal-paper,cw-one-step,,0.29,") && lines[22].ends_with(",0.3233"));
}

#[test]
fn presets_of_bal_share_one_published_curve() {
    let lines = |runs: &[&str]| {
        let results = results_with(runs, false, 200);
        let svg = draw(results.path());
        // Samples of the key and beside names are a single stroke.
        let curves = svg.lines().filter(|line| {
            line.starts_with("<path class=\"line\"") || line.starts_with("<path class=\"reference\"")
        });
        curves.filter(|line| line.contains('L')).count()
    };
    assert_eq!(lines(&["bal-released"]), 2);
    assert_eq!(lines(&["bal-released", "bal-paper", "bal-exact"]), 4);
}

#[test]
fn a_published_curve_far_from_ours_is_named() {
    let named = |drop: f64| {
        let results = tempfile::tempdir().unwrap();
        write_run(results.path(), "pgd", false, 200, drop);
        let svg = draw(results.path());
        svg.contains(">PGD*, published</text>")
    };
    assert!(named(0.1));
    assert!(!named(0.42));
}

#[test]
fn nothing_to_draw_is_an_error_that_writes_nothing() {
    let results = tempfile::tempdir().unwrap();
    let out = results.path().join("figures");
    let message = methods(&FIG1, results.path(), &published(), &out).unwrap_err().to_string();
    assert!(message.contains("fgsm.json") && message.contains("bal-released"));
    assert!(!out.exists());
}

#[test]
fn an_evaluation_of_something_else_is_refused() {
    let results = results_with(&["erm"], false, 200);
    let path = results.path().join("erm/fgsm.json");
    let error_with = |change: fn(&mut Evaluation)| {
        let mut other = evaluation("fgsm", vec![Some(0.1)], &[0.5], 10);
        change(&mut other);
        other.write(&path).unwrap();
        let error = methods(&FIG1, results.path(), &published(), results.path());
        error.unwrap_err().to_string()
    };
    let message = error_with(|e| e.attack = "pgd".into());
    assert!(message.contains("erm/fgsm.json") && message.contains("attack is \"pgd\""));
    let message = error_with(|e| e.dataset = "fashion-mnist".into());
    assert!(message.contains("dataset is \"fashion-mnist\""));
    let message = error_with(|e| e.radii = vec![None]);
    assert!(message.contains("radii must be numbers"));
}

#[test]
fn a_run_without_its_record_is_an_error_that_names_it() {
    let results = results_with(&["erm"], false, 200);
    fs::remove_file(results.path().join("erm/record.json")).unwrap();
    let message = methods(&FIG1, results.path(), &published(), results.path()).unwrap_err().to_string();
    assert!(message.contains("record.json"), "{message}");
}

#[test]
fn of_several_seeds_the_mean_is_drawn_with_their_range() {
    let results = results_with(&["erm"], false, 1000);
    write_run(&results.path().join("seed-2"), "erm", false, 1000, 0.17);
    let comparison = Comparison::read(&FIG1, results.path(), &published()).unwrap();
    let strongest = &comparison.fgsm[9];
    assert_eq!(strongest.seeds, 2);
    assert!((strongest.accuracy - 0.772).abs() < 1e-9, "{}", strongest.accuracy);
    let Interval { low, high } = strongest.interval;
    assert!((low - 0.722).abs() < 1e-9 && (high - 0.822).abs() < 1e-9);
    let svg = draw(results.path());
    assert!(svg.contains("mean and range"));
}
