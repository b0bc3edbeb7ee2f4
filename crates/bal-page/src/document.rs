//! The frame of the page: head, landmarks, style and script.

use crate::sections::{Section, sections};
use crate::{Page, PageError, plot::page_style};
use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, PreEscaped, html};
use sha2::{Digest, Sha256};

const SCRIPT: &str = include_str!("script.js");

/// The whole page.
pub(crate) fn document(page: &Page) -> Result<String, PageError> {
    let sections = sections(page)?;
    let style = page_style(include_str!("style.css"));
    // Only this very script and style may work, and nothing may be fetched.
    let policy = format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src '{}'; script-src '{}'",
        digest(&style),
        digest(SCRIPT)
    );
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(page.made_by);
                title { (page.title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(&style)) }
                // First, so that it hears of every error that follows.
                script { (PreEscaped(SCRIPT)) }
            }
            body {
                a.skip href="#main" { "Skip to the results" }
                header {
                    h1 { (page.title) }
                    (crate::sections::lead(page))
                    nav aria-label="Sections" {
                        ul { @for Section { id, title, .. } in &sections { li { a href={ "#" (id) } { (title) } } } }
                    }
                }
                main #main tabindex="-1" {
                    @for Section { id, title, body } in &sections {
                        section #(id) aria-labelledby={ (id) "-heading" } {
                            h2 #{ (id) "-heading" } { (title) }
                            (body)
                        }
                    }
                }
                footer {
                    p { "Made by " (page.made_by) " with" }
                    pre tabindex="0" { code { (page.command) } }
                    p {
                        "Intervals are Wilson's 95 % intervals: they cover the draw of the test images, not that of the "
                        "training seed. Radii and distances are on pixels in [0, 1]."
                    }
                }
                div #tip role="status" aria-live="off" hidden {}
            }
        }
    };
    Ok(document.into_string())
}

/// A text's digest as a content security policy has it.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
