//! Fetching from folders and from a server on 127.0.0.1: order of sources, and taking up what broke off.

use std::fs;

use bal_data::Mirror;
use bal_data::download::{self, Origin, Progress};

use crate::download_support::{FIRST, Root, SET, first_file, published, server};
use crate::support::{self, Answer, Server, contents, gz, identical, manifest};

#[test]
fn all_files_come_from_a_server_and_are_not_fetched_again() {
    let server = Server::files(published(""));
    let manifest = manifest(&contents(), &[identical(&server.base)]);
    let root = Root::new();
    let fetched = root.fetch(&manifest, None).unwrap();
    root.assert_complete(&manifest);
    assert_eq!(fetched.folder, root.folder());
    for (file, name) in fetched.files.iter().zip(SET.files().unwrap().all()) {
        assert_eq!(file.origin, Origin::Source(format!("{}/{name}", server.base)));
        assert_eq!(fs::read(&file.path).unwrap(), published("")[&format!("/{name}")]);
    }
    assert_eq!(server.seen().len(), 4);
    let again = root.fetch(&manifest, None).unwrap();
    assert!(again.files.iter().all(|file| file.origin == Origin::Present));
    assert_eq!(server.seen().len(), 4);
}

#[test]
fn the_mirror_comes_first_then_the_sources_in_their_order() {
    let mirror = Server::files(published("/fashion-mnist").into_iter().skip(2).collect());
    let broken = Server::start(|_, _| support::not_found());
    let last = Server::files(published("/data"));
    let sources = [identical(&broken.base), identical(&format!("{}/data", last.base))];
    let manifest = manifest(&contents(), &sources);
    let root = Root::new();
    let fetched = root.fetch(&manifest, Some(&Mirror::parse(&mirror.base).unwrap())).unwrap();
    root.assert_complete(&manifest);
    let from = |server: &Server| {
        let prefix = server.base.as_str();
        let is = |origin: &Origin| matches!(origin, Origin::Source(source) if source.starts_with(prefix));
        fetched.files.iter().filter(|file| is(&file.origin)).count()
    };
    assert_eq!((from(&mirror), from(&broken), from(&last)), (2, 0, 2));
    // Four at the mirror, and the two it does not have at both others.
    assert_eq!((mirror.seen().len(), broken.seen().len(), last.seen().len()), (4, 2, 2));
}

#[test]
fn a_folder_serves_as_mirror_and_may_hold_files_compressed_anew() {
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("fashion-mnist")).unwrap();
    for (name, bytes) in contents() {
        fs::write(copy.path().join("fashion-mnist").join(name), gz(&bytes, 1)).unwrap();
    }
    let manifest = manifest(&contents(), &[]);
    let root = Root::new();
    root.fetch(&manifest, Some(&Mirror::Folder(copy.path().into()))).unwrap();
    root.assert_complete(&manifest);
    assert_eq!(fs::read(root.file(FIRST)).unwrap(), gz(&contents()[FIRST], 1));
    assert!(root.fetch(&manifest, None).unwrap().files.iter().all(|file| file.origin == Origin::Present));
}

#[test]
fn the_folder_of_an_installed_package_is_a_source() {
    let package = tempfile::tempdir().unwrap();
    for (name, bytes) in contents() {
        fs::write(package.path().join(name), gz(&bytes, 9)).unwrap();
    }
    let source = |gzip: &str| format!("{{ folder = \"{}\", gzip = \"{gzip}\" }}", package.path().display());
    let rewritten = manifest(&contents(), &[source("rewritten")]);
    let root = Root::new();
    root.fetch(&rewritten, None).unwrap();
    root.assert_complete(&rewritten);
    // Where the manifest says identical, another gzip header is a fault.
    let root = Root::new();
    let error = root.fetch(&manifest(&contents(), &[source("identical")]), None).unwrap_err().to_string();
    assert!(error.contains("expected") && error.contains("SHA-256"), "{error}");
}

#[test]
fn a_broken_connection_is_resumed_where_it_broke() {
    let (server, manifest) = server(|count, _| match count {
        0 | 1 => Answer::BreakAfter(first_file(), 1500),
        _ => Answer::Content(first_file()),
    });
    let root = Root::new();
    root.fetch(&manifest, None).unwrap();
    root.assert_complete(&manifest);
    let asked: Vec<_> =
        server.seen().into_iter().filter(|seen| seen.path.ends_with(FIRST)).map(|seen| seen.from).collect();
    assert_eq!(asked, [None, Some(1500), Some(3000)]);
}

#[test]
fn a_server_without_range_sends_all_again() {
    let (server, manifest) = server(|count, _| match count {
        0 => Answer::BreakAfter(first_file(), 1500),
        _ => Answer::Whole(first_file()),
    });
    let root = Root::new();
    root.fetch(&manifest, None).unwrap();
    root.assert_complete(&manifest);
    assert_eq!(server.seen()[1].from, Some(1500));
}

#[test]
fn a_download_that_was_killed_is_taken_up_by_the_next_run() {
    type Case = (&'static str, Vec<u8>, Vec<Option<usize>>);
    let (server, manifest) = server(|_, _| Answer::Content(first_file()));
    let cases: [Case; 4] = [
        ("the beginning", first_file()[..2000].to_vec(), vec![Some(2000)]),
        ("all of it", first_file(), vec![Some(first_file().len())]),
        ("something else", vec![7; 2000], vec![Some(2000), None]),
        ("more than all", vec![7; 9000], vec![Some(9000), None]),
    ];
    for (name, left, expected) in cases {
        let before = server.seen().len();
        let root = Root::new();
        fs::write(root.file(&format!("{FIRST}.part")), left).unwrap();
        root.fetch(&manifest, None).unwrap();
        root.assert_complete(&manifest);
        let asked: Vec<_> = server.seen()[before..]
            .iter()
            .filter(|seen| seen.path.ends_with(FIRST))
            .map(|seen| seen.from)
            .collect();
        assert_eq!(asked, expected, "{name}");
    }
}

#[test]
fn content_without_a_length_is_accepted_if_it_is_right() {
    let (_server, manifest) = server(|_, _| Answer::Unmeasured(first_file()));
    let root = Root::new();
    root.fetch(&manifest, None).unwrap();
    root.assert_complete(&manifest);
}

#[test]
fn progress_tells_sources_bytes_and_ends() {
    let server = Server::files(published(""));
    let manifest = manifest(&contents(), &[identical(&server.base)]);
    let root = Root::new();
    let mut steps = Vec::new();
    let mut progress = |step: Progress<'_>| {
        steps.push(match step {
            Progress::Trying { file, source } => format!("try {file} {source}"),
            Progress::Bytes { file, done, total } => format!("bytes {file} {done} {total:?}"),
            Progress::Stored { file, source } => format!("stored {file} {source}"),
            other => format!("{other:?}"),
        });
    };
    download::fetch(&manifest, SET, root.0.path(), None, &mut progress).unwrap();
    let (size, url) = (first_file().len(), format!("{}/{FIRST}", server.base));
    let expected = [
        format!("try {FIRST} {url}"),
        format!("bytes {FIRST} {size} Some({size})"),
        format!("stored {FIRST} {url}"),
    ];
    assert_eq!(steps[..3], expected);
    assert_eq!(steps.len(), 12);
}
