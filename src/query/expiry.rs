//! When documents of a type expire. The only place that knows what that means for a document and for a filter.
//!
//! A document expires at the moment in a field, plus a fixed time; one without a moment there never does.

use bson::raw::RawBsonRef;
use bson::{Bson, DateTime};
use serde_json::{Value as Json, json};

use super::filter::{CmpOp, Filter};
use super::order::{Direction, Order, OrderBy};
use crate::schema::Ttl;
use crate::value::Doc;

/// When documents of one type expire. Moments are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct Expiry {
    field: String,
    after: i64,
}

impl Expiry {
    /// As the schema file says.
    pub fn of(ttl: &Ttl) -> Expiry {
        Expiry { field: ttl.field.to_string(), after: i64::try_from(ttl.seconds * 1_000).unwrap_or(i64::MAX) }
    }

    /// The moment from which on a document has expired; `None` for one that never does.
    pub fn end(&self, doc: &Doc) -> Option<i64> {
        match doc.raw().get(&self.field) {
            Ok(Some(RawBsonRef::DateTime(moment))) => {
                Some(moment.timestamp_millis().saturating_add(self.after))
            }
            _ => None,
        }
    }

    /// As JSON, for batch definitions; [`Expiry::from_json`] reads it back.
    pub fn to_json(&self) -> Json {
        json!([self.field, self.after])
    }

    /// Parses the output of [`Expiry::to_json`]. `None` for anything else.
    pub fn from_json(json: &Json) -> Option<Expiry> {
        let [field, after] = json.as_array()?.as_slice() else { return None };
        Some(Expiry { field: field.as_str()?.to_owned(), after: after.as_i64().filter(|after| *after > 0)? })
    }

    /// The order in which documents expire.
    pub fn order(&self) -> Order {
        Order::new([OrderBy { path: self.field.clone(), direction: Direction::Asc }])
    }

    /// The documents that have expired at a moment.
    pub fn expired(&self, now: i64) -> Filter {
        let last = DateTime::from_millis(now.saturating_sub(self.after));
        Filter::Cmp(self.field.clone(), CmpOp::Lte, Bson::DateTime(last))
    }

    /// The documents that have not expired at a moment.
    pub fn living(&self, now: i64) -> Filter {
        Filter::Not(Box::new(self.expired(now)))
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use proptest::prelude::*;

    use super::*;
    use crate::query::matches;

    fn value() -> impl Strategy<Value = Option<Bson>> {
        let moment = prop_oneof![
            (-3_000..3_000_i64).prop_map(|n| n * 1_000),
            -5_000..5_000_i64,
            Just(i64::MIN),
            Just(i64::MAX)
        ];
        prop_oneof![
            8 => moment.prop_map(|n| Some(Bson::DateTime(DateTime::from_millis(n)))),
            1 => Just(None),
            1 => Just(Some(Bson::Null)),
            1 => Just(Some(Bson::Int64(0))),
        ]
    }

    proptest! {
        #[test]
        fn a_filter_and_a_document_agree(value in value(), seconds in 1..3_000_u64, now in -4_000_000..4_000_000_i64) {
            let expiry = Expiry::of(&Ttl { field: "t".into(), seconds });
            let mut document = doc! { "_id": 1 };
            document.extend(value.map(|value| ("t".to_owned(), value)));
            let doc = Doc::encode(&document).expect("it can be encoded");
            let expired = expiry.end(&doc).is_some_and(|end| end <= now);
            prop_assert_eq!(matches(&expiry.expired(now), doc.raw()), expired);
            prop_assert_eq!(matches(&expiry.living(now), doc.raw()), !expired);
        }
    }
}
