//! The program as a user meets it: runs that are reproduced and resumed, and input that is refused.

mod evaluating;
mod hostile;
mod reproducible;
mod runs;
mod saving;
mod shell;
mod small;
mod torchscript;
