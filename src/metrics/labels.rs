//! The values that the labels of metrics can have.

/// A label whose values are all known.
pub trait Label: Copy + 'static {
    /// Every value, in the order of [`Label::index`].
    const ALL: &'static [Self];

    /// The text in the metric.
    fn as_str(self) -> &'static str;

    /// Place in [`Label::ALL`].
    fn index(self) -> usize;

    /// The label of a text.
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|label| label.as_str() == text)
    }
}

macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
        }

        impl Label for $name {
            const ALL: &'static [Self] = &[$($name::$value),+];

            fn as_str(self) -> &'static str {
                match self {
                    $($name::$value => $text,)+
                }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

label! {
    /// What an HTTP request was for.
    Route {
        /// The API.
        Graphql = "graphql",
        /// The editor and its files.
        Graphiql = "graphiql",
        /// Probes.
        Health = "health",
        /// This.
        Metrics = "metrics",
        /// Anything else.
        Other = "other",
    }
}

label! {
    /// A bound of the server that somebody was turned away or cut off at.
    Bound {
        /// Connections in all.
        Connections = "connections",
        /// Connections of one address.
        Address = "address",
        /// Bodies of requests in memory.
        Bodies = "bodies",
        /// Requests being carried out, and those waiting for it.
        Executions = "executions",
        /// Answers in memory that their clients have not read.
        Unread = "unread",
        /// Time without reading.
        WriteTimeout = "write_timeout",
    }
}

label! {
    /// The kind of a GraphQL operation.
    GraphqlKind {
        /// `query`
        Query = "query",
        /// `mutation`
        Mutation = "mutation",
        /// Not known, because the document was rejected before an operation was chosen.
        Unknown = "unknown",
    }
}

label! {
    /// How far a GraphQL operation came.
    GraphqlOutcome {
        /// Executed without an error.
        Ok = "ok",
        /// Executed, with errors in the response.
        Errors = "errors",
        /// Not executed.
        Rejected = "rejected",
    }
}

label! {
    /// The values of `extensions.code`.
    ErrorCode {
        /// The request or its input is wrong.
        BadUserInput = "BAD_USER_INPUT",
        /// Something that has to exist does not.
        NotFound = "NOT_FOUND",
        /// A unique key is taken or a delete is refused.
        Conflict = "CONFLICT",
        /// The document has another version.
        VersionMismatch = "VERSION_MISMATCH",
        /// Nobody is signed in.
        Unauthenticated = "UNAUTHENTICATED",
        /// Not allowed.
        Forbidden = "FORBIDDEN",
        /// Past the limits of depth or complexity.
        TooComplex = "TOO_COMPLEX",
        /// A read of the store took too long.
        Timeout = "TIMEOUT",
        /// The store cannot be reached.
        Unavailable = "UNAVAILABLE",
        /// The server has as much to do as it may.
        Overloaded = "OVERLOADED",
        /// The text of a persisted query is not known here.
        PersistedQueryNotFound = "PERSISTED_QUERY_NOT_FOUND",
        /// Persisted queries are turned off.
        PersistedQueryNotSupported = "PERSISTED_QUERY_NOT_SUPPORTED",
        /// A fault of the server.
        Internal = "INTERNAL",
    }
}

label! {
    /// What was read through the cache.
    CacheKind {
        /// A document.
        Entity = "entity",
        /// A page of a list.
        Batch = "batch",
    }
}

label! {
    /// How a read through the cache went.
    CacheResult {
        /// The cache had it.
        Hit = "hit",
        /// It was part of an answer that the server had kept, and that the cache confirmed.
        Kept = "kept",
        /// It did not; the store was read.
        Miss = "miss",
        /// It did not; another read's fill was waited for.
        Joined = "joined",
        /// The cache was not used.
        Bypass = "bypass",
    }
}

label! {
    /// What a write did to a cached batch.
    CacheAction {
        /// A row came in.
        Inserted = "inserted",
        /// A row changed its place.
        Moved = "moved",
        /// A row went out.
        Removed = "removed",
        /// The batch could not absorb the change.
        Dropped = "dropped",
    }
}

label! {
    /// What a read waited for.
    Joined {
        /// A load of entities by another request.
        Load = "load",
        /// A fill that this server had begun.
        Flight = "flight",
        /// A fill that another server had begun.
        Lease = "lease",
        /// A look at the cache's journal.
        Look = "look",
        /// For an answer of this server to be made anew.
        Answer = "answer",
    }
}

label! {
    /// What became of a list that was read for the cache.
    FillResult {
        /// It is cached.
        Kept = "kept",
        /// The cache did not take it.
        Refused = "refused",
    }
}

label! {
    /// Why a batch could not absorb a change.
    DropReason {
        /// Too many rows.
        Rows = "rows",
        /// Too many documents that have left it.
        Departed = "departed",
        /// Too many deltas while it was being filled.
        Deltas = "deltas",
        /// A row that is too long.
        RowKey = "row_key",
        /// The cache has lost its place since the write began.
        Mark = "mark",
    }
}

label! {
    /// Why everything cached of a type was voided.
    VoidReason {
        /// A write of too many documents to reconcile each.
        Bulk = "bulk",
        /// A write whose outcome is unknown.
        Unknown = "unknown",
        /// A change that can touch too many batches.
        Matches = "matches",
        /// The cache has lost its place since the write began.
        Mark = "mark",
        /// The table index has lost entries.
        Index = "index",
        /// A batch whose definition this version cannot read.
        Unreadable = "unreadable",
        /// The request asked for it.
        Strategy = "strategy",
    }
}

label! {
    /// How far a batch came on the way from a write.
    Stage {
        /// It stands in the table index under values of the document.
        Found = "found",
        /// It holds the document, before the write or after.
        Touched = "touched",
    }
}

label! {
    /// A way of bytes.
    Direction {
        /// From here.
        Sent = "sent",
        /// To here.
        Received = "received",
    }
}

label! {
    /// What is kept of an operation's text.
    KeptKind {
        /// The text, parsed and validated.
        Document = "document",
        /// The plan of an operation in it.
        Plan = "plan",
        /// The answer to a query.
        Answer = "answer",
        /// The text of a persisted query.
        Persisted = "persisted",
    }
}

label! {
    /// How a look for something kept went.
    KeptResult {
        /// It was there.
        Hit = "hit",
        /// It had to be made.
        Miss = "miss",
    }
}

label! {
    /// The operations of a cache.
    CacheOp {
        /// `Cache::read_entities`
        ReadEntities = "read_entities",
        /// `Cache::fill_entities`
        FillEntities = "fill_entities",
        /// `Cache::read_pages`
        ReadPages = "read_pages",
        /// `Cache::news`
        News = "news",
        /// `Cache::lease`
        Lease = "lease",
        /// `Cache::commit`
        Commit = "commit",
        /// `Cache::release`
        Release = "release",
        /// `Cache::filling`
        Filling = "filling",
        /// `Cache::note`
        Note = "note",
        /// `Cache::reconcile`
        Reconcile = "reconcile",
        /// `Cache::drop_types`
        DropTypes = "drop_types",
        /// `Cache::clear`
        Clear = "clear",
        /// `Cache::stats`
        Stats = "stats",
        /// `Cache::sweep`
        Sweep = "sweep",
    }
}

label! {
    /// The operations of a store, as metrics know them.
    StoreOp {
        /// Documents by id.
        Get = "get",
        /// Rows of lists.
        Find = "find",
        /// Counts.
        Count = "count",
        /// Inserts.
        Insert = "insert",
        /// Updates.
        Update = "update",
        /// Deletes.
        Delete = "delete",
    }
}
