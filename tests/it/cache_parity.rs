//! Redis and memory do the same: random operations on both.
