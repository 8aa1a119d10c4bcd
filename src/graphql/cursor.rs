//! Cursors: the position of a row in an order, as clients keep it.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::query::{Order, SortKey};

/// Bytes of a cursor that identify the order it was made for.
const ORDER_TAG: usize = 4;

fn order_tag(order: &Order) -> [u8; ORDER_TAG] {
    let digest = Sha256::digest(order.to_json().to_string().as_bytes());
    let mut tag = [0; ORDER_TAG];
    tag.copy_from_slice(&digest[..ORDER_TAG]);
    tag
}

/// Makes the cursors of a list's rows: opaque, and valid only with the same order.
pub(super) struct Cursors {
    order: Order,
    /// Computed with the first cursor: most lists are read without any.
    tag: OnceLock<[u8; ORDER_TAG]>,
}

impl Cursors {
    /// Cursors of lists in an order.
    pub(super) fn of(order: &Order) -> Cursors {
        Cursors { order: order.clone(), tag: OnceLock::new() }
    }

    /// The cursor of a row.
    pub(super) fn cursor(&self, key: &SortKey) -> String {
        let mut bytes = self.tag.get_or_init(|| order_tag(&self.order)).to_vec();
        bytes.extend_from_slice(&key.0);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// The row of a cursor, if the cursor belongs to a list in this order over these types.
pub(super) fn read_cursor(text: &str, types: &[Arc<str>], order: &Order) -> Option<SortKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (tag, key) = bytes.split_at_checked(ORDER_TAG)?;
    let key = SortKey(key.to_vec());
    let ty = key.entity(order)?.ty;
    let known = tag == order_tag(order) && types.contains(&ty);
    (known && key.bound(order, &ty, true).is_some()).then_some(key)
}
