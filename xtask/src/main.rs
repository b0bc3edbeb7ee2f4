//! The project's chores: set-up, downloads, reproduction, checks.
fn main() {}
