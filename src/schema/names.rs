//! All names of the generated API: the API builder uses these functions, and the schema checker reserves
//! their results.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::model::{Embedded, Field, Filled, Kind, Scalar};
use crate::value::VERSION_PATH;

/// The query type.
pub const QUERY: &str = "Query";
/// The mutation type.
pub const MUTATION: &str = "Mutation";
/// The subscription type.
pub const SUBSCRIPTION: &str = "Subscription";
/// The type for a page's position.
pub const PAGE_INFO: &str = "PageInfo";
/// The result type of bulk writes.
pub const BULK_RESULT: &str = "BulkResult";
/// The enum of an order's directions.
pub const DIRECTION_TYPE: &str = "Direction";
/// The enum of ways to compare strings.
pub const STRING_MODE: &str = "StringMode";

/// Types that any generated API has or may have, regardless of the schema file, besides those of
/// [`scalar_types`].
pub const FIXED_TYPES: [&str; 7] =
    [QUERY, MUTATION, SUBSCRIPTION, PAGE_INFO, BULK_RESULT, DIRECTION_TYPE, STRING_MODE];

/// Field names with another meaning in the API's filters; no type may use them.
pub const RESERVED_FIELDS: [&str; 3] = ["and", "or", "not"];

/// Maximum nesting of embedded types for fields that lists can be ordered by.
pub const ORDER_DEPTH: usize = 4;
/// Fields looked at for the same purpose at the most: embedded types can name each other so that their
/// paths are beyond number.
const ORDER_FIELDS: usize = 2_000;

/// Names of the types made for a scalar, itself included.
pub fn scalar_types(scalar: Scalar) -> Vec<String> {
    vec![scalar.name().to_owned(), filter(scalar.name()), list_filter(scalar.name())]
}

/// Names of the types made for a collection type, itself excluded.
pub fn collection_types(name: &str) -> Vec<String> {
    let mut names = interface_types(name);
    names.extend([input(name), patch(name), unique(name)]);
    names
}

/// Names of the types made for an interface, itself excluded.
pub fn interface_types(name: &str) -> Vec<String> {
    vec![connection(name), edge(name), where_(name), order(name), order_field(name)]
}

/// Names of the types made for an embedded type, itself excluded.
pub fn embedded_types(name: &str) -> Vec<String> {
    vec![input(name), where_(name), list_filter(name)]
}

/// Names of the types made for an enum, itself excluded.
pub fn enum_types(name: &str) -> Vec<String> {
    vec![filter(name), list_filter(name)]
}

/// `BookConnection`
pub fn connection(name: &str) -> String {
    format!("{name}Connection")
}

/// `BookEdge`
pub fn edge(name: &str) -> String {
    format!("{name}Edge")
}

/// `BookInput`
pub fn input(name: &str) -> String {
    format!("{name}Input")
}

/// `BookPatch`
pub fn patch(name: &str) -> String {
    format!("{name}Patch")
}

/// `BookWhere`
pub fn where_(name: &str) -> String {
    format!("{name}Where")
}

/// `BookOrder`
pub fn order(name: &str) -> String {
    format!("{name}Order")
}

/// `BookOrderField`
pub fn order_field(name: &str) -> String {
    format!("{name}OrderField")
}

/// `BookUnique`
pub fn unique(name: &str) -> String {
    format!("{name}Unique")
}

/// `IntFilter`, `SizeFilter`
pub fn filter(name: &str) -> String {
    format!("{name}Filter")
}

/// `IntListFilter`, `SizeListFilter`, `AddressListFilter`
pub fn list_filter(name: &str) -> String {
    format!("{name}ListFilter")
}

/// The query field of a unique key: `bookByIsbn` of `book` and `isbn`.
pub fn lookup(single: &str, key: &str) -> String {
    format!("{single}By{}", capitalised(key))
}

/// The mutation fields of a collection type: of `Book` and its plural `Books`.
pub fn mutations(name: &str, plural: &str) -> [String; 7] {
    [create(name), create(plural), update(name), update(plural), upsert(name), delete(name), delete(plural)]
}

/// The mutation fields of a unique key of a collection type: `updateBookByIsbn`, `deleteBookByIsbn`.
pub fn mutations_by(name: &str, key: &str) -> [String; 2] {
    [update_by(name, key), delete_by(name, key)]
}

/// `updateBookByIsbn`
pub fn update_by(name: &str, key: &str) -> String {
    format!("{}By{}", update(name), capitalised(key))
}

/// `deleteBookByIsbn`
pub fn delete_by(name: &str, key: &str) -> String {
    format!("{}By{}", delete(name), capitalised(key))
}

/// `createBook`, `createBooks`
pub fn create(name: &str) -> String {
    format!("create{name}")
}

/// `updateBook`, `updateBooks`
pub fn update(name: &str) -> String {
    format!("update{name}")
}

/// `upsertBook`
pub fn upsert(name: &str) -> String {
    format!("upsert{name}")
}

/// `deleteBook`, `deleteBooks`
pub fn delete(name: &str) -> String {
    format!("delete{name}")
}

/// Arguments of mutations beside the fields of a key.
pub const SET: &str = "set";
/// See [`SET`].
pub const IF_VERSION: &str = "ifVersion";
/// See [`SET`].
pub const UPDATE: &str = "update";

/// The value of the unique-key enum for the id.
pub const UNIQUE_ID: &str = "ID";

/// Input fields of an order's part.
pub const FIELD: &str = "field";
/// See [`FIELD`].
pub const DIRECTION: &str = "direction";
/// Values of `Direction`.
pub const ASC: &str = "ASC";
/// See [`ASC`].
pub const DESC: &str = "DESC";
/// Values of `StringMode`.
pub const SENSITIVE: &str = "SENSITIVE";
/// See [`SENSITIVE`].
pub const INSENSITIVE: &str = "INSENSITIVE";

/// `createdAt` as `CREATED_AT`, `isbn13` as `ISBN13`, `parentURL` as `PARENT_URL`.
pub fn screaming(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (place, &char) in chars.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| chars.get(before));
        let after = chars.get(place + 1);
        let starts_word = char.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if starts_word {
            out.push('_');
        }
        out.push(char.to_ascii_uppercase());
    }
    out
}

/// `isbn` as `Isbn`.
pub fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

/// The path of a field in a stored document.
pub fn stored_path(field: &Field) -> &str {
    match field.filled {
        Filled::Version => VERSION_PATH,
        _ => &field.name,
    }
}

/// The fields that can order a list: the names of the order enum, in the order of the file, each with its
/// path in the stored document. Two fields with one name are a fault of the schema file.
pub fn order_fields(fields: &[Field], embedded: &BTreeMap<Arc<str>, Arc<Embedded>>) -> Vec<(String, String)> {
    let mut walk = OrderWalk { embedded, left: ORDER_FIELDS, found: vec![("ID".into(), "_id".into())] };
    walk.fields(fields, "", "", ORDER_DEPTH);
    walk.found
}

struct OrderWalk<'a> {
    embedded: &'a BTreeMap<Arc<str>, Arc<Embedded>>,
    left: usize,
    found: Vec<(String, String)>,
}

impl OrderWalk<'_> {
    fn fields(&mut self, fields: &[Field], name: &str, path: &str, depth: usize) {
        for field in fields.iter().filter(|field| field.ty.list.is_none()) {
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            let name = format!("{name}{}", screaming(&field.name));
            let path = format!("{path}{}", stored_path(field));
            match &field.ty.kind {
                Kind::Scalar(Scalar::Json) => {}
                Kind::Scalar(_) | Kind::Enum(_) => self.found.push((name, path)),
                Kind::Embedded(inner) => {
                    if let Some(inner) = self.embedded.get(inner).filter(|_| depth > 0) {
                        self.fields(&inner.fields, &format!("{name}_"), &format!("{path}."), depth - 1);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_screaming_snake_case() {
        for (name, expected) in [
            ("title", "TITLE"),
            ("createdAt", "CREATED_AT"),
            ("isbn13", "ISBN13"),
            ("isbn13Code", "ISBN13_CODE"),
            ("parentURL", "PARENT_URL"),
            ("URLPath", "URL_PATH"),
            ("ownerAlias", "OWNER_ALIAS"),
            ("snake_case", "SNAKE_CASE"),
            ("x", "X"),
            ("aB", "A_B"),
        ] {
            assert_eq!(screaming(name), expected, "{name}");
        }
    }

    #[test]
    fn lookups_join_words() {
        assert_eq!(lookup("book", "isbn"), "bookByIsbn");
        assert_eq!(lookup("file", "ownerAlias"), "fileByOwnerAlias");
    }
}
