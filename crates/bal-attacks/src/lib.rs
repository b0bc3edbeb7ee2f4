//! Adversarial attacks on any classifier, and the robust accuracy under them.
