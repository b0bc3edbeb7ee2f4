//! Files of weights, good, damaged and hostile.

mod checkpoint;
mod hostile;
mod posterior;
mod sample;
