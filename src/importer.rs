//! Runs loaders: an external source becomes documents through the engine's write path.
