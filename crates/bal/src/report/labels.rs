//! What runs are called on a page.

use std::path::{Path, PathBuf};

/// Names of runs as their experiments give them; of those that share one, the shortest end of the folder that no other run
/// has.
pub(super) fn labels(names: &[&str], folders: &[PathBuf]) -> Vec<String> {
    let shared = |name: &str| names.iter().filter(|other| **other == name).count() > 1;
    let label = |(i, name): (usize, &&str)| {
        if !shared(name) {
            return (*name).to_owned();
        }
        let taken = |end: &Path| {
            let mut others = folders.iter().enumerate().filter(|(j, _)| *j != i);
            names.iter().any(|name| Path::new(name) == end) || others.any(|(_, other)| other.ends_with(end))
        };
        let parts = folders[i].components().count();
        let mut ends = (1..=parts).map(|length| folders[i].iter().skip(parts - length).collect::<PathBuf>());
        ends.find(|end| !taken(end)).unwrap_or_else(|| folders[i].clone()).display().to_string()
    };
    names.iter().enumerate().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels_of(runs: &[(&str, &str)]) -> Vec<String> {
        let names: Vec<&str> = runs.iter().map(|(name, _)| *name).collect();
        let folders: Vec<PathBuf> = runs.iter().map(|(_, folder)| folder.into()).collect();
        labels(&names, &folders)
    }

    #[test]
    fn a_name_of_its_own_is_kept() {
        assert_eq!(labels_of(&[("erm", "runs/a"), ("bal", "runs/b")]), ["erm", "bal"]);
    }

    #[test]
    fn a_shared_name_gives_way_to_the_end_of_the_folder() {
        let runs = [("bal", "/x/runs/one"), ("bal", "/x/runs/two"), ("erm", "/x/runs/erm")];
        assert_eq!(labels_of(&runs), ["one", "two", "erm"]);
    }

    #[test]
    fn it_is_as_long_as_it_must_be() {
        let runs = [("bal", "runs/seed-1/bal"), ("bal", "runs/seed-2/bal"), ("bal", "bal")];
        assert_eq!(labels_of(&runs), ["seed-1/bal", "seed-2/bal", "bal"]);
        assert_eq!(labels_of(&[("bal", "runs/erm"), ("bal", "runs/b"), ("erm", "c")])[0], "runs/erm");
        assert_eq!(labels_of(&[("bal", "runs/b"), ("bal", "runs/b")]), ["runs/b", "runs/b"]);
    }
}
