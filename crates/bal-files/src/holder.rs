//! Who works in a folder, as its lock file says.

use std::{
    fmt::{self, Write as _},
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A process that holds a lock. What its lock file does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// The number of the process, on its host.
    pub process: Option<u32>,
    /// The machine that it runs on.
    pub host: Option<String>,
    /// Its command line, shortened.
    pub command: Option<String>,
    /// When it took the lock.
    pub since: Option<SystemTime>,
}

/// Longer commands are cut, and so is whatever else may lie under the lock file's name.
const LONGEST: usize = 200;

impl Holder {
    /// This process, from now on.
    pub(crate) fn this() -> Self {
        Self {
            process: Some(std::process::id()),
            host: host(),
            command: Some(command(std::env::args_os().map(|word| word.to_string_lossy().into_owned()))),
            since: Some(SystemTime::now()),
        }
    }

    /// A line for each thing that is known.
    pub(crate) fn write(&self, file: &mut (impl io::Write + Seek)) -> io::Result<()> {
        let mut text = String::new();
        let seconds = self.since.and_then(|since| since.duration_since(UNIX_EPOCH).ok());
        let lines = [
            ("process", self.process.map(|process| process.to_string())),
            ("host", self.host.clone()),
            ("since", seconds.map(|seconds| seconds.as_secs().to_string())),
            ("command", self.command.clone()),
        ];
        for (key, value) in lines {
            if let Some(value) = value {
                // A `String` takes everything.
                let _ = writeln!(text, "{key} {value}");
            }
        }
        file.seek(SeekFrom::Start(0))?;
        file.write_all(text.as_bytes())
    }

    /// What a lock file says. It may hold anything: what is not understood is left out.
    pub(crate) fn read(file: &mut (impl Read + Seek)) -> Self {
        let mut bytes = Vec::new();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(4096).read_to_end(&mut bytes));
        if read.is_err() {
            return Self::default();
        }
        let text = String::from_utf8_lossy(&bytes);
        let value = |key: &str| {
            text.lines().find_map(|line| Some(printable(line.strip_prefix(key)?.strip_prefix(' ')?)))
        };
        let seconds = value("since").and_then(|seconds| seconds.parse().ok());
        Self {
            process: value("process").and_then(|process| process.parse().ok()),
            host: value("host"),
            command: value("command"),
            since: seconds.and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
        }
    }

    /// Whether this can be who holds a lock now: not if nothing is known, nor if its process has ended.
    ///
    /// A lock file is written just after the lock is taken, so a glance in between finds the words of who held it before.
    pub(crate) fn is_current(&self) -> bool {
        self.process.is_some() && (self.host != host() || self.process.is_some_and(is_alive))
    }
}

/// `process 4711 (bal train --out run), at work for 12 min`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process {
            Some(process) => write!(f, "process {process}")?,
            None => f.write_str("another process")?,
        }
        if let Some(host) = self.host.as_ref().filter(|host| Some(*host) != self::host().as_ref()) {
            write!(f, " on {host}")?;
        }
        if let Some(command) = &self.command {
            write!(f, " ({command})")?;
        }
        match self.since.and_then(|since| since.elapsed().ok()) {
            Some(time) => write!(f, ", at work for {}", readable(time)),
            None => Ok(()),
        }
    }
}

/// The words of a command, the program without its folder.
fn command(mut words: impl Iterator<Item = String>) -> String {
    let program = words.next().unwrap_or_default();
    let name = Path::new(&program).file_name().map(|name| name.to_string_lossy().into_owned());
    let words: Vec<String> = std::iter::once(name.unwrap_or(program)).chain(words).collect();
    printable(&words.join(" "))
}

/// One line without control characters, not too long.
fn printable(text: &str) -> String {
    let mut shown: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { '?' } else { c }).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("..");
    }
    shown
}

fn readable(time: Duration) -> String {
    match time.as_secs() {
        s if s < 100 => format!("{s} s"),
        s if s < 6_000 => format!("{} min", s / 60),
        s if s < 48 * 3600 => format!("{} h", s / 3600),
        s => format!("{} days", s / 86_400),
    }
}

/// The name of this machine.
fn host() -> Option<String> {
    #[cfg(unix)]
    return rustix::system::uname().nodename().to_str().ok().map(printable).filter(|name| !name.is_empty());
    #[cfg(not(unix))]
    None
}

#[cfg(unix)]
fn is_alive(process: u32) -> bool {
    use rustix::{
        io::Errno,
        process::{Pid, test_kill_process},
    };
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

#[cfg(not(unix))]
fn is_alive(_: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn what_is_written_is_read_back_the_same_but_for_parts_of_a_second() {
        let this = Holder::this();
        let mut file = Cursor::new(Vec::new());
        this.write(&mut file).unwrap();
        let read = Holder::read(&mut file);
        assert_eq!((&read.process, &read.host, &read.command), (&this.process, &this.host, &this.command));
        let lost = this.since.unwrap().duration_since(read.since.unwrap()).unwrap();
        assert!(lost < Duration::from_secs(1), "{lost:?}");
        assert!(read.is_current());
    }

    #[test]
    fn a_holder_is_named_with_what_is_known_of_it() {
        let since = SystemTime::now() - Duration::from_secs(725);
        let whole = Holder {
            process: Some(4711),
            host: Some("elsewhere".into()),
            command: Some(command(["/usr/bin/bal", "train", "--out", "run"].map(String::from).into_iter())),
            since: Some(since),
        };
        let said = whole.to_string();
        assert_eq!(said, "process 4711 on elsewhere (bal train --out run), at work for 12 min");
        assert_eq!(Holder { host: host(), ..whole }.to_string(), said.replace(" on elsewhere", ""));
        assert_eq!(Holder::default().to_string(), "another process");
    }

    #[test]
    fn a_hostile_lock_file_says_nothing_that_a_terminal_obeys_and_is_no_panic() {
        for bytes in [
            &b""[..],
            b"process",
            b"process \nhost \ncommand \nsince ",
            b"process 99999999999999999999\nsince 99999999999999999999999",
            b"since 18446744073709551615\n",
            b"\xff\xfe\x00process 1\ncommand \x1b[2J\x07rm -rf\n",
        ] {
            let said = Holder::read(&mut Cursor::new(bytes.to_vec())).to_string();
            assert!(!said.contains('\x1b') && !said.contains('\n'), "{said:?}");
        }
        let endless = [b"command ".to_vec(), vec![b'x'; 100_000]].concat();
        assert!(Holder::read(&mut Cursor::new(endless)).to_string().len() < 300);
    }

    #[test]
    fn who_has_ended_holds_nothing() {
        let ended = Holder { process: Some(i32::MAX as u32), host: host(), ..Holder::default() };
        assert!(!ended.is_current());
        assert!(
            Holder { host: Some("elsewhere".into()), ..ended }.is_current(),
            "what runs there is not known"
        );
        assert!(!Holder::default().is_current());
    }
}
