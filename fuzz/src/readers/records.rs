//! Readers of JSON: records, evaluations, transfer matrices, calibrations, metrics; and the page that is made of them.

use super::{MIB, Reader, seeds, two_parts::parts};
use bal_page::{Page, Run};
use bal_report::{CalibrationReport, Evaluation, MetricsWriter, Record, TransferMatrix, metrics, table};

/// `record.json`. What is read can be written again, and is then read as the same.
pub(super) const RECORD: Reader = Reader {
    name: "record",
    read: |desk, bytes| {
        let path = desk.put("record.json", bytes);
        let Ok(record) = Record::read(&path) else { return false };
        record.write(&path).unwrap();
        assert_eq!(Record::read(&path).unwrap(), record);
        true
    },
    seeds: seeds::records,
    most: (4 * MIB, 256),
};

/// The JSON of an evaluation.
pub(super) const EVALUATION: Reader = Reader {
    name: "evaluation",
    read: |desk, bytes| {
        let path = desk.put("evaluation.json", bytes);
        let Ok(evaluation) = Evaluation::read(&path) else { return false };
        evaluation.write(&path).unwrap();
        assert_eq!(Evaluation::read(&path).unwrap(), evaluation);
        !evaluation.to_csv().is_empty()
    },
    seeds: seeds::evaluations,
    most: (4 * MIB, 256),
};

/// The JSON of a transfer matrix, and the page that is made of it.
pub(super) const TRANSFER: Reader = Reader {
    name: "transfer",
    read: |desk, bytes| {
        let path = desk.put("transfer.json", bytes);
        let Ok(matrix) = TransferMatrix::read(&path) else { return false };
        matrix.write(&path).unwrap();
        assert_eq!(TransferMatrix::read(&path).unwrap(), matrix);
        !table::transfer_page(&matrix).is_empty()
    },
    seeds: seeds::transfers,
    most: (4 * MIB, 256),
};

/// The JSON of a calibration.
pub(super) const CALIBRATION: Reader = Reader {
    name: "calibration",
    read: |desk, bytes| {
        let path = desk.put("calibration.json", bytes);
        let Ok(report) = CalibrationReport::read(&path) else { return false };
        report.write(&path).unwrap();
        assert_eq!(CalibrationReport::read(&path).unwrap(), report);
        true
    },
    seeds: seeds::calibrations,
    most: (4 * MIB, 256),
};

/// `metrics.jsonl`, read, cut off, and appended to.
pub(super) const METRICS: Reader = Reader {
    name: "metrics",
    read: |desk, bytes| {
        let path = desk.put("metrics.jsonl", bytes);
        let before = metrics::read(&path);
        // What a resumed run does.
        let cut = metrics::truncate_after(&path, 2);
        assert_eq!(before.is_ok(), cut.is_ok());
        drop(MetricsWriter::append(&path).unwrap());
        let Ok(lines) = before else { return false };
        let kept: Vec<_> = lines.into_iter().filter(|line| line.sweep <= 2).collect();
        assert_eq!(metrics::read(&path).unwrap(), kept);
        true
    },
    seeds: seeds::metrics,
    most: (4 * MIB, 256),
};

/// The page of a run: the first half of the input is its record, the second an evaluation.
pub(super) const PAGE: Reader = Reader {
    name: "page",
    read: |desk, bytes| {
        let [record, evaluation] = parts(bytes);
        let Ok(record) = Record::read(&desk.put("page/record.json", record)) else { return false };
        let evaluation = Evaluation::read(&desk.put("page/evaluation.json", evaluation));
        let run = Run {
            name: record.name.clone(),
            record,
            training_accuracy: vec![],
            traces: vec![],
            evaluations: evaluation.into_iter().collect(),
            answers: None,
        };
        let page = Page { title: "a".into(), command: "b".into(), made_by: "c".into(), runs: vec![run] };
        page.html().is_ok()
    },
    seeds: seeds::page,
    most: (32 * MIB, 4096),
};
