//! The page in a browser.

use crate::{browser::open, paper::printed, sample::page};

/// Figures of one run: accuracy, gallery, confusion, classes, reliability, two of uncertainty, two of training, chains.
const FIGURES: i64 = 10;

#[test]
#[ignore = "opens a Chromium, named by BAL_CHROMIUM; `cargo xtask test` runs it where it finds one"]
fn the_page_is_whole_in_narrow_and_wide_windows() {
    for (runs, classes) in [(1, 10), (2, 10), (8, 43)] {
        let html = page(runs, classes).html().unwrap();
        assert!(html.len() < 5_000_000);
        for width in [400, 1400] {
            let seen = open(&html, width, 2000);
            let at = format!("{runs} runs, {classes} classes, {width} pixels: {}", seen.text("said"));
            assert!(seen.console.is_empty(), "{at}: {:?}", seen.console);
            assert_eq!(seen.number("width"), i64::from(width), "{at}");
            for fault in ["errors", "broken", "overflow", "clipped", "overlapping", "empty"] {
                assert_eq!(seen.number(fault), 0, "{fault}, {at}");
            }
            // Galleries and chains have a figure for each run, others a panel.
            assert_eq!(seen.number("figures"), FIGURES - 2 + 2 * runs as i64, "{at}");
        }
    }
}

#[test]
#[ignore = "opens a Chromium, named by BAL_CHROMIUM; `cargo xtask test` runs it where it finds one"]
fn on_paper_it_is_a_booklet() {
    let html = page(1, 10).html().unwrap();
    let pages = printed(&html);
    assert!((4..=20).contains(&pages), "{pages} pages");
    // Long tables are printed where the reader unfolded them.
    let all = printed(&html.replace("<details", "<details open"));
    assert!(pages < all, "{pages} of {all} pages");
}

#[test]
#[ignore = "opens a Chromium, named by BAL_CHROMIUM; `cargo xtask test` runs it where it finds one"]
fn what_would_be_wrong_is_seen() {
    let whole = page(1, 10).html().unwrap();
    let broken = whole.replacen("data:image/png;base64,iVBOR", "data:image/png;base64,AAAAA", 1);
    assert_ne!(broken, whole);
    assert_eq!(open(&broken, 1400, 1000).number("broken"), 1);
    // A script that is not the page's own does not run, and that is heard of.
    let foreign = whole.replacen("<main", "<script>document.title = 'changed'</script><main", 1);
    let seen = open(&foreign, 1400, 1000);
    assert!(seen.number("errors") > 0 && !seen.console.is_empty());
    let wide = whole.replacen(
        "<h2",
        "<h2 class=\"scroll\"><pre></pre></h2><div><svg width=\"3000\"></svg></div><h2",
        1,
    );
    assert!(open(&wide, 400, 1000).number("overflow") > 0);
}
