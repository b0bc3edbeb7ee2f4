//! Sections of a Markdown file that a program fills in.

use crate::ReportError;

/// The text with what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->` replaced by `new`, in lines of
/// its own. The markers stay, so that replacing again gives the same.
///
/// Errors: a marker that is missing or there twice, or the end before the beginning.
pub fn replace_section(text: &str, name: &str, new: &str) -> Result<String, ReportError> {
    let error = |what| ReportError::Section { name: name.to_owned(), what };
    let begin = format!("<!-- {name}:begin -->");
    let end = format!("<!-- {name}:end -->");
    let (before, rest) = text.split_once(&begin).ok_or_else(|| error("its beginning is missing"))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| {
        error(if before.contains(&end) { "its end comes before its beginning" } else { "its end is missing" })
    })?;
    if rest.contains(&begin) {
        return Err(error("it begins twice"));
    }
    if before.contains(&end) || after.contains(&end) {
        return Err(error("it ends twice"));
    }
    Ok(format!("{before}{begin}\n\n{}\n\n{end}{after}", new.trim_matches('\n')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# Results\n<!-- a:begin -->old\n<!-- a:end -->\nrest\n<!-- b:begin --><!-- b:end -->\n";

    #[test]
    fn only_the_named_section_changes() {
        let text = replace_section(TEXT, "a", "new\n").unwrap();
        let expected =
            "# Results\n<!-- a:begin -->\n\nnew\n\n<!-- a:end -->\nrest\n<!-- b:begin --><!-- b:end -->\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn replacing_twice_is_replacing_once() {
        let once = replace_section(TEXT, "b", "| table |").unwrap();
        assert_eq!(replace_section(&once, "b", "| table |").unwrap(), once);
    }

    #[test]
    fn broken_markers_are_errors_that_name_the_section() {
        for (text, what) in [
            ("", "beginning is missing"),
            ("<!-- a:begin -->", "end is missing"),
            ("<!-- a:end --><!-- a:begin -->", "end comes before"),
            ("<!-- a:begin --><!-- a:begin --><!-- a:end -->", "begins twice"),
            ("<!-- a:begin --><!-- a:end --><!-- a:end -->", "ends twice"),
        ] {
            let message = replace_section(text, "a", "new").unwrap_err().to_string();
            assert!(message.contains("section \"a\"") && message.contains(what), "{message}");
        }
    }
}
