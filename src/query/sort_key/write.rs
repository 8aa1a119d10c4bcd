//! Encodes values as bytes.

use bson::raw::{RawBson, RawBsonRef};

use super::layout::{END, ESCAPE, MAX_DEPTH, rank};
use super::number;

/// Appends a value.
pub(super) fn value(out: &mut Vec<u8>, value: RawBsonRef<'_>) {
    nested(out, value, MAX_DEPTH);
}

/// Bytes that are no stored value's.
pub(super) fn unstorable() -> Vec<u8> {
    vec![rank::OBJECT, ESCAPE]
}

fn nested(out: &mut Vec<u8>, value: RawBsonRef<'_>, depth: usize) {
    out.push(rank_of(value));
    match value {
        RawBsonRef::Double(n) => number::write_double(out, n),
        RawBsonRef::Int32(n) => number::write_double(out, n.into()),
        RawBsonRef::Int64(n) => number::write_integer(out, n),
        RawBsonRef::Decimal128(n) => number::write_decimal(out, n),
        RawBsonRef::String(s) | RawBsonRef::Symbol(s) | RawBsonRef::JavaScriptCode(s) => text(out, s),
        RawBsonRef::ObjectId(oid) => out.extend_from_slice(&oid.bytes()),
        RawBsonRef::Boolean(flag) => out.push(flag.into()),
        RawBsonRef::DateTime(date) => {
            out.extend_from_slice(&(date.timestamp_millis() as u64 ^ (1 << 63)).to_be_bytes());
        }
        RawBsonRef::Timestamp(time) => {
            out.extend_from_slice(&time.time.to_be_bytes());
            out.extend_from_slice(&time.increment.to_be_bytes());
        }
        RawBsonRef::Binary(binary) => {
            // Longer than 4 GiB is no BSON.
            out.extend_from_slice(&(binary.bytes.len() as u32).to_be_bytes());
            out.push(binary.subtype.into());
            out.extend_from_slice(binary.bytes);
        }
        RawBsonRef::RegularExpression(regex) => {
            text(out, regex.pattern.as_str());
            text(out, regex.options.as_str());
        }
        // Values compare before names only by their classes, which is why the rank comes first.
        RawBsonRef::Document(document) => {
            if depth > 0 {
                for element in document.iter_elements().map_while(Result::ok) {
                    let Ok(inner) = element.value() else { break };
                    out.push(rank_of(inner));
                    text(out, element.key().as_str());
                    nested(out, inner, depth - 1);
                }
            }
            out.push(END);
        }
        RawBsonRef::Array(array) => {
            if depth > 0 {
                array.into_iter().map_while(Result::ok).for_each(|inner| nested(out, inner, depth - 1));
            }
            out.push(END);
        }
        RawBsonRef::JavaScriptCodeWithScope(code) => {
            text(out, code.code);
            match depth {
                0 => out.push(END),
                _ => nested(out, RawBsonRef::Document(code.scope), depth - 1),
            }
        }
        RawBsonRef::DbPointer(_) => pointer(out, value),
        RawBsonRef::Null | RawBsonRef::Undefined | RawBsonRef::MinKey | RawBsonRef::MaxKey => {}
    }
}

fn rank_of(value: RawBsonRef<'_>) -> u8 {
    match value {
        RawBsonRef::MinKey => rank::MIN_KEY,
        RawBsonRef::Undefined => rank::UNDEFINED,
        RawBsonRef::Null => rank::NULL,
        RawBsonRef::Double(_) | RawBsonRef::Int32(_) | RawBsonRef::Int64(_) | RawBsonRef::Decimal128(_) => {
            rank::NUMBER
        }
        RawBsonRef::String(_) | RawBsonRef::Symbol(_) => rank::STRING,
        RawBsonRef::Document(_) => rank::OBJECT,
        RawBsonRef::Array(_) => rank::ARRAY,
        RawBsonRef::Binary(_) => rank::BINARY,
        RawBsonRef::ObjectId(_) => rank::OBJECT_ID,
        RawBsonRef::Boolean(_) => rank::BOOLEAN,
        RawBsonRef::DateTime(_) => rank::DATE,
        RawBsonRef::Timestamp(_) => rank::TIMESTAMP,
        RawBsonRef::RegularExpression(_) => rank::REGEX,
        RawBsonRef::DbPointer(_) => rank::DB_POINTER,
        RawBsonRef::JavaScriptCode(_) => rank::CODE,
        RawBsonRef::JavaScriptCodeWithScope(_) => rank::CODE_WITH_SCOPE,
        RawBsonRef::MaxKey => rank::MAX_KEY,
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    if text.as_bytes().contains(&END) {
        for byte in text.bytes() {
            out.push(byte);
            if byte == END {
                out.push(ESCAPE);
            }
        }
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(END);
}

/// The `bson` crate does not show a DBPointer's parts, so it is told apart by its BSON bytes: equality
/// is exact, its order among its kind is not MongoDB's. The type has been out of use since 2010.
fn pointer(out: &mut Vec<u8>, value: RawBsonRef<'_>) {
    let mut holder = bson::raw::RawDocumentBuf::new();
    holder.append(bson::raw::cstr!("p"), RawBson::from(value));
    let bytes = holder.as_bytes();
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}
