//! A browser without a window.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The browser's path; `cargo xtask test` sets it for the tests that need one, which are ignored otherwise.
const VARIABLE: &str = "BAL_CHROMIUM";

/// What the browser made of a page.
pub(crate) struct Opened {
    /// The `data-` attributes that the page's own script set on its root.
    facts: BTreeMap<String, String>,
    /// Messages of the console.
    pub(crate) console: Vec<String>,
}

/// Opens a page in a window of this size.
pub(crate) fn open(html: &str, width: u32, height: u32) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    fs::write(&path, html).unwrap();
    // The browser makes no window below 500 pixels, so the page gets a frame of the width, and hands on what it says.
    let around = format!(
        "<!doctype html><iframe src=\"page.html#check\" style=\"border:0;width:{width}px;height:{height}px\"></iframe><script>\
         addEventListener('load', () => Object.assign(document.documentElement.dataset, \
         document.querySelector('iframe').contentDocument.documentElement.dataset))</script>"
    );
    let path = folder.path().join("frame.html");
    fs::write(&path, around).unwrap();
    let output = run(
        &path,
        &[
            "--dump-dom",
            "--enable-logging=stderr",
            "--allow-file-access-from-files",
            "--window-size=1600,2200",
        ],
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let root = dom.split_once("<html").and_then(|(_, after)| after.split_once('>')).map(|(root, _)| root);
    let root = root.unwrap_or_else(|| panic!("the browser shows no page: {said}"));
    Opened {
        facts: facts(root),
        console: said.lines().filter(|l| l.contains("CONSOLE")).map(String::from).collect(),
    }
}

/// Runs the browser on a file.
pub(crate) fn run(page: &Path, flags: &[&str]) -> Output {
    let profile = tempfile::tempdir().unwrap();
    Command::new(browser())
        .args(["--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
        // Its sandbox needs rights that containers and root do not have; it opens nothing but our own page.
        .args(["--no-sandbox", "--disable-dev-shm-usage", "--virtual-time-budget=10000"])
        .args(flags)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap_or_else(|error| {
            panic!("{VARIABLE} names {}, which does not start: {error}", browser().display())
        })
}

fn browser() -> PathBuf {
    let Some(path) = env::var_os(VARIABLE).filter(|path| !path.is_empty()) else {
        panic!(
            "{VARIABLE} has to name a Chromium or Chrome to open pages in: `cargo xtask test` finds one and sets it \
             (Debian: `apt-get install chromium`, then {VARIABLE}=/usr/bin/chromium)"
        )
    };
    path.into()
}

/// `data-name="value"` of a tag.
fn facts(tag: &str) -> BTreeMap<String, String> {
    tag.split("data-")
        .skip(1)
        .filter_map(|part| {
            let (name, rest) = part.split_once("=\"")?;
            Some((name.to_string(), rest.split_once('"')?.0.to_string()))
        })
        .collect()
}

impl Opened {
    /// What the page says of itself under this name.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.facts.get(name).map_or("", String::as_str)
    }

    /// The same as a number.
    pub(crate) fn number(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or_else(|_| panic!("data-{name} is no number: {:?}", self.facts))
    }
}
