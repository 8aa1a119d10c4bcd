//! The cache's errors.

/// An error of a cache. The caller falls back to the store; messages are for logs.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CacheError {
    /// The cache cannot be reached, timed out, or has not been cleared since it was out of reach.
    #[error("the cache cannot be reached: {0}")]
    Unavailable(String),
    /// Reads are to bypass the cache.
    #[error("reads go past the cache")]
    Bypassed,
    /// The cache answered with an error.
    #[error("cache error: {0}")]
    Internal(String),
}
