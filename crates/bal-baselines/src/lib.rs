//! Bayesian adversarial learning and the methods it is compared with.
