//! The values of unique keys that documents keep normalised beside their fields.

use bson::Bson;
use bson::raw::{RawBsonRef, RawDocument};

use super::{encode_raw, normalize};
use crate::schema::{Collection, UniqueKey};
use crate::value::UNIQUE_PATH;

/// A key of which a document does not keep what its fields say.
#[derive(Clone, Debug)]
pub struct Misfit<'c> {
    /// The key.
    pub key: &'c UniqueKey,
    /// Its fields of which that is so.
    pub parts: Vec<MisfitPart<'c>>,
}

/// A field of which a document keeps another value than it has.
#[derive(Clone, Debug, PartialEq)]
pub struct MisfitPart<'c> {
    /// The field.
    pub field: &'c str,
    /// Its value; null for none.
    pub value: Bson,
    /// What is kept of it, if anything is.
    pub kept: Option<Bson>,
}

/// What a key keeps of the value of a field: strings normalised, other values as they are.
pub fn normalised(key: &UniqueKey, value: &Bson) -> Bson {
    match value {
        Bson::String(text) => Bson::String(normalize(text, &key.normalize)),
        other => other.clone(),
    }
}

/// The keys of which a document does not keep what its fields say.
pub fn misfits<'c>(collection: &'c Collection, document: &RawDocument) -> Vec<Misfit<'c>> {
    let normalising = collection.uniques.iter().filter(|key| !key.normalize.is_empty());
    let misfit = |key: &'c UniqueKey| {
        let parts: Vec<_> = key.fields.iter().filter_map(|field| part(key, field, document)).collect();
        (!parts.is_empty()).then_some(Misfit { key, parts })
    };
    normalising.filter_map(misfit).collect()
}

/// All values that a document keeps for its keys, if it keeps any.
pub fn kept_values(document: &RawDocument) -> Option<RawBsonRef<'_>> {
    at(document, UNIQUE_PATH)
}

/// `None` if the document keeps the right value. A value that cannot be read is never wrong.
fn part<'c>(key: &UniqueKey, field: &'c str, document: &RawDocument) -> Option<MisfitPart<'c>> {
    let (value, kept) = (at(document, field).unwrap_or(RawBsonRef::Null), at(document, &key.path(field)));
    let fits = match (value, kept.unwrap_or(RawBsonRef::Null)) {
        (RawBsonRef::String(value), RawBsonRef::String(kept)) => normalize(value, &key.normalize) == kept,
        // Equal is what an index takes for equal, so that even not-a-number is.
        (value, kept) => encode_raw(value) == encode_raw(kept),
    };
    if fits {
        return None;
    }
    let kept = kept.map(Bson::try_from).transpose().ok()?;
    Some(MisfitPart { field, value: value.try_into().ok()?, kept })
}

/// The value at a path through documents.
fn at<'d>(document: &'d RawDocument, path: &str) -> Option<RawBsonRef<'d>> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    match (document.get(name), rest) {
        (Ok(Some(RawBsonRef::Document(inner))), Some(rest)) => at(inner, rest),
        (Ok(Some(value)), None) if !matches!(value, RawBsonRef::Undefined) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bson::{Document, doc};

    use super::*;
    use crate::schema;

    const SDL: &str = "
        type Book @collection @unique(fields: [\"name\", \"year\"], normalize: [TRIM, CASEFOLD]) {
            id: ID!
            name: String @unique(normalize: [CASEFOLD])
            year: Float
            isbn: String @unique
        }";

    /// The misfits of a document as `key.field: kept -> value`.
    fn told(document: &Document) -> Vec<String> {
        let model = schema::load("test.graphql", SDL.as_bytes()).expect("the schema is right");
        let book = model.collection("Book").expect("it is there");
        let raw = bson::RawDocumentBuf::try_from(document).expect("it can be encoded");
        let mut told = Vec::new();
        for misfit in misfits(book, &raw) {
            for part in misfit.parts {
                let kept = part.kept.map_or("nothing".to_owned(), |kept| kept.to_string());
                told.push(format!("{}.{}: {kept} -> {}", misfit.key.name, part.field, part.value));
            }
        }
        told
    }

    fn kept(name: impl Into<Bson>, year: impl Into<Bson>) -> Document {
        let name = name.into();
        doc! { "u": { "name": { "name": name.clone() }, "nameYear": { "name": name, "year": year.into() } } }
    }

    #[test]
    fn what_oponn_writes_fits() {
        for (name, year, kept) in [
            (Bson::from("Emma"), Bson::from(1.0), kept("emma", 1.0)),
            (Bson::from("Emma"), Bson::from(1.0), kept("emma", 1_i64)),
            (Bson::from("Emma"), Bson::from(f64::NAN), kept("emma", f64::NAN)),
            (Bson::Null, Bson::Null, kept(Bson::Null, Bson::Null)),
            (Bson::Null, Bson::Null, doc! {}),
            (bson::bson!(["Emma"]), Bson::Null, kept(bson::bson!(["Emma"]), Bson::Null)),
        ] {
            let none: [&str; 0] = [];
            assert_eq!(told(&doc! { "name": name, "year": year, "_oponn": kept }), none);
        }
        assert_eq!(told(&doc! { "isbn": "1" }), [""; 0]);
    }

    #[test]
    fn what_others_write_is_told_field_by_field() {
        let of_name = |kept: &str, value: &str| {
            [format!("name.name: {kept} -> {value}"), format!("nameYear.name: {kept} -> {value}")]
        };
        assert_eq!(told(&doc! { "name": "Emma" }), of_name("nothing", "\"Emma\""));
        assert_eq!(told(&doc! { "name": "Emma", "_oponn": "?" }), of_name("nothing", "\"Emma\""));
        assert_eq!(
            told(&doc! { "name": "Ada", "_oponn": kept("emma", Bson::Null) }),
            of_name("\"emma\"", "\"Ada\"")
        );
        assert_eq!(told(&doc! { "_oponn": kept("emma", Bson::Null) }), of_name("\"emma\"", "null"));
        assert_eq!(
            told(&doc! { "name": "emma", "year": 2.0, "_oponn": kept("emma", 1.0) }),
            ["nameYear.year: 1 -> 2"]
        );
        assert_eq!(told(&doc! { "name": 7, "_oponn": kept("7", Bson::Null) }), of_name("\"7\"", "7"));
        // A space at the end is one of the first key's value, and not of the second one's.
        assert_eq!(
            told(&doc! { "name": "Emma ", "_oponn": kept("emma", Bson::Null) }),
            ["name.name: \"emma\" -> \"Emma \""]
        );
    }
}
