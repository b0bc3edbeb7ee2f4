//! Tables of numbers, and what is found of their rows.

use super::{MIB, Reader};
use bal_data::NumberTable;

/// A table of numbers, all of it and by the names of columns.
pub(super) const NUMBERS: Reader = Reader {
    name: "numbers",
    read: |desk, bytes| {
        let path = desk.put("numbers.csv", bytes);
        let _ = NumberTable::read_columns(&path, &["size", "price"]);
        let ignore = ["city".to_owned()];
        NumberTable::read(&path, &[]).is_ok() || NumberTable::read(&path, &ignore).is_ok()
    },
    seeds: || {
        [
            "size,age,price\n100,10,300\n60,50,99.5\n",
            "city;size;price\nOslo;1e2;3\n;-4;.5\n",
            "\u{feff}size\tprice\r\n1\t2\r\n",
        ]
        .map(|text| text.as_bytes().to_vec())
        .into()
    },
    most: (16 * MIB, 256),
};

/// The evaluation of predicted values.
pub(super) const VALUES: Reader = Reader {
    name: "values",
    read: |desk, bytes| bal_report::ValueEvaluation::read(&desk.put("values.json", bytes)).is_ok(),
    seeds: || {
        let text = r#"{"target": "price", "attack": "pgd", "norm": "linf", "radii": [0.0], "rows": 1, "rmse": [1.0],
            "negative_log_likelihood": [1.5], "coverage": [1.0], "settings": {"steps": 40}, "per_row": {"value": [2.0],
            "mean": [[1.0]], "sd_of_noise": [[0.5]], "sd_of_weights": [[0.1]], "log_density": [[-1.5]], "covered": ["1"]},
            "model": {"source": "run", "architecture": "regression-mlp-50", "chains": 1, "prediction": "mean-probability",
            "ensemble_gradient": "predictive"}, "dataset": "houses.csv"}"#;
        vec![text.as_bytes().to_vec()]
    },
    most: (16 * MIB, 256),
};
