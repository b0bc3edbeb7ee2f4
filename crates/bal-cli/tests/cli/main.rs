//! The program as a user meets it: runs that are reproduced and resumed, and input that is refused.

mod advgan;
mod calibrating;
mod comparing;
// The browser of bal-page's own tests.
#[path = "../../../bal-page/tests/it/browser.rs"]
mod browser;
mod damaged;
mod diagnosing;
mod documented;
mod ensemble_adversarial;
mod evaluating;
mod experiments;
mod exported;
mod hostile;
mod interrupting;
mod laplace;
mod merging;
mod messages;
mod moving_pixels;
mod networks;
mod outputs;
mod own_images;
mod predicting;
mod ranks;
mod reporting;
mod reproducible;
mod runs;
mod saving;
mod shell;
mod small;
mod tables;
mod tested_images;
mod together;
mod torchscript;
mod traced;
mod transferring;
