//! The page on paper.

use crate::browser::run;
use std::fs;

/// The number of pages that a page is on paper.
pub(crate) fn printed(html: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let (page, paper) = (folder.path().join("page.html"), folder.path().join("page.pdf"));
    fs::write(&page, html).unwrap();
    let output = run(&page, &[&format!("--print-to-pdf={}", paper.display())]);
    let pdf = fs::read(&paper)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let pdf = String::from_utf8_lossy(&pdf);
    pdf.matches("/Type /Page").count() - pdf.matches("/Type /Pages").count()
}
