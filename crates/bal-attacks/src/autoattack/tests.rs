//! Few classes.
