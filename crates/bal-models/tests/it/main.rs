//! Files of weights, good, damaged and hostile, and the networks against PyTorch.

mod checkpoint;
mod hostile;
mod posterior;
mod reference;
mod sample;
