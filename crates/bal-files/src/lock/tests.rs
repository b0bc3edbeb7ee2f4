use super::*;
use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    time::Instant,
};

fn quiet(_: &News<'_>) {}

#[test]
fn a_folder_is_one_taker_s_and_afterwards_as_it_was() {
    let place = tempfile::tempdir().unwrap();
    let run = place.path().join("runs/run");
    let lock = Lock::take(&run, &mut quiet).unwrap();
    assert!(lock.is_in_place());
    let error = Lock::take(&run, &mut quiet).unwrap_err();
    let LockError::Busy { folder, holder } = &error else { panic!("{error}") };
    assert_eq!((folder, holder.process), (&run, Some(std::process::id())));
    let said = error.to_string();
    assert!(said.contains(&format!("in use by process {} (", std::process::id())), "{said}");
    assert!(said.contains("wait until that has ended") && !said.contains('\n'), "{said}");
    drop(lock);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "what was made for it goes");

    fs::create_dir_all(&run).unwrap();
    drop(Lock::take(&run, &mut quiet).unwrap());
    assert!(run.is_dir(), "what was there stays");
    let lock = Lock::take(&run, &mut quiet).unwrap();
    fs::write(run.join("result"), "").unwrap();
    drop(lock);
    assert_eq!(fs::read_dir(&run).unwrap().count(), 1);
}

#[test]
fn who_waits_is_told_for_whom_and_gets_it_when_it_is_free() {
    let place = tempfile::tempdir().unwrap();
    let mut lock = Some(Lock::take(place.path(), &mut quiet).unwrap());
    let mut told = Vec::new();
    let waited = Lock::wait(place.path(), &mut |news| {
        told.push(news.to_string());
        lock = None;
    });
    assert!(waited.is_ok());
    let process = std::process::id();
    assert!(told.len() == 1 && told[0].starts_with(&format!("waiting for process {process}")), "{told:?}");
}

#[test]
fn a_lock_file_that_a_killed_process_left_is_nobody_s_lock() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join(LOCK_FILE), "process 1\nhost gone\n").unwrap();
    let lock = Lock::take(place.path(), &mut quiet).unwrap();
    let said = fs::read_to_string(place.path().join(LOCK_FILE)).unwrap();
    assert!(
        said.starts_with(&format!("process {}\n", std::process::id())) && !said.contains("gone"),
        "{said}"
    );
    drop(lock);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("file"), "").unwrap();
    std::os::unix::fs::symlink("nowhere", place.path().join("dangling")).unwrap();
    for name in ["file", "file/run", "dangling"] {
        let error = Lock::take(&place.path().join(name), &mut quiet).unwrap_err();
        assert!(matches!(error, LockError::Io { .. }) && error.to_string().contains(name), "{error}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
}

#[test]
fn a_file_system_without_locks_is_told_of_and_used() {
    let place = tempfile::tempdir().unwrap();
    for errno in [rustix::io::Errno::NOLCK, rustix::io::Errno::NOSYS, rustix::io::Errno::NOTSUP] {
        let refuse: TryLock = match errno {
            rustix::io::Errno::NOLCK => |_| Err(TryLockError::Error(rustix::io::Errno::NOLCK.into())),
            rustix::io::Errno::NOSYS => |_| Err(TryLockError::Error(rustix::io::Errno::NOSYS.into())),
            _ => |_| Err(TryLockError::Error(rustix::io::Errno::NOTSUP.into())),
        };
        let mut told = Vec::new();
        let taken = attempt(place.path(), refuse, &mut |news| told.push(news.to_string())).unwrap();
        assert!(matches!(taken, Attempt::Taken(_)));
        assert!(
            told.len() == 1 && told[0].starts_with("note: ") && told[0].contains("without locks"),
            "{told:?}"
        );
    }
    // Another fault is one.
    let broken: TryLock = |_| Err(TryLockError::Error(rustix::io::Errno::IO.into()));
    assert!(matches!(attempt(place.path(), broken, &mut quiet), Err(LockError::Io { .. })));
}

#[test]
fn a_folder_that_was_moved_leaves_alone_what_is_in_its_place_now() {
    let place = tempfile::tempdir().unwrap();
    let (run, elsewhere) = (place.path().join("run"), place.path().join("elsewhere"));
    let first = Lock::take(&run, &mut quiet).unwrap();
    fs::rename(&run, &elsewhere).unwrap();
    assert!(
        matches!(Lock::take(&elsewhere, &mut quiet), Err(LockError::Busy { .. })),
        "the lock moves along"
    );
    let second = Lock::take(&run, &mut quiet).unwrap();
    assert!(!first.is_in_place());
    drop(first);
    assert!(second.is_in_place());
}

/// Threads that take and give up one lock as fast as they can: never two of them hold it, though the file and the folder come
/// and go.
#[test]
fn never_do_two_hold_it_however_it_comes_and_goes() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("a/b");
    let (inside, taken, over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    match Lock::take(&folder, &mut quiet) {
                        Ok(_lock) => {
                            assert_eq!(inside.fetch_add(1, SeqCst), 0);
                            taken.fetch_add(1, SeqCst);
                            assert_eq!(inside.fetch_sub(1, SeqCst), 1);
                        }
                        Err(LockError::Busy { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        let begun = Instant::now();
        while taken.load(SeqCst) < 2000 && begun.elapsed() < Duration::from_secs(10) {
            sleep(Duration::from_millis(1));
        }
        over.store(true, SeqCst);
    });
    assert!(taken.load(SeqCst) >= 2000, "{taken:?}");
}
