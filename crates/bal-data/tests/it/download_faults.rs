//! Downloads that cannot succeed: clear errors, and nothing left that is not worth resuming.

use std::fs;

use bal_data::download::{self, Progress};
use bal_data::{Content, DataError};
use bal_files::Lock;

use crate::download_support::{FIRST, Root, SET, first_file, server};
use crate::support::{self, Answer, contents, identical, manifest, names_in};

#[test]
fn bad_content_is_an_error_with_both_digests_and_leaves_nothing() {
    type Case = (&'static str, Vec<u8>, fn(Vec<u8>) -> Answer);
    let flipped = || {
        let mut bytes = first_file();
        bytes[2500] ^= 1;
        bytes
    };
    let cases: [Case; 5] = [
        ("flipped bit", flipped(), Answer::Content),
        ("truncated at the source", first_file()[..4000].to_vec(), Answer::Content),
        ("cut without a length", first_file()[..100].to_vec(), Answer::Unmeasured),
        ("a page", b"<html>moved</html>".to_vec(), Answer::Content),
        ("nothing", vec![], Answer::Content),
    ];
    for (name, found, answer) in cases {
        let sent = found.clone();
        let (server, manifest) = server(move |_, _| answer(sent.clone()));
        let root = Root::new();
        let error = root.fetch(&manifest, None).unwrap_err().to_string();
        let path = root.file(FIRST);
        assert!(error.starts_with(&format!("{}: no source has it", path.display())), "{name}: {error}");
        let fault = format!("expected {}, found {}", Content::of(&first_file()), Content::of(&found));
        assert!(error.contains(&fault), "{name}: {error}");
        assert!(error.contains("as the mirror") && error.contains("make them"), "{name}: {error}");
        assert!(names_in(&root.folder()).is_empty(), "{name}: {:?}", names_in(&root.folder()));
        assert_eq!(server.seen().len(), 1, "{name}: wrong content is not asked for twice");
    }
}

#[test]
fn a_server_that_does_not_deliver_is_named_with_the_reason() {
    type Case = (&'static str, fn() -> Answer, &'static str);
    let cases: [Case; 8] = [
        ("missing", support::not_found, "the server answers 404 Not Found"),
        ("too long", || Answer::Content(vec![1; 100_000]), "sends 100000 bytes, more than"),
        ("endless", || Answer::Unmeasured(vec![1; 100_000]), "bytes, more than"),
        ("not HTTP", || Answer::Raw(b"220 ftp\r\n".to_vec()), ""),
        ("hangs up", || Answer::Raw(vec![]), ""),
        (
            "another part",
            || {
                Answer::Raw(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nContent-Range: bytes 9-9/10\r\nConnection: close\r\n\r\nx".to_vec())
            },
            "another part",
        ),
        (
            "part of nothing",
            || {
                Answer::Raw(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nContent-Range: junk\r\nConnection: close\r\n\r\nx".to_vec())
            },
            "another part",
        ),
        (
            "no such range",
            || {
                Answer::Raw(
                    b"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        .to_vec(),
                )
            },
            "416",
        ),
    ];
    for (name, answer, reason) in cases {
        let (server, manifest) = server(move |_, _| answer());
        let root = Root::new();
        let error = root.fetch(&manifest, None).unwrap_err().to_string();
        assert!(error.contains(&format!("{}/{FIRST}: ", server.base)), "{name}: {error}");
        assert!(error.contains(reason), "{name}: {error}");
        assert!(names_in(&root.folder()).is_empty(), "{name}");
    }
}

#[test]
fn what_arrived_before_the_connection_was_lost_for_good_is_kept_for_the_next_run() {
    let (server, manifest) = server(|count, _| match count {
        0 => Answer::BreakAfter(first_file(), 1500),
        1..=3 => Answer::Raw(vec![]),
        _ => Answer::Content(first_file()),
    });
    let root = Root::new();
    let error = root.fetch(&manifest, None).unwrap_err().to_string();
    assert!(error.contains("no source has it"), "{error}");
    assert_eq!(names_in(&root.folder()), [format!("{FIRST}.part")]);
    root.fetch(&manifest, None).unwrap();
    root.assert_complete(&manifest);
    assert_eq!(server.seen()[4].from, Some(1500));
}

#[test]
fn a_wrong_file_is_reported_and_replaced_and_stays_if_there_is_no_better() {
    let (_server, manifest) = server(|_, _| Answer::Content(first_file()));
    let root = Root::new();
    fs::write(root.file(FIRST), b"damaged").unwrap();
    let error = download::check(&manifest, SET, root.0.path()).unwrap_err().to_string();
    assert!(error.starts_with(root.file(FIRST).to_str().unwrap()), "{error}");
    let mut faults = Vec::new();
    let mut progress = |step: Progress<'_>| {
        if let Progress::Failed { source, error, .. } = step {
            faults.push((source.to_owned(), error.to_string()));
        }
    };
    download::fetch(&manifest, SET, root.0.path(), None, &mut progress).unwrap();
    root.assert_complete(&manifest);
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].0, root.file(FIRST).to_str().unwrap());
    assert!(faults[0].1.contains(&Content::of(b"damaged").to_string()), "{faults:?}");

    fs::write(root.file(FIRST), b"damaged").unwrap();
    root.fetch(&support::manifest(&contents(), &[]), None).unwrap_err();
    assert_eq!(fs::read(root.file(FIRST)).unwrap(), b"damaged");
}

#[test]
fn files_that_are_missing_are_named_without_any_network() {
    let root = Root::new();
    let error = download::check(&manifest(&contents(), &[]), SET, root.0.path()).unwrap_err().to_string();
    assert!(error.contains(FIRST) && error.contains("fashion-mnist is to be downloaded"), "{error}");
}

#[test]
fn a_folder_that_another_download_fills_is_waited_for() {
    let (_server, manifest) = server(|_, _| Answer::Content(first_file()));
    let root = Root::new();
    let mut other = Some(Lock::take(&root.folder(), &mut |_| {}).unwrap());
    let mut steps = Vec::new();
    let mut progress = |step: Progress<'_>| {
        steps.push(format!("{step:?}"));
        if matches!(step, Progress::Waiting { .. }) {
            // The other one has its file in place, and ends.
            fs::write(root.file(FIRST), first_file()).unwrap();
            other = None;
        }
    };
    download::fetch(&manifest, SET, root.0.path(), None, &mut progress).unwrap();
    root.assert_complete(&manifest);
    let me = format!("process: Some({})", std::process::id());
    assert!(steps[0].starts_with("Waiting") && steps[0].contains(&me), "{steps:?}");
    assert!(steps[1].starts_with("Present"), "{steps:?}");
}

#[test]
fn what_an_earlier_run_had_fetched_stays_when_it_cannot_be_put_in_place() {
    let (_server, manifest) = server(|_, _| Answer::Content(first_file()));
    let root = Root::new();
    let part = root.file(&format!("{FIRST}.part"));
    fs::write(&part, &first_file()[..2000]).unwrap();
    // The file cannot get its name: a folder has it.
    fs::create_dir_all(root.file(FIRST).join("mine")).unwrap();
    let error = root.fetch(&manifest, None).unwrap_err();
    assert!(matches!(error, DataError::Write { .. }) && error.to_string().contains(FIRST), "{error}");
    assert_eq!(fs::read(part).unwrap(), first_file());
    assert!(root.file(FIRST).join("mine").is_dir());
}

#[test]
fn a_root_that_cannot_be_made_is_named() {
    let root = tempfile::NamedTempFile::new().unwrap();
    let error =
        download::fetch(&manifest(&contents(), &[]), SET, root.path(), None, &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("cannot write"), "{error}");
}

/// `/dev/full` refuses every write as a full disk does.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_fetch_at_once_and_leaves_nothing() {
    let (server, manifest) = server(|_, _| Answer::Content(first_file()));
    let sources = [identical(&server.base), identical(&server.base)];
    let twice = support::manifest(&contents(), &sources);
    for manifest in [manifest, twice] {
        let before = server.seen().len();
        let root = Root::new();
        std::os::unix::fs::symlink("/dev/full", root.file(&format!("{FIRST}.part"))).unwrap();
        let error = root.fetch(&manifest, None).unwrap_err();
        assert!(matches!(error, DataError::DiskFull { .. }), "{error}");
        assert!(error.to_string().contains("the disk is full"), "{error}");
        assert!(names_in(&root.folder()).is_empty());
        assert_eq!(server.seen().len() - before, 1, "no other source is asked");
    }
}
