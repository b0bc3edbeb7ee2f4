//! The program as a user meets it: runs that are reproduced and resumed, and input that is refused.

mod calibrating;
mod evaluating;
mod documented;
mod experiments;
mod hostile;
mod interrupting;
mod own_images;
mod predicting;
mod reproducible;
mod runs;
mod saving;
mod shell;
mod small;
mod torchscript;
