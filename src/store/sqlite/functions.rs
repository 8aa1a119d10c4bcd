//! The SQL functions that read documents. A malformed document counts as one without fields.

use bson::raw::{RawBsonRef, RawDocument};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result, ToSql};

use crate::query::{Direction, any_leaf, encode_raw, write_part};

use super::argument::{Argument, Arguments, handed};
use super::keys::Range;

/// Makes the functions known to a connection:
///
/// - `oponn_key(doc, path)`: what a document sorts by at the path, ascending;
/// - `oponn_key_desc(doc, path)`: the same for descending orders, which differs for arrays;
/// - `oponn_has(doc, path)`: whether the field is there;
/// - `oponn_sees(doc, path, ranges)`: whether a value or an element at the path is in the ranges;
/// - `oponn_has_any(doc, path, ranges)`: the same for elements of arrays only;
/// - `oponn_has_elements(doc, path)`: whether there is an array that is not empty;
/// - `oponn_matches(doc, path, pattern)`: whether a string at the path matches;
/// - `oponn_documents(doc, path)`: the documents in arrays at the path, in hexadecimal, as a JSON array.
///
/// `ranges` and `pattern` are numbers of what the statement has [handed over](super::argument).
pub(super) fn register(connection: &Connection) -> Result<()> {
    rusqlite::vtab::array::load_module(connection)?;
    define(connection, "oponn_key", 2, |call| Ok(key_of(document(call), path(call)?)))?;
    define(connection, "oponn_key_desc", 2, |call| {
        let mut key = Vec::with_capacity(24);
        write_part(&mut key, document(call), path(call)?, Direction::Desc);
        key.iter_mut().for_each(|byte| *byte = !*byte);
        Ok(key)
    })?;
    define(connection, "oponn_has", 2, |call| {
        Ok(any_leaf(document(call), path(call)?, &mut |value| value.is_some()))
    })?;
    define(connection, "oponn_sees", 3, |call| {
        let arguments = handed();
        let ranges = ranges(&arguments, call)?;
        let within = |value: RawBsonRef<'_>| Range::any_has(ranges, &encode_raw(value));
        Ok(any_leaf(document(call), path(call)?, &mut |value| {
            within(value.unwrap_or(RawBsonRef::Null)) || elements(value).any(within)
        }))
    })?;
    define(connection, "oponn_has_any", 3, |call| {
        let arguments = handed();
        let ranges = ranges(&arguments, call)?;
        let within = |value: RawBsonRef<'_>| Range::any_has(ranges, &encode_raw(value));
        Ok(any_leaf(document(call), path(call)?, &mut |value| elements(value).any(within)))
    })?;
    define(connection, "oponn_has_elements", 2, |call| {
        Ok(any_leaf(document(call), path(call)?, &mut |value| elements(value).next().is_some()))
    })?;
    define(connection, "oponn_matches", 3, |call| {
        let arguments = handed();
        let Some(Argument::Pattern(pattern)) = argument(&arguments, call) else { return not_handed() };
        let found = |value: RawBsonRef<'_>| match value {
            RawBsonRef::String(text) | RawBsonRef::Symbol(text) => pattern.is_match(text),
            _ => false,
        };
        Ok(any_leaf(document(call), path(call)?, &mut |value| {
            value.is_some_and(found) || elements(value).any(found)
        }))
    })?;
    define(connection, "oponn_documents", 2, |call| {
        let mut list = String::from("[");
        any_leaf(document(call), path(call)?, &mut |value| {
            for element in elements(value) {
                if let RawBsonRef::Document(document) = element {
                    list.push_str(if list.len() > 1 { ",\"" } else { "\"" });
                    list.push_str(&hex::encode(document.as_bytes()));
                    list.push('"');
                }
            }
            false
        });
        list.push(']');
        Ok(list)
    })
}

/// What a document sorts by at a path, ascending.
pub(super) fn key_of(document: &RawDocument, path: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(24);
    write_part(&mut key, document, path, Direction::Asc);
    key
}

fn define<T: ToSql + 'static>(
    connection: &Connection,
    name: &str,
    arguments: i32,
    function: fn(&Context<'_>) -> Result<T>,
) -> Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function(name, arguments, flags, function)
}

fn document<'a>(call: &'a Context<'_>) -> &'a RawDocument {
    /// A document without fields: its length and its end.
    const EMPTY: &[u8; 5] = &[5, 0, 0, 0, 0];
    let bytes = match call.get_raw(0) {
        ValueRef::Blob(bytes) => bytes,
        _ => EMPTY,
    };
    RawDocument::from_bytes(bytes)
        .or_else(|_| RawDocument::from_bytes(EMPTY))
        .expect("five bytes are the empty document")
}

fn path<'a>(call: &'a Context<'_>) -> Result<&'a str> {
    Ok(call.get_raw(1).as_str()?)
}

/// The argument whose number is the third parameter.
fn argument<'a>(arguments: &'a Arguments, call: &Context<'_>) -> Option<&'a Argument> {
    arguments.get(usize::try_from(call.get::<i64>(2).ok()?).ok()?)
}

fn ranges<'a>(arguments: &'a Arguments, call: &Context<'_>) -> Result<&'a [Range]> {
    match argument(arguments, call) {
        Some(Argument::Ranges(ranges)) => Ok(ranges),
        _ => not_handed(),
    }
}

fn not_handed<T>() -> Result<T> {
    Err(Error::UserFunctionError("the statement has not handed over this argument".into()))
}

/// The elements, if it is an array.
fn elements(value: Option<RawBsonRef<'_>>) -> impl Iterator<Item = RawBsonRef<'_>> {
    let array = match value {
        Some(RawBsonRef::Array(array)) => Some(array),
        _ => None,
    };
    array.into_iter().flatten().map_while(std::result::Result::ok)
}
