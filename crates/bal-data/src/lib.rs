//! Data sets: a manifest of sources, checked downloads, and readers that distrust every byte.
