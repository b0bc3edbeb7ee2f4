//! The program as a user meets it: runs that are reproduced and resumed, and input that is refused.

mod evaluating;
mod hostile;
mod interrupting;
mod own_images;
mod reproducible;
mod saving;
mod small;
mod torchscript;
