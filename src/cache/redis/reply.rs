//! Parses Redis's answers.

use redis::{ServerError, Value};

use crate::cache::CacheError;

/// The server's answer to one command.
pub(super) type Answer = Result<Value, ServerError>;

/// The value of an answer.
pub(super) fn value(answer: Answer) -> Result<Value, CacheError> {
    answer.map_err(|error| CacheError::Internal(describe(&error)))
}

/// The text of a server error, for messages.
pub(super) fn describe(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}

/// The items of an array; keys and values of a map in turn.
pub(super) fn items(value: Value) -> Result<Vec<Value>, CacheError> {
    match value {
        Value::Array(items) => Ok(items),
        Value::Map(pairs) => Ok(pairs.into_iter().flat_map(|(key, value)| [key, value]).collect()),
        Value::Nil => Ok(Vec::new()),
        other => Err(unexpected(&other)),
    }
}

/// A string; `None` for nil.
pub(super) fn bytes(value: Value) -> Result<Option<Vec<u8>>, CacheError> {
    match value {
        Value::BulkString(bytes) => Ok(Some(bytes)),
        Value::Nil => Ok(None),
        other => Err(unexpected(&other)),
    }
}

/// The strings of an array, without those that are nil.
pub(super) fn strings(value: Value) -> Result<Vec<Vec<u8>>, CacheError> {
    items(value)?.into_iter().filter_map(|item| bytes(item).transpose()).collect()
}

/// A text.
pub(super) fn text(value: Value) -> Result<String, CacheError> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes)
            .map_err(|_| CacheError::Internal("Redis gave a text that is not UTF-8".into())),
        Value::SimpleString(text) => Ok(text),
        Value::VerbatimString { text, .. } => Ok(text),
        other => Err(unexpected(&other)),
    }
}

/// A count.
pub(super) fn count(value: Value) -> Result<u64, CacheError> {
    match value {
        Value::Int(n) => u64::try_from(n).map_err(|_| unexpected(&Value::Int(n))),
        other => Err(unexpected(&other)),
    }
}

/// The answer to `TIME`, in milliseconds.
pub(super) fn milliseconds(answer: Value) -> Result<u64, CacheError> {
    let mut parts = items(answer)?.into_iter();
    let mut part = || -> Result<u64, CacheError> {
        let text = text(parts.next().unwrap_or(Value::Nil))?;
        text.parse().map_err(|_| CacheError::Internal(format!("Redis gave the time {text:?}")))
    };
    Ok(part()? * 1_000 + part()? / 1_000)
}

/// A number written by a script as 16 hexadecimal digits.
pub(super) fn number(value: Value) -> Result<u64, CacheError> {
    bytes(value)?
        .and_then(|text| super::keys::number(&text))
        .ok_or_else(|| CacheError::Internal("Redis gave something else than a number".into()))
}

/// The error for an answer that no script gives.
pub(super) fn unexpected(value: &Value) -> CacheError {
    let kind = match value {
        Value::Nil => "nothing".to_owned(),
        Value::Int(n) => format!("the integer {n}"),
        Value::BulkString(_) | Value::SimpleString(_) => "a string".to_owned(),
        Value::Array(items) => format!("{} items", items.len()),
        _ => "another kind of value".to_owned(),
    };
    CacheError::Internal(format!("Redis gave {kind} where something else was expected"))
}
