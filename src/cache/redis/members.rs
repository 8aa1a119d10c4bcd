//! The sorted-set members that a fill makes of its rows; `lua/head.lua` describes them.

use crate::query::SortKey;

/// Up to this many rows, with keys of up to `SHORT` bytes, Redis keeps a list in one piece.
const FEW: usize = 63;
const SHORT: usize = 61;
/// Documents in one block of a longer list. Larger blocks would save little and be slower to search.
const BLOCK: usize = 32;

/// The members, in reverse order, from the documents' names and rows, whose keys end with the name. `None`
/// when a key does not end with its name, or a part of it is too long.
pub(super) fn of_fill(rows: &[(Vec<u8>, SortKey)]) -> Option<Vec<Vec<u8>>> {
    let mut by_name: Vec<(&[u8], &[u8])> = Vec::with_capacity(rows.len());
    for (name, row) in rows {
        by_name.push((name, row.0.strip_suffix(name.as_slice())?));
    }
    by_name.sort_unstable();
    let dense = rows.len() <= FEW && rows.iter().all(|(_, row)| row.0.len() <= SHORT);
    let block_size = if dense { 1 } else { BLOCK };
    let mut members: Vec<_> = rows.iter().map(|(_, row)| [b"0", row.0.as_slice()].concat()).collect();
    for documents in by_name.chunks(block_size) {
        members.push(block(documents)?);
    }
    // Redis searches a small set from its beginning for a member's place.
    members.reverse();
    Some(members)
}

/// The block of documents, from their names and the parts of the row keys before the names.
fn block(documents: &[(&[u8], &[u8])]) -> Option<Vec<u8>> {
    let mut block = vec![b'1'];
    let mut lengths = Vec::with_capacity(4 * documents.len());
    for (name, rest) in documents {
        block.extend([name, b".".as_slice(), rest].concat());
        for part in [name, rest] {
            lengths.extend(u16::try_from(part.len()).ok()?.to_be_bytes());
        }
    }
    if documents.len() > 1 {
        block.extend(lengths);
    }
    block.push(u8::try_from(documents.len()).ok()?);
    Some(block)
}
