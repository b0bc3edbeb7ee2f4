//! What the tests of downloads share: a small set on a server, and the folder it is fetched into.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use bal_data::{DataError, Manifest, Mirror, Set, download};
use tempfile::TempDir;

use crate::support::{Answer, Seen, Server, contents, gz, identical, manifest, names_in};

pub(crate) const SET: Set = Set::FashionMnist;
pub(crate) const FIRST: &str = "train-images-idx3-ubyte.gz";

/// A folder `datasets/` that is empty.
pub(crate) struct Root(pub(crate) TempDir);

impl Root {
    pub(crate) fn new() -> Self {
        let root = Self(tempfile::tempdir().unwrap());
        fs::create_dir(root.folder()).unwrap();
        root
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.0.path().join(SET.name())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn fetch(
        &self,
        manifest: &Manifest,
        mirror: Option<&Mirror>,
    ) -> Result<download::Fetched, DataError> {
        download::fetch(manifest, SET, self.0.path(), mirror, &mut |_| {})
    }

    pub(crate) fn assert_complete(&self, manifest: &Manifest) {
        download::check(manifest, SET, self.0.path()).unwrap();
        let mut names = SET.files().unwrap().all();
        names.sort_unstable();
        assert_eq!(names_in(&self.folder()), names);
    }
}

/// The published files below `prefix`, by path on a server.
pub(crate) fn published(prefix: &str) -> BTreeMap<String, Vec<u8>> {
    contents().into_iter().map(|(name, bytes)| (format!("{prefix}/{name}"), gz(&bytes, 6))).collect()
}

/// A server with all files whose first file is answered as `first` says, and the manifest that names it.
pub(crate) fn server(first: impl Fn(usize, &Seen) -> Answer + Send + 'static) -> (Server, Manifest) {
    let files = published("");
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |_, seen| {
        if seen.path.ends_with(FIRST) {
            first(asked.fetch_add(1, Ordering::SeqCst), seen)
        } else {
            Answer::Content(files[&seen.path].clone())
        }
    });
    let manifest = manifest(&contents(), &[identical(&server.base)]);
    (server, manifest)
}

pub(crate) fn first_file() -> Vec<u8> {
    gz(&contents()[FIRST], 6)
}
