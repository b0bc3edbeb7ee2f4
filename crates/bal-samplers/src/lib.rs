//! Stochastic-gradient samplers that move a position by its energy's gradient.
