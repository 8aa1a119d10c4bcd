//! One suite for every cache.
