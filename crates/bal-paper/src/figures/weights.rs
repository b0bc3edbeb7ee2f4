//! Claims about `results/`: what names its weights is of those on record beside it.

use std::fs;
use std::path::{Path, PathBuf};

use bal_data::Content;
use serde_json::Value;

use bal_chores::Repository;

/// Results of one run that name other weights than those on record, and committed weights that are others.
fn of_other_weights(results: &Path) -> Vec<PathBuf> {
    let results_of_others = files(results, "json").into_iter().filter(|file| are_others(results, file));
    let weights = files(results, "safetensors").into_iter().filter(|file| {
        on_record(file.parent().unwrap()) != Some(Content::of_file(file).unwrap().sha256.to_string())
    });
    results_of_others.chain(weights).collect()
}

fn are_others(results: &Path, file: &Path) -> bool {
    let result: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let Some([named]) = result["model"]["weights"].as_array().map(Vec::as_slice) else { return false };
    let folder = file.parent().unwrap().strip_prefix(results).unwrap();
    // The folder of strong attacks has the same folders in it.
    let run = folder.strip_prefix("robustness").unwrap_or(folder);
    on_record(&results.join(run)).is_some_and(|digest| *named != digest)
}

/// The digest of the weights of the run in `folder`.
fn on_record(folder: &Path) -> Option<String> {
    let line = fs::read_to_string(folder.join("posterior.safetensors.sha256")).ok()?;
    Some(line.split_whitespace().next()?.to_owned())
}

/// All files below `folder` with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found
}

#[test]
fn results_are_of_the_weights_on_record() {
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
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let named = format!(r#"{{"model": {{"weights": ["{abc}"]}}}}"#);
    let one = write("fig1/erm/fgsm.json", &named);
    let strong = write("robustness/fig1/erm/autoattack-linf.json", &named);
    assert!(of_other_weights(results.path()).is_empty(), "no weights are on record");
    let digest = "fig1/erm/posterior.safetensors.sha256";
    write(digest, &format!("{abc}  posterior.safetensors\n"));
    let weights = write("fig1/erm/posterior.safetensors", "abc");
    assert!(of_other_weights(results.path()).is_empty());
    write("fig1/erm/posterior.safetensors", "abd");
    assert_eq!(of_other_weights(results.path()), std::slice::from_ref(&weights));
    write(digest, &format!("{}  posterior.safetensors\n", "0".repeat(64)));
    let mut found = of_other_weights(results.path());
    found.sort();
    assert_eq!(found, [one, weights, strong]);
}
