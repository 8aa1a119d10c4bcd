//! Errors of a store.

/// A fault of a store's disk. The text may be shown to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskFault {
    /// No space is left.
    #[error("the store's disk is full")]
    Full,
    /// The disk is read-only.
    #[error("the store is read-only")]
    ReadOnly,
    /// The disk fails, or refuses an operation.
    #[error("the store's disk fails")]
    Failing,
}

/// An error of a store. Messages are for logs and operators, not for clients, unless said otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or does not answer in time; nothing was written.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// The store's disk is at fault; nothing was written.
    #[error("{0}: {1}")]
    Disk(DiskFault, String),
    /// A read exceeded its time-out and was aborted.
    #[error("the read took too long: {0}")]
    TimedOut(String),
    /// A read found more bytes of documents than this, the bound for one read.
    #[error("the documents have more than {0} bytes")]
    TooLarge(u64),
    /// The reads under way have used up the bytes that they share.
    #[error("the reads under way hold all the memory that there is for them")]
    Overloaded,
    /// The connection broke during a write, which may have happened.
    #[error("the outcome of a write is unknown: {0}")]
    Unknown(String),
    /// Another document has the same values in a unique key.
    #[error("unique key {key} of {ty} is taken")]
    Duplicate {
        /// Name of the collection type.
        ty: String,
        /// Name of the unique key; `id` for the id itself.
        key: String,
    },
    /// The store cannot be used as it is; the message tells an operator why and what to do.
    #[error("{0}")]
    Refused(String),
    /// The store cannot take this value: too large, or of a form it does not accept. The message may
    /// be shown to clients.
    #[error("{0}")]
    Unacceptable(String),
    /// The store does not know the time that a read asked for: the cache remembers a store that is
    /// gone or was restored.
    #[error("the store is behind the time asked for: {0}")]
    Behind(String),
    /// Anything else.
    #[error("store error: {0}")]
    Internal(String),
}

impl StoreError {
    /// Whether one document caused the error, and so was not written. A command that failed for another
    /// reason may have happened in part.
    pub fn is_of_document(&self) -> bool {
        match self {
            StoreError::Duplicate { .. } | StoreError::Unacceptable(_) => true,
            StoreError::Unavailable(_)
            | StoreError::Disk(..)
            | StoreError::TimedOut(_)
            | StoreError::TooLarge(_)
            | StoreError::Overloaded
            | StoreError::Unknown(_)
            | StoreError::Refused(_)
            | StoreError::Behind(_)
            | StoreError::Internal(_) => false,
        }
    }
}
