//! What systems and programs leave in folders, which is never an image nor a class.

/// Names in lower case; of macOS, Windows, file servers, notebooks and file systems.
const NAMES: [&str; 15] = [
    "__macosx",
    "icon\r",
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "$recycle.bin",
    "system volume information",
    "@eadir",
    "@recycle",
    "#recycle",
    "#snapshot",
    "__pycache__",
    "lost+found",
    "network trash folder",
];

/// Whether a file or folder of this name is left alone: it is hidden, or litter.
///
/// Hidden names begin with a dot: `.DS_Store`, `._image.png`, `.ipynb_checkpoints`.
pub fn is_left_alone(name: &str) -> bool {
    name.starts_with('.') || NAMES.iter().any(|litter| name.eq_ignore_ascii_case(litter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn litter_is_known_by_its_name_whatever_its_case() {
        for name in [
            "Thumbs.db",
            "THUMBS.DB",
            "desktop.ini",
            "__MACOSX",
            ".DS_Store",
            "@eaDir",
            "lost+found",
            "Icon\r",
        ] {
            assert!(is_left_alone(name), "{name:?}");
        }
        for name in ["thumbs.db.png", "icon", "desktop", "recycle", "cat"] {
            assert!(!is_left_alone(name), "{name}");
        }
    }
}
