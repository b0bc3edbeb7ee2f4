//! A table in comma-separated values (RFC 4180, with plain newlines).

use std::borrow::Cow;

/// A table under construction.
pub struct Csv {
    text: String,
}

impl Csv {
    /// A table with these columns and no rows yet.
    pub fn new(columns: &[&str]) -> Self {
        let mut table = Self { text: String::new() };
        table.row(columns);
        table
    }

    /// Adds a row.
    pub fn row<S: AsRef<str>>(&mut self, fields: &[S]) {
        let quoted: Vec<_> = fields.iter().map(|field| quoted(field.as_ref())).collect();
        self.text.push_str(&quoted.join(","));
        self.text.push('\n');
    }

    /// The whole table.
    pub fn finish(self) -> String {
        self.text
    }
}

fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\"")).into()
    } else {
        field.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_only_what_would_be_misread() {
        let mut table = Csv::new(&["a", "b"]);
        table.row(&["1", "two, \"three\""]);
        assert_eq!(table.finish(), "a,b\n1,\"two, \"\"three\"\"\"\n");
    }
}
