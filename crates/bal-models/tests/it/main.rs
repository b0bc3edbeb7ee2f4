//! Files of weights, good, damaged and hostile, and the networks against PyTorch.

mod advgan;
mod checkpoint;
mod exported;
mod formula;
mod hostile;
mod networks;
mod posterior;
mod published;
mod python;
mod reference;
mod sample;
mod stacked;
mod stn;
mod torchscript;
