//! What a registry and a reader need of every crate that is published.

use std::fs;
use std::path::PathBuf;

use toml::Table;

use bal_chores::Repository;

/// Folders and manifests of the crates that are published.
fn published() -> Vec<(PathBuf, Table)> {
    let root = Repository::find().unwrap().root().to_path_buf();
    let folders = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let read = |folder: PathBuf| {
        let table: Table = fs::read_to_string(folder.join("Cargo.toml")).unwrap().parse().unwrap();
        (folder, table)
    };
    let is_published = |table: &Table| table["package"]["publish"].as_bool() != Some(false);
    folders.map(read).filter(|(_, table)| is_published(table)).collect()
}

#[test]
fn a_published_crate_says_what_it_is_and_on_what_terms() {
    let crates = published();
    assert!(crates.len() > 9, "{}", crates.len());
    for (folder, table) in crates {
        let name = folder.file_name().unwrap().to_str().unwrap().to_string();
        let package = &table["package"];
        let text =
            |key: &str| package.get(key).and_then(|v| v.as_str()).unwrap_or_else(|| panic!("{name}: {key}"));
        assert_eq!(text("name"), name);
        assert!(text("description").len() > 30, "{name}");
        assert_eq!(text("readme"), "README.md", "{name}");
        assert_eq!(text("documentation"), format!("https://docs.rs/{name}"));
        for (key, most) in [("keywords", 5), ("categories", 5)] {
            let count = package.get(key).and_then(|v| v.as_array()).map_or(0, Vec::len);
            assert!((1..=most).contains(&count), "{name}: {count} {key}");
        }
        for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(!fs::read_to_string(folder.join(file)).unwrap().is_empty(), "{name}: {file}");
        }
    }
}

/// So that the README's example is compiled and run, and its text is the first page of the documentation.
#[test]
fn a_library_has_its_readme_as_documentation() {
    for (folder, _) in published() {
        let library = folder.join("src/lib.rs");
        if library.is_file() {
            let code = fs::read_to_string(&library).unwrap();
            assert!(code.contains("#![doc = include_str!(\"../README.md\")]"), "{}", library.display());
            let readme = fs::read_to_string(folder.join("README.md")).unwrap();
            assert!(readme.contains("```rust"), "{} has no example", folder.display());
        }
    }
}

/// The example of Rust in the README is one that a crate's documentation compiles.
#[test]
fn the_example_of_the_readme_is_compiled_in_the_engine_s_documentation() {
    let root = Repository::find().unwrap().root().to_path_buf();
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    let example = |text: &str| {
        let (_, from) = text.split_once("```rust").expect("an example");
        from.split_once("```").unwrap().0.to_owned()
    };
    let (readme, engine) = (read("README.md"), read("crates/bal/README.md"));
    assert!(engine.contains(&example(&readme)), "not in crates/bal/README.md: {}", example(&readme));
}
