//! Why a cache drops batches and voids types instead of bringing them in line.

use crate::metrics::label;

label! {
    /// Why a batch could not absorb a change.
    DropReason {
        /// Too many rows.
        Rows = "rows",
        /// Too many documents that left the batch or lie beyond its extent.
        Departed = "departed",
        /// Too many deltas while the batch was being filled.
        Deltas = "deltas",
        /// A row that is too long.
        RowKey = "row_key",
        /// The cache has begun a new epoch since the write began.
        Mark = "mark",
    }
}

label! {
    /// Why everything cached of a type was voided.
    VoidReason {
        /// A write of too many documents to reconcile one by one.
        Bulk = "bulk",
        /// A write whose outcome is unknown.
        Unknown = "unknown",
        /// A change that can touch too many batches.
        Matches = "matches",
        /// A change to a document whose earlier image is unknown.
        NoImage = "no_image",
        /// The cache has begun a new epoch since the write began.
        Mark = "mark",
        /// The table index has lost entries.
        Index = "index",
        /// A batch whose definition this version cannot read.
        Unreadable = "unreadable",
        /// A change by another program, of which only the type is known.
        Foreign = "foreign",
        /// The request asked for it.
        Strategy = "strategy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Label, Metrics};

    fn series<L: Label>(family: &str) -> Vec<String> {
        L::ALL.iter().map(|reason| format!("{family}{{reason=\"{}\"}} 0", reason.as_str())).collect()
    }

    #[test]
    fn the_metrics_know_every_reason_from_the_start() {
        let text = Metrics::default().render();
        for (family, mut expected) in [
            ("oponn_cache_batches_dropped_total", series::<DropReason>("oponn_cache_batches_dropped_total")),
            ("oponn_cache_types_voided_total", series::<VoidReason>("oponn_cache_types_voided_total")),
        ] {
            expected.sort();
            let begins = format!("{family}{{");
            let found: Vec<&str> = text.lines().filter(|line| line.starts_with(&begins)).collect();
            assert_eq!(found, expected);
        }
    }
}
