//! The methods on tasks small enough to check every bit.

mod architectures;
mod energies;
mod methods;
mod presets;
mod small;
