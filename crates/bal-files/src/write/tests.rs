use super::*;
use std::{
    io::Read,
    os::unix::fs::{PermissionsExt, symlink},
    os::unix::net::UnixListener,
    path::PathBuf,
    process::Command,
    thread,
};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn fifo(folder: &Path) -> PathBuf {
    let path = folder.join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

#[test]
fn a_file_is_replaced_and_nothing_else_is_left() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.json");
    for text in ["old", "new"] {
        writable(&path).unwrap();
        write(&path, text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(names(place.path()), ["a.json"]);
    }
}

#[test]
fn a_new_file_is_as_open_as_any_and_a_replaced_one_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    let [usual, path] = ["usual", "path"].map(|name| place.path().join(name));
    fs::write(&usual, "").unwrap();
    write(&path, b"new").unwrap();
    assert_eq!(mode(&path), mode(&usual));
    for secret in [0o600, 0o640, 0o755] {
        fs::set_permissions(&path, fs::Permissions::from_mode(secret)).unwrap();
        write(&path, b"newer").unwrap();
        assert_eq!(mode(&path), secret);
    }
}

#[test]
fn links_are_followed_and_stay_links() {
    let place = tempfile::tempdir().unwrap();
    let inner = place.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("target"), "old").unwrap();
    let [link, outer] = ["link", "outer"].map(|name| place.path().join(name));
    symlink("inner/target", &link).unwrap();
    symlink("link", &outer).unwrap();
    writable(&outer).unwrap();
    write(&outer, b"new").unwrap();
    assert_eq!(fs::read_to_string(inner.join("target")).unwrap(), "new");
    assert!(link.is_symlink() && outer.is_symlink());

    // One that leads nowhere yet makes what it leads to, as a shell would.
    symlink(inner.join("later"), place.path().join("dangling")).unwrap();
    write(&place.path().join("dangling"), b"made").unwrap();
    assert_eq!(fs::read_to_string(inner.join("later")).unwrap(), "made");
    assert_eq!(names(&inner), ["later", "target"]);

    symlink("loop", place.path().join("loop")).unwrap();
    let error = writable(&place.path().join("loop")).unwrap_err().to_string();
    assert!(error.contains("leads to itself"), "{error}");
}

#[test]
fn pipes_and_devices_are_written_to_and_stay_what_they_are() {
    let place = tempfile::tempdir().unwrap();
    let path = fifo(place.path());
    // Asking first opens nothing: a reader would else be told that there is an end.
    writable(&path).unwrap();
    let reader = thread::spawn({
        let path = path.clone();
        move || {
            let mut text = String::new();
            fs::File::open(path).unwrap().read_to_string(&mut text).map(|_| text)
        }
    });
    write(&path, b"through the pipe").unwrap();
    assert_eq!(reader.join().unwrap().unwrap(), "through the pipe");
    assert_eq!(names(place.path()), ["fifo"]);

    for device in ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/2"] {
        writable(Path::new(device)).unwrap();
        write(Path::new(device), b"").unwrap();
    }
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    let link = place.path().join("null");
    symlink("/dev/null", &link).unwrap();
    write(&link, b"nothing").unwrap();
    assert!(link.is_symlink());
    #[cfg(target_os = "linux")]
    assert_eq!(write(Path::new("/dev/full"), b"x").unwrap_err().kind(), ErrorKind::StorageFull);
}

/// As `>(...)` and `3> file` of a shell name them.
#[test]
fn what_the_process_has_open_is_written_on() {
    use std::os::fd::AsRawFd;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log");
    fs::write(&path, "before\n").unwrap();
    let open = OpenOptions::new().append(true).open(&path).unwrap();
    let name = PathBuf::from(format!("/dev/fd/{}", open.as_raw_fd()));
    writable(&name).unwrap();
    write(&name, b"after\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "before\nafter\n");
}

#[test]
fn what_cannot_be_written_is_refused_before_and_after_in_words_and_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(place.path().join("socket")).unwrap();
    fs::create_dir(place.path().join("folder")).unwrap();
    fs::write(place.path().join("folder/inside"), "").unwrap();
    fs::write(place.path().join("protected"), "mine").unwrap();
    fs::set_permissions(place.path().join("protected"), fs::Permissions::from_mode(0o444)).unwrap();
    symlink("folder", place.path().join("to-folder")).unwrap();
    let before = names(place.path());
    for (name, said) in [
        ("socket", "is a socket"),
        ("folder", "is a folder; name a file"),
        ("to-folder", "is a folder; name a file"),
        ("new/", "is a folder; name a file"),
        ("no/where", "cannot write to"),
        ("protected", "is read-only"),
        ("protected/below", ""),
        ("", "is a folder; name a file"),
    ] {
        let path = if name.is_empty() { PathBuf::new() } else { place.path().join(name) };
        let error = writable(&path).unwrap_err().to_string();
        assert!(error.contains(said), "{name}: {error}");
        let error = write(&path, b"x").unwrap_err().to_string();
        assert!(!error.contains(crate::leftovers::SUFFIX), "{name}: a name that is no longer there: {error}");
    }
    assert_eq!(names(place.path()), before);
    assert_eq!(fs::read_to_string(place.path().join("protected")).unwrap(), "mine");
}

#[test]
fn other_names_of_a_file_keep_the_old_content() {
    let place = tempfile::tempdir().unwrap();
    let [path, other] = ["path", "other"].map(|name| place.path().join(name));
    fs::write(&path, "old").unwrap();
    fs::hard_link(&path, &other).unwrap();
    write(&path, b"new").unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "old");
}

#[test]
fn a_new_file_takes_no_name_that_something_has() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.toml");
    create(&path, b"first").unwrap();
    assert_eq!(create(&path, b"second").unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "first");
    symlink("nowhere", place.path().join("link")).unwrap();
    assert_eq!(create(&place.path().join("link"), b"x").unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(names(place.path()), ["a.toml", "link"]);
}

#[test]
fn names_may_be_as_long_as_the_system_allows() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ä".repeat(127));
    write(&path, b"x").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"x");
}

#[test]
fn what_killed_processes_left_is_removed_by_who_holds_the_lock() {
    let place = tempfile::tempdir().unwrap();
    let run = place.path().join("run");
    let lock = crate::Lock::take(&run, &mut |_| {}).unwrap();
    fs::create_dir(run.join("checkpoint")).unwrap();
    for goal in ["posterior.safetensors", "checkpoint/state.safetensors"] {
        let mut killed = Unfinished::beside(&run.join(goal)).unwrap();
        killed.write_all(b"half").unwrap();
        assert!(killed.path().to_str().unwrap().ends_with(".unfinished"));
        killed.set_kept(true);
    }
    for name in ["metrics.jsonl", "thesis.unfinished", ".profile"] {
        fs::write(run.join(name), "").unwrap();
    }
    lock.remove_leftovers(&[&run.join("checkpoint")]);
    assert_eq!(names(&run), [".lock", ".profile", "checkpoint", "metrics.jsonl", "thesis.unfinished"]);
    assert!(names(&run.join("checkpoint")).is_empty());
}
