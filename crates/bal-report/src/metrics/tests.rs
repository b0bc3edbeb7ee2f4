//! Claims about `metrics.jsonl`.

use super::*;

fn line(sweep: u64) -> MetricLine {
    MetricLine {
        sweep,
        epoch: 1,
        seconds: sweep as f64 / 3.0,
        loss: 0.1 + 0.2,
        linf: (sweep > 1).then_some(0.05),
        l2: None,
        data_energy: None,
        parameter_energy: Some(-1.5),
        configurational_temperature: Some(1.25),
        accuracy: None,
    }
}

/// A file with lines 1 to 4, and after them `rest`.
fn file_with(rest: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    let mut writer = MetricsWriter::append(&path).unwrap();
    for sweep in 1..=4 {
        writer.write(&line(sweep)).unwrap();
    }
    writer.sync().unwrap();
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str(rest);
    fs::write(&path, text).unwrap();
    (folder, path)
}

#[test]
fn lines_come_back_as_they_were_written() {
    let (_folder, path) = file_with("");
    assert_eq!(read(&path).unwrap(), [1, 2, 3, 4].map(line));
    let first = fs::read_to_string(&path).unwrap();
    let first = first.lines().next().unwrap();
    assert!(!first.contains("linf"), "absent metrics take no room: {first}");
}

#[test]
fn a_line_cut_by_a_kill_is_ignored_and_then_replaced() {
    let (_folder, path) = file_with("{\"sweep\":5,\"epo");
    assert_eq!(read(&path).unwrap().len(), 4);
    let mut writer = MetricsWriter::append(&path).unwrap();
    writer.write(&line(5)).unwrap();
    assert_eq!(read(&path).unwrap(), [1, 2, 3, 4, 5].map(line));
}

#[test]
fn truncation_keeps_the_sweeps_of_the_checkpoint_byte_for_byte() {
    let (_folder, path) = file_with("{\"sweep\":5,\"epo");
    let before = fs::read_to_string(&path).unwrap();
    truncate_after(&path, 2).unwrap();
    let after = fs::read_to_string(&path).unwrap();
    assert_eq!(read(&path).unwrap(), [1, 2].map(line));
    assert!(before.starts_with(&after));
    truncate_after(&path, 0).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn truncation_removes_a_cut_line_even_when_all_sweeps_stay() {
    let (_folder, path) = file_with("{\"sweep\":5,\"epo");
    truncate_after(&path, 9).unwrap();
    assert!(fs::read(&path).unwrap().ends_with(b"}\n"));
    assert_eq!(read(&path).unwrap().len(), 4);
}

#[test]
fn truncation_of_a_missing_file_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    truncate_after(&path, 3).unwrap();
    assert!(!path.exists());
}

#[test]
fn a_bad_line_is_named_and_nothing_is_lost() {
    let (_folder, path) = file_with("not json\n{\"sweep\":6}\n");
    let before = fs::read(&path).unwrap();
    for message in [read(&path).unwrap_err().to_string(), truncate_after(&path, 2).unwrap_err().to_string()] {
        assert!(message.contains("metrics.jsonl, line 5"), "{message} does not name the line");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_loss_that_is_not_finite_is_refused() {
    let (_folder, path) = file_with("");
    let mut writer = MetricsWriter::append(&path).unwrap();
    let diverged = MetricLine { loss: f64::NAN, ..line(5) };
    let message = writer.write(&diverged).unwrap_err().to_string();
    assert!(message.contains("loss at sweep 5 is NaN"), "{message}");
    assert_eq!(read(&path).unwrap().len(), 4);
}
