//! Claims about `results/`: what names its weights is of those that are kept beside it.

use std::fs;
use std::path::{Path, PathBuf};

use bal_data::Content;
use serde_json::Value;

use super::page::files;
use bal_chores::Repository;

/// Results of one run whose weights are kept, but that name others.
fn of_other_weights(results: &Path) -> Vec<PathBuf> {
    files(results, "json").into_iter().filter(|file| are_others(results, file)).collect()
}

fn are_others(results: &Path, file: &Path) -> bool {
    let result: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let Some([named]) = result["model"]["weights"].as_array().map(Vec::as_slice) else { return false };
    let folder = file.parent().unwrap().strip_prefix(results).unwrap();
    // Strong attacks have a folder of their own with the same folders in it.
    let run = folder.strip_prefix("robustness").unwrap_or(folder);
    let kept = results.join(run).join("posterior.safetensors");
    kept.is_file() && *named != Content::of_file(&kept).unwrap().sha256.to_string()
}

#[test]
fn results_are_of_the_weights_beside_them() {
    assert_eq!(of_other_weights(&Repository::find().unwrap().results()), Vec::<PathBuf>::new());
}

#[test]
fn a_result_of_other_weights_is_found_wherever_it_lies() {
    let results = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let path = results.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    // FIPS 180-2, appendix B.1.
    let abc =
        r#"{"model": {"weights": ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]}}"#;
    let one = write("fig1/erm/fgsm.json", abc);
    let strong = write("robustness/fig1/erm/autoattack-linf.json", abc);
    assert!(of_other_weights(results.path()).is_empty(), "no weights are kept");
    write("fig1/erm/posterior.safetensors", "abc");
    assert!(of_other_weights(results.path()).is_empty());
    write("fig1/erm/posterior.safetensors", "abd");
    let mut found = of_other_weights(results.path());
    found.sort();
    assert_eq!(found, [one, strong]);
}
