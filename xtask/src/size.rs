//! Numbers of bytes as people read them.

/// `bytes` in the largest decimal unit that leaves at least one: "526.6 MB".
pub(crate) fn readable(bytes: u64) -> String {
    const UNITS: [(f64, &str); 3] = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let size = bytes as f64;
    match UNITS.iter().find(|(unit, _)| size >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", size / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn sizes_are_in_the_largest_unit_that_fits() {
        let sizes =
            [(999, "999 bytes"), (1_000, "1.0 kB"), (526_574_961, "526.6 MB"), (2_524_127_742, "2.5 GB")];
        for (bytes, text) in sizes {
            assert_eq!(readable(bytes), text);
        }
    }
}
