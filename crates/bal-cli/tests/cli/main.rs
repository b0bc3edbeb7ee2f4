//! The program as a user meets it: runs that are reproduced and resumed, and input that is refused.

mod diagnosing;
mod evaluating;
mod hostile;
mod reproducible;
mod saving;
mod small;
mod torchscript;
