//! What can go wrong in a store.

/// What is wrong with a store's disk. The text may be shown to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskFault {
    /// No space is left.
    #[error("the store's disk is full")]
    Full,
    /// Nothing may be written.
    #[error("the store is read-only")]
    ReadOnly,
    /// It fails, or refuses what it is asked for.
    #[error("the store's disk fails")]
    Failing,
}

/// An error of a store. Messages are for logs and operators, not for clients, unless said otherwise.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached or does not answer in time; nothing was written.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// The store's disk keeps it from working; nothing was written.
    #[error("{0}: {1}")]
    Disk(DiskFault, String),
    /// A read took longer than it may; it has been broken off.
    #[error("the read took too long: {0}")]
    TimedOut(String),
    /// A read has found more bytes of documents than one read may hold, which is this many.
    #[error("the documents have more than {0} bytes")]
    TooLarge(u64),
    /// The reads under way hold as many bytes as they may together.
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
    /// Whether it is one document's own fault, which that document was not written for. Of a command that failed
    /// for another reason something may have happened.
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
