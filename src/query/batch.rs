//! Batch definitions: which list a batch holds, where a writer finds the batch, and which row a document
//! has in it.
//!
//! A definition contains everything a writer needs to judge a document, so that any server can reconcile a
//! batch filled by another.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bson::raw::RawBsonRef;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::expiry::Expiry;
use super::filter::Filter;
use super::matcher::{matches, values_at};
use super::order::Order;
use super::sort_key::{SortKey, encode_raw, encode_value, row_key};
use crate::value::Doc;

/// Prefix of a definition's text: the version of the text and of the data cached under it. Raise it when
/// either changes: a server of another version cannot read the text and voids the types concerned.
const VERSION: &str = "2";
/// The same, of a definition with rules, which older servers would overlook.
const VERSION_WITH_RULES: &str = "3";
/// The same, of a definition of a list whose documents expire, with or without rules.
const VERSION_WITH_EXPIRY: &str = "4";
/// The same, of a partition, with or without expiry.
const VERSION_OF_PARTITION: &str = "5";
/// The latest moment that matters: what Redis's scripts count exactly.
const LAST: i64 = 1 << 53;
/// Maximum number of equality values of a filter that get their own index entries; the rest is left to the
/// filter.
const MAX_POINTS: usize = 16;
/// Maximum number of index entries to search for one image; past it the type's batches are dropped.
const MAX_PROBES: usize = 64;

/// The list that a batch holds: the documents of one collection type or interface that satisfy a filter, in
/// an order.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchDef {
    /// Name of the collection type or interface.
    pub on: Arc<str>,
    /// Names of the collection types whose documents the batch can hold: one type, or the interface's
    /// types.
    pub types: Vec<Arc<str>>,
    /// The canonical filter.
    pub filter: Filter,
    /// What documents of single types have to satisfy besides, by type; canonical.
    pub rules: BTreeMap<Arc<str>, Filter>,
    /// When documents of single types expire, by type.
    pub expiry: BTreeMap<Arc<str>, Expiry>,
    /// The order, without the final id.
    pub order: Order,
    /// Whether the batch is a partition: it has its documents and not only their rows. It is by id and has no rules.
    pub partition: bool,
}

/// A batch's name in the cache: 128 bits of a hash of its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchKey(pub [u8; 16]);

/// Hexadecimal.
impl fmt::Display for BatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The fields that a filter fixes to given values, sorted and joined by commas; empty if there are none.
/// Writers look batches up by shape and by a document's values in the shape's fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape(pub Arc<str>);

/// Where a writer has to look under one shape: an index entry of the shape can hold the document if its
/// values part is one of these.
#[derive(Clone, Debug, PartialEq)]
pub enum Probe {
    /// Values parts, as written by [`BatchDef::entries`].
    Values(Vec<String>),
    /// Too many values to look up: the type's batches are dropped.
    TooMany,
}

impl BatchDef {
    /// Makes a definition, with the filter in canonical form.
    pub fn new(on: Arc<str>, types: Vec<Arc<str>>, filter: Filter, order: Order) -> BatchDef {
        BatchDef {
            on,
            types,
            filter: filter.canonical(),
            rules: BTreeMap::new(),
            expiry: BTreeMap::new(),
            order,
            partition: false,
        }
    }

    /// The same list, whose documents of single types expire.
    pub fn with_expiry(self, expiry: BTreeMap<Arc<str>, Expiry>) -> BatchDef {
        BatchDef { expiry, ..self }
    }

    /// The partition of a collection type that has the documents which satisfy a filter.
    pub fn partition(ty: Arc<str>, filter: Filter) -> BatchDef {
        BatchDef { partition: true, ..BatchDef::new(ty.clone(), vec![ty], filter, Order::default()) }
    }

    /// The same list, whose documents of single types have to satisfy these rules besides.
    pub fn with_rules(self, rules: BTreeMap<Arc<str>, Filter>) -> BatchDef {
        let rules = rules.into_iter().map(|(ty, rule)| (ty, rule.canonical()));
        BatchDef { rules: rules.filter(|(_, rule)| !rule.is_all()).collect(), ..self }
    }

    /// What the list's documents of a type satisfy.
    pub fn filter_of(&self, ty: &str) -> Filter {
        match self.rules.get(ty) {
            Some(rule) => self.filter.clone().and(rule.clone()).canonical(),
            None => self.filter.clone(),
        }
    }

    /// The definition as text: a version, then JSON without spaces and with keys in a fixed order. Equal
    /// definitions have equal texts.
    pub fn text(&self) -> String {
        let mut definition = json!({
            "on": &*self.on,
            "types": self.types.iter().map(|ty| &**ty).collect::<Vec<_>>(),
            "where": self.filter.to_json(),
            "order": self.order.to_json(),
        });
        let mut version = VERSION;
        if !self.rules.is_empty() {
            let rules = self.rules.iter().map(|(ty, rule)| (ty.to_string(), rule.to_json()));
            (version, definition["rules"]) = (VERSION_WITH_RULES, rules.collect());
        }
        if !self.expiry.is_empty() {
            let expiry = self.expiry.iter().map(|(ty, expiry)| (ty.to_string(), expiry.to_json()));
            (version, definition["expiry"]) = (VERSION_WITH_EXPIRY, expiry.collect());
        }
        if self.partition {
            version = VERSION_OF_PARTITION;
        }
        format!("{version}{definition}")
    }

    /// Parses the output of [`BatchDef::text`]. `None` for anything else.
    pub fn parse(text: &str) -> Option<BatchDef> {
        let version = text.get(..1)?;
        let json: Json = serde_json::from_str(text.get(1..)?).ok()?;
        let partition = version == VERSION_OF_PARTITION;
        let (ruled, expires) = (json.get("rules").is_some(), json.get("expiry").is_some());
        let expected = match (ruled, expires) {
            (false, _) if partition => VERSION_OF_PARTITION,
            (_, true) => VERSION_WITH_EXPIRY,
            (true, false) => VERSION_WITH_RULES,
            (false, false) => VERSION,
        };
        if version != expected {
            return None;
        }
        let rule = |(ty, rule): (&String, &Json)| Some((Arc::from(ty.as_str()), Filter::from_json(rule)?));
        let rules = match json.get("rules") {
            Some(rules) => rules.as_object()?.iter().map(rule).collect::<Option<_>>()?,
            None => BTreeMap::new(),
        };
        let end = |(ty, expiry): (&String, &Json)| Some((Arc::from(ty.as_str()), Expiry::from_json(expiry)?));
        let expiry = match json.get("expiry") {
            Some(expiry) => expiry.as_object()?.iter().map(end).collect::<Option<_>>()?,
            None => BTreeMap::new(),
        };
        let name = |json: &Json| json.as_str().map(Arc::from);
        Some(BatchDef {
            on: name(json.get("on")?)?,
            types: json.get("types")?.as_array()?.iter().map(name).collect::<Option<_>>()?,
            filter: Filter::from_json(json.get("where")?)?,
            rules,
            expiry,
            order: Order::from_json(json.get("order")?)?,
            partition,
        })
    }

    /// Whether a definition's text is that of a partition.
    pub fn is_partition(text: &str) -> bool {
        text.starts_with(VERSION_OF_PARTITION)
    }

    /// The batch's name in the cache, from the definition's text.
    pub fn key(text: &str) -> BatchKey {
        let digest = Sha256::digest(text.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        BatchKey(key)
    }

    /// The document's row key in this batch; `None` if it does not belong there. `ty` is the document's
    /// collection type.
    pub fn row(&self, ty: &str, doc: &Doc) -> Option<SortKey> {
        let listed = self.types.iter().any(|listed| &**listed == ty);
        let fits = listed
            && matches(&self.filter, doc.raw())
            && self.rules.get(ty).is_none_or(|rule| matches(rule, doc.raw()));
        if fits { row_key(&self.order, ty, doc.raw()) } else { None }
    }

    /// The moment at which a document that is listed expires, in milliseconds from 1 up to 2^53; `None` if it never does.
    /// A batch is believed until the first of them, a partition's readers judge each document.
    pub fn end(&self, ty: &str, doc: &Doc) -> Option<i64> {
        match self.expiry.is_empty() {
            true => None,
            false => self.expiry.get(ty)?.end(doc).map(|end| end.clamp(1, LAST)),
        }
    }

    /// The shape and values parts under which the table index registers the batch. There are several parts
    /// if the filter allows a field several values.
    pub fn entries(&self) -> (Shape, Vec<String>) {
        let mut fixed: Vec<(&str, Vec<String>)> = Vec::new();
        let conjuncts = match &self.filter {
            Filter::And(parts) => parts.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut points = 1;
        for conjunct in conjuncts {
            let Filter::In(path, values) = conjunct else { continue };
            let repeated = fixed.iter().any(|(earlier, _)| *earlier == path);
            if repeated || points * values.len() > MAX_POINTS {
                continue;
            }
            points *= values.len();
            fixed.push((path, values.iter().map(|value| hex::encode(encode_value(value))).collect()));
        }
        fixed.sort_by_key(|(path, _)| *path);
        let shape = fixed.iter().map(|(path, _)| *path).collect::<Vec<_>>().join(",");
        let values = fixed.into_iter().map(|(_, values)| values);
        (Shape(shape.into()), combinations(values, usize::MAX).unwrap_or_default())
    }
}

impl Shape {
    /// Where the batches of this shape that can hold the document are registered.
    pub fn probe(&self, doc: &Doc) -> Probe {
        if self.0.is_empty() {
            return Probe::Values(vec![String::new()]);
        }
        let values = self.0.split(',').map(|path| {
            let mut seen = Vec::new();
            values_at(doc.raw(), path, &mut |value| seen.push(hex::encode(encode_seen(value))));
            seen.sort_unstable();
            seen.dedup();
            seen
        });
        match combinations(values, MAX_PROBES) {
            Some(parts) => Probe::Values(parts),
            None => Probe::TooMany,
        }
    }
}

fn encode_seen(value: Option<RawBsonRef<'_>>) -> Vec<u8> {
    encode_raw(value.unwrap_or(RawBsonRef::Null))
}

/// All combinations of one item from each list, joined; `None` if there are more than `limit`.
fn combinations(choices: impl Iterator<Item = Vec<String>>, limit: usize) -> Option<Vec<String>> {
    let mut joined = vec![String::new()];
    for choice in choices {
        if joined.len().saturating_mul(choice.len()) > limit {
            return None;
        }
        joined =
            joined.iter().flat_map(|head| choice.iter().map(move |tail| format!("{head}{tail}"))).collect();
    }
    Some(joined)
}
