//! No stale read after an acknowledged write.
