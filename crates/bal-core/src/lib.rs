//! The small core of Bayesian adversarial learning: positions, noise, energies, kernels, Gibbs sweeps, classifiers and methods.
