//! The program bal: train posteriors, attack them, and measure their robustness.
fn main() {}
