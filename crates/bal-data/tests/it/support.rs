//! What the tests share: a server on 127.0.0.1 that misbehaves on demand, and small manifests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use bal_data::{Content, Manifest, Set};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// What a server does with one request.
pub(crate) enum Answer {
    /// 200 with the whole content, or 206 with the part asked for.
    Content(Vec<u8>),
    /// 200 with the whole content, whatever part is asked for.
    Whole(Vec<u8>),
    /// 200 or 206 that announces all that is left, but the connection ends after this many bytes.
    BreakAfter(Vec<u8>, usize),
    /// 200 without a length; the end of the connection is the end of the content.
    Unmeasured(Vec<u8>),
    /// These bytes as they are, then the end of the connection.
    Raw(Vec<u8>),
}

/// A request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) path: String,
    /// First byte asked for.
    pub(crate) from: Option<usize>,
}

/// A server that lives until the test process ends.
pub(crate) struct Server {
    pub(crate) base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers the n-th request (from 0) as `answer` says.
    pub(crate) fn start(answer: impl Fn(usize, &Seen) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for (count, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let request = read_request(&stream);
                log.lock().unwrap().push(request.clone());
                let bytes = respond(answer(count, &request), request.from);
                // A client that has seen enough hangs up.
                let _ = stream.write_all(&bytes);
            }
        });
        Self { base, seen }
    }

    /// Serves the files of a map from path to content, 404 for others.
    pub(crate) fn files(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self::start(move |_, request| match files.get(&request.path) {
            Some(content) => Answer::Content(content.clone()),
            None => not_found(),
        })
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) fn not_found() -> Answer {
    Answer::Raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec())
}

fn read_request(stream: &TcpStream) -> Seen {
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    let first = lines.next().unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut from = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("range")
        {
            from =
                value.trim().strip_prefix("bytes=").and_then(|span| span.trim_end_matches('-').parse().ok());
        }
    }
    Seen { path, from }
}

fn respond(answer: Answer, from: Option<usize>) -> Vec<u8> {
    let head = |status: &str, fields: &str| {
        format!("HTTP/1.1 {status}\r\nConnection: close\r\n{fields}\r\n").into_bytes()
    };
    let measured = |content: &[u8], from: usize| {
        let (size, left) = (content.len(), content.len() - from);
        match from {
            0 => head("200 OK", &format!("Content-Length: {left}\r\n")),
            _ => head(
                "206 Partial Content",
                &format!("Content-Length: {left}\r\nContent-Range: bytes {from}-{}/{size}\r\n", size - 1),
            ),
        }
    };
    let from = from.unwrap_or(0);
    match answer {
        Answer::Content(content) | Answer::BreakAfter(content, _) if from > 0 && from >= content.len() => {
            head(
                "416 Range Not Satisfiable",
                &format!("Content-Length: 0\r\nContent-Range: bytes */{}\r\n", content.len()),
            )
        }
        Answer::Content(content) => [measured(&content, from), content[from..].to_vec()].concat(),
        Answer::Whole(content) => [measured(&content, 0), content].concat(),
        Answer::BreakAfter(content, count) => {
            let end = (from + count).min(content.len());
            [measured(&content, from), content[from..end].to_vec()].concat()
        }
        Answer::Unmeasured(content) => [head("200 OK", ""), content].concat(),
        Answer::Raw(bytes) => bytes,
    }
}

/// The folder `datasets/` of the source tree.
pub(crate) fn datasets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets")
}

/// The folder that `BAL_DATA_MIRROR` names. Without one the test cannot run; that is said past libtest's capture.
pub(crate) fn mirror_folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("BAL_DATA_MIRROR").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        let mut stderr = std::io::stderr();
        writeln!(stderr, "{test}: not run, BAL_DATA_MIRROR names no folder with copies of the data sets")
            .unwrap();
    }
    folder
}

pub(crate) fn gz(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn unpacked(gz: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(gz).read_to_end(&mut bytes).unwrap();
    bytes
}

/// Small contents for the files of Fashion-MNIST, unpacked, by name; they do not compress.
pub(crate) fn contents() -> BTreeMap<String, Vec<u8>> {
    let mut state = 1_u32;
    let mut noise = |count: usize| {
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..count).map(next).collect::<Vec<u8>>()
    };
    Set::FashionMnist.files().unwrap().all().into_iter().map(|name| (name.to_owned(), noise(5000))).collect()
}

/// A manifest of the set with these contents, published as [`gz`] of level 6, and these sources (TOML values).
pub(crate) fn manifest(contents: &BTreeMap<String, Vec<u8>>, sources: &[String]) -> Manifest {
    let mut text = format!(
        "[[set]]\nname = \"fashion-mnist\"\nlicence = \"none\"\nhint = \"make them\"\nsources = [{}]\n",
        sources.join(", ")
    );
    for name in Set::FashionMnist.files().unwrap().all() {
        let unpacked = &contents[name];
        text += &file_entry(name, Content::of(&gz(unpacked, 6)), Content::of(unpacked));
    }
    Manifest::parse(&text, Path::new("test.toml")).unwrap()
}

/// The table of one file.
pub(crate) fn file_entry(name: &str, gz: Content, unpacked: Content) -> String {
    let mut text = String::new();
    let content =
        |content: Content| format!("{{ bytes = {}, sha256 = \"{}\" }}", content.bytes, content.sha256);
    writeln!(
        text,
        "[[set.files]]\nname = \"{name}\"\ngz = {}\nunpacked = {}",
        content(gz),
        content(unpacked)
    )
    .unwrap();
    text
}

/// A source at this address, with identical `.gz` files.
pub(crate) fn identical(url: &str) -> String {
    format!("{{ url = \"{url}\", gzip = \"identical\" }}")
}

/// Names in a folder, sorted.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
