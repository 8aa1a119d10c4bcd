//! What can go wrong in a cache.

/// An error of a cache. The caller goes to the store instead; messages are for logs.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CacheError {
    /// The cache cannot be reached, does not answer in time, or has not been cleared since it was out
    /// of reach.
    #[error("the cache cannot be reached: {0}")]
    Unavailable(String),
    /// Reads are to go past the cache.
    #[error("reads go past the cache")]
    Bypassed,
    /// The cache answered with an error.
    #[error("cache error: {0}")]
    Internal(String),
}
