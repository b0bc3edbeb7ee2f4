//! The program as a user meets it: runs that are reproduced and resumed, and input that is refused.

// The browser of bal-page's own tests.
#[path = "../../../bal-page/tests/it/browser.rs"]
mod browser;
mod evaluating;
mod hostile;
mod reporting;
mod reproducible;
mod saving;
mod small;
mod torchscript;
