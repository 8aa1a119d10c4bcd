//! The possible values of metric labels.

/// A label with a fixed set of values.
pub trait Label: Copy + 'static {
    /// Every value, in the order of [`Label::index`].
    const ALL: &'static [Self];

    /// The text in the metric.
    fn as_str(self) -> &'static str;

    /// Index into [`Label::ALL`].
    fn index(self) -> usize;

    /// The label with this text.
    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|label| label.as_str() == text)
    }
}

/// Makes a label: an enum, and the text of each value.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
        }

        impl $crate::metrics::Label for $name {
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

pub(crate) use label;

/// Why batches are dropped: the texts of `cache::DropReason`, which metrics stand beside and do not know.
pub(super) const DROP_REASONS: [&str; 5] = ["rows", "departed", "deltas", "row_key", "mark"];
/// Why types are voided: the texts of `cache::VoidReason`.
pub(super) const VOID_REASONS: [&str; 9] =
    ["bulk", "unknown", "matches", "no_image", "mark", "index", "unreadable", "foreign", "strategy"];

label! {
    /// What an HTTP request was for.
    Route {
        /// The API.
        Graphql = "graphql",
        /// Routes of saved operations, and what describes them.
        Rest = "rest",
        /// The editor and its files.
        Graphiql = "graphiql",
        /// Probes.
        Health = "health",
        /// The metrics themselves.
        Metrics = "metrics",
        /// Anything else.
        Other = "other",
    }
}

label! {
    /// A bound of the server at which a client was turned away or cut off.
    Bound {
        /// Connections in all.
        Connections = "connections",
        /// Connections of one address.
        Address = "address",
        /// Bodies of requests in memory.
        Bodies = "bodies",
        /// Requests being executed or waiting for execution.
        Executions = "executions",
        /// Answers in memory that clients have not read.
        Unread = "unread",
        /// Time until TLS has come about.
        Handshake = "handshake",
        /// Time in which a client reads nothing.
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
        /// Unknown, because the document was rejected before an operation was chosen.
        Unknown = "unknown",
    }
}

label! {
    /// The outcome of a GraphQL operation.
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
        /// A required object does not exist.
        NotFound = "NOT_FOUND",
        /// A value is beyond a bound that a field of the parent gives.
        OutOfRange = "OUT_OF_RANGE",
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
        /// The sender has taken its whole quota.
        RateLimited = "RATE_LIMITED",
        /// The server is at its load bound.
        Overloaded = "OVERLOADED",
        /// This server does not know the text of a persisted query.
        PersistedQueryNotFound = "PERSISTED_QUERY_NOT_FOUND",
        /// Persisted queries are turned off.
        PersistedQueryNotSupported = "PERSISTED_QUERY_NOT_SUPPORTED",
        /// No saved document has this id or name.
        PersistedQueryNotInList = "PERSISTED_QUERY_NOT_IN_LIST",
        /// The text is not that of a saved document, and only these are carried out.
        QueryNotInSafelist = "QUERY_NOT_IN_SAFELIST",
        /// A fault of the server.
        Internal = "INTERNAL",
    }
}

label! {
    /// How a request asked for a saved operation, or did not.
    SavedUse {
        /// By an id.
        Id = "id",
        /// By the operation's name.
        Name = "name",
        /// By the text.
        Text = "text",
        /// By an id or a name that no saved document has.
        Unknown = "unknown",
        /// By a route.
        Route = "route",
        /// With a text that is not saved.
        Other = "other",
    }
}

label! {
    /// The object of a read through the cache.
    CacheKind {
        /// A document.
        Entity = "entity",
        /// A page of a list.
        Batch = "batch",
        /// A partition.
        Partition = "partition",
    }
}

label! {
    /// The result of a read through the cache.
    CacheResult {
        /// The cache had it.
        Hit = "hit",
        /// Part of a kept answer that the cache confirmed.
        Kept = "kept",
        /// The cache did not have it; the store was read.
        Miss = "miss",
        /// The cache did not have it; the read joined another read's fill.
        Joined = "joined",
        /// The cache was not used.
        Bypass = "bypass",
    }
}

label! {
    /// The effect of a write on a cached batch.
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
    /// The work that a read joined.
    Joined {
        /// A load of entities by another request.
        Load = "load",
        /// A fill begun by this server.
        Flight = "flight",
        /// A fill begun by another server.
        Lease = "lease",
        /// A look at the cache's journal.
        Look = "look",
        /// The rebuilding of an answer by this server.
        Answer = "answer",
    }
}

label! {
    /// The result of a list read for the cache.
    FillResult {
        /// The cache kept the list.
        Kept = "kept",
        /// The cache refused the list.
        Refused = "refused",
    }
}

label! {
    /// How far a batch came on the way from a write.
    Stage {
        /// The table index has the batch under the document's values.
        Found = "found",
        /// The batch holds the document, before the write or after.
        Touched = "touched",
    }
}

label! {
    /// The direction of bytes.
    Direction {
        /// Sent by this server.
        Sent = "sent",
        /// Received by this server.
        Received = "received",
    }
}

label! {
    /// The data kept for an operation's text.
    KeptKind {
        /// The text, parsed and validated.
        Document = "document",
        /// The plan of an operation in the text.
        Plan = "plan",
        /// The answer to a query.
        Answer = "answer",
        /// The text of a persisted query.
        Persisted = "persisted",
    }
}

label! {
    /// The result of a look-up of kept data.
    KeptResult {
        /// The data was kept.
        Hit = "hit",
        /// The data had to be made.
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
        /// `Cache::read_partitions`
        ReadPartitions = "read_partitions",
        /// `Cache::latest`
        Latest = "latest",
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
        /// The methods of `Following`
        Follow = "follow",
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
    /// What came of a unique key whose normalised values another program had not kept.
    TailKeys {
        /// They are kept now.
        Written = "written",
        /// Another document has them.
        Duplicate = "duplicate",
        /// The store refused them.
        Failed = "failed",
    }
}

label! {
    /// What the tailer did with a change that the store reported.
    TailEvent {
        /// Nothing: a server had brought it to the cache.
        Settled = "settled",
        /// Brought it to the cache.
        Applied = "applied",
        /// Voided the type.
        Voided = "voided",
        /// Nothing: the document had expired, so nobody saw it any more.
        Expired = "expired",
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
