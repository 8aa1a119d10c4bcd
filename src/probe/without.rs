//! Switches a mechanism of the cache or of access off, so that tests can show that they would notice its lack.

/// Names a [`Mechanism`] in the environment of a server that is to do without it.
pub const VARIABLE: &str = "PROBE_WITHOUT";

macro_rules! mechanisms {
    ($($(#[doc = $of:literal])* $group:ident { $($(#[doc = $doc:literal])* $mechanism:ident = $name:literal,)* })*) => {
        /// What keeps reads right and documents hidden; `docs/cache.md` and `docs/access.md` have the reasons.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mechanism {
            $($($(#[doc = $doc])* $mechanism,)*)*
        }

        #[cfg(feature = "probes")]
        impl Mechanism {
            $($(#[doc = $of])* pub const $group: &[Mechanism] = &[$(Mechanism::$mechanism),*];)*

            const NAMES: &[(&str, Mechanism)] = &[$($(($name, Mechanism::$mechanism)),*),*];

            /// As it stands in the environment.
            pub fn name(self) -> &'static str {
                match self {
                    $($(Mechanism::$mechanism => $name,)*)*
                }
            }
        }
    };
}

mechanisms! {
    /// Those of the cache.
    CACHE {
        /// A change is noted and every batch brought in line, by writers and by the tailer.
        Note = "note",
        /// The batches that a note has found are brought in line.
        Reconcile = "reconcile",
        /// The later of two changes of a document stays in a batch, whichever comes first.
        Order = "order",
        /// A note or a reconcile with the mark of an earlier epoch voids.
        Mark = "mark",
        /// A fill of an entity takes its floor before it reads the store.
        Floor = "floor",
        /// A fill of a list registers its batch before it reads the store.
        Registration = "registration",
        /// A write of unknown documents voids their types.
        Voiding = "voiding",
        /// A write of which nobody knows whether it happened voids its types.
        UnknownOutcome = "unknown_outcome",
        /// A read of the store without a fill asks the cache for the latest change.
        Latest = "latest",
        /// The rows of a page are checked against their entities.
        Rows = "rows",
        /// Rows that are only counted or told of are checked, those of suspects and those beside a page.
        Suspects = "suspects",
        /// A write that is alone has reached the time of its first change, and not of its last.
        FirstChange = "first_change",
        /// A reconcile writes its batch to the journal.
        Journal = "journal",
        /// A turn is shared only by requests that came before it began: a look at the journal, a run of a query.
        Turns = "turns",
        /// Answers of the cache count only if it is vouched for.
        Voucher = "voucher",
        /// A voucher counts only for the process that it names.
        VoucherProcess = "voucher_process",
        /// A voucher counts only if it was asked for after the connection began.
        VoucherNewer = "voucher_newer",
        /// A connection is given up when Redis says that its data have been replaced.
        Tracking = "tracking",
        /// A voucher is given in two steps, the second only when the first has been answered.
        TwoSteps = "two_steps",
        /// A term ends when the clock of the cache is set.
        Clock = "clock",
        /// An adoption begins a new epoch.
        Epoch = "epoch",
        /// The adoption of another process waits until the voucher of the last one has run out.
        OldVoucher = "old_voucher",
        /// A write that did not reach the cache is acknowledged when no read can be served what was before it.
        Acknowledgement = "acknowledgement",
        /// A write counts as brought to the cache only if that was vouched for.
        AcknowledgedVoucher = "acknowledged_voucher",
        /// A write counts as brought to the cache only if all of it went over one connection.
        AcknowledgedSession = "acknowledged_session",
        /// The tailer brings the changes of others to the cache.
        Tailer = "tailer",
        /// The tailer goes on from the place that is stored with the cached data.
        Place = "place",
        /// The cache is voided if its place is unknown or too long ago.
        PlaceLost = "place_lost",
        /// A cache that is followed for other types is not read, and not written to.
        Scope = "scope",
        /// Only remarks of the tailer's own epoch save it work.
        Remarks = "remarks",
    }
    /// Those of access.
    RULES {
        /// Answers are shared by those only who see the same.
        Sight = "sight",
        /// A text that was valid for one role is not taken to be so for another.
        SurfaceOfText = "surface_of_text",
        /// A list has only documents that its viewer may read.
        ListRule = "list_rule",
        /// A document is found only by those who may read it.
        EntityRule = "entity_rule",
        /// A document is created only by those who may.
        CreateRule = "create_rule",
        /// A document is changed only if the viewer may do so before the change.
        BeforeChange = "before_change",
        /// A document is changed only if the viewer may do so after the change.
        AfterChange = "after_change",
        /// A document is deleted only by those who may.
        DeleteRule = "delete_rule",
        /// A field is shown only where the document shows it.
        FieldRead = "field_read",
        /// A field is given and changed only where the document allows it.
        FieldWrite = "field_write",
        /// Lists are filtered and ordered only by what is shown in each document.
        Comparable = "comparable",
        /// A parent is shown only where its key is.
        KeyOfParent = "key_of_parent",
        /// A new document is filled with claims of its owner.
        Owner = "owner",
    }
}

/// Whether this process is to do without a mechanism.
#[cfg(feature = "probes")]
pub fn without(mechanism: Mechanism) -> bool {
    static WITHOUT: std::sync::LazyLock<Option<Mechanism>> = std::sync::LazyLock::new(|| {
        let name = std::env::var(VARIABLE).ok()?;
        let known = Mechanism::NAMES.iter().find(|(known, _)| *known == name);
        Some(known.unwrap_or_else(|| panic!("{VARIABLE} names no mechanism: {name}")).1)
    });
    *WITHOUT == Some(mechanism)
}

/// Whether this process is to do without a mechanism: never, unless it is built for tests.
#[cfg(not(feature = "probes"))]
pub const fn without(_: Mechanism) -> bool {
    false
}
