//! Partitions: batches that have their documents, so that any narrower list can be made from one key.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::Batch;
use crate::query::SortKey;
use crate::value::{Doc, Stamp, Time};

/// A read of one partition.
#[derive(Clone, Debug)]
pub struct PartitionRead {
    /// The partition.
    pub batch: Batch,
    /// The version that the reader has, if any; it need not be given again.
    pub known: Option<u64>,
}

/// The result of reading a partition. The suspects are those of its type, later than its fill: a document that it has as
/// of an earlier stamp may have left it.
#[derive(Clone, Debug, PartialEq)]
pub enum PartitionState {
    /// The documents.
    Held(Partition, Vec<(SortKey, Stamp)>),
    /// It is still the version that the reader has.
    Same(Vec<(SortKey, Stamp)>),
    /// It has too many documents to be cached.
    TooLarge,
    /// The documents would have to be checked, and are too many.
    Doubtful,
    /// It is not cached.
    Miss,
}

/// The documents of a partition, in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    /// Another one after every change; never reused.
    pub version: u64,
    members: Vec<Member>,
    bytes: usize,
}

/// A document of a partition.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The document's row in the order of ids, which is its name.
    pub name: SortKey,
    /// The stamp of the change that brought the document; of the fill, if it came with that.
    pub stamp: Stamp,
    /// The document.
    pub doc: Doc,
}

/// Bytes that a member takes beside its name and document.
const MEMBER: usize = 96;

impl Partition {
    /// The documents of a fill as of a time, and the later changes, by name.
    pub(super) fn merged(
        version: u64,
        (time, filled): (Time, impl IntoIterator<Item = (SortKey, Doc)>),
        changes: impl IntoIterator<Item = (SortKey, (Stamp, Option<Doc>))>,
    ) -> Partition {
        let as_filled = Stamp { t: time, v: i64::MAX };
        let mut members: BTreeMap<SortKey, (Stamp, Option<Doc>)> =
            filled.into_iter().map(|(name, doc)| (name, (as_filled, Some(doc)))).collect();
        members.extend(changes);
        let present = members.into_iter().filter_map(|(name, (stamp, doc))| {
            let doc = doc?;
            Some(Member { name, stamp, doc })
        });
        Partition::of(version, present.collect())
    }

    /// The partition that has these documents, which are in the order of their ids.
    pub fn of(version: u64, members: Vec<Member>) -> Partition {
        let size = |member: &Member| MEMBER + member.name.0.len() + member.doc.bytes().len();
        Partition { version, bytes: members.iter().map(size).sum(), members }
    }

    /// The documents.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Bytes that it takes up, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Those of the suspects that it has as of an earlier stamp.
    pub fn doubted(&self, suspects: &[(SortKey, Stamp)]) -> Vec<&Member> {
        let member = |(name, stamp): &(SortKey, Stamp)| {
            let at = self.members.binary_search_by(|member| member.name.cmp(name)).ok()?;
            Some(&self.members[at]).filter(|member| member.stamp < *stamp)
        };
        suspects.iter().filter_map(member).collect()
    }
}

/// The version only tells readers whether they have to read again.
impl PartialEq for Partition {
    fn eq(&self, other: &Partition) -> bool {
        self.members == other.members
    }
}

/// Splits documents that follow each other in one text.
pub(super) fn split(mut text: Bytes) -> Option<Vec<Doc>> {
    let mut docs = Vec::new();
    while !text.is_empty() {
        let length = u32::from_le_bytes(text.get(..4)?.try_into().ok()?);
        let length = usize::try_from(length).ok().filter(|length| (5..=text.len()).contains(length))?;
        docs.push(Doc::from_bytes(text.split_to(length)).ok()?);
    }
    Some(docs)
}
