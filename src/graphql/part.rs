//! A part of an operation's data on its own: the answer to those who do not speak GraphQL.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::error::ApiError;
use super::{ApiReply, Body, Outcome, envelope};

/// The names of the members that lead to a part of the data. On the way, the items of a list are a list.
pub type DataPath = Arc<[String]>;

/// The reply with the part of the data, or with the errors.
pub(super) fn reply(data: Vec<u8>, path: &DataPath, errors: &[ApiError]) -> ApiReply {
    if !errors.is_empty() {
        return envelope::refuse(errors, Outcome::Executed);
    }
    let part = match path.is_empty() {
        true => Some(data),
        false => of(&data, path),
    };
    match part {
        Some(part) => {
            ApiReply { body: Body::once(Bytes::from(part)), outcome: Outcome::Executed, has_errors: false }
        }
        None => envelope::refuse(&[ApiError::internal("data is no JSON")], Outcome::Executed),
    }
}

/// The part of JSON at a path; null where the path leads nowhere.
fn of(json: &[u8], path: &[String]) -> Option<Vec<u8>> {
    let whole: &RawValue = serde_json::from_slice(json).ok()?;
    let mut part = Vec::new();
    write(whole, path, &mut part)?;
    Some(part)
}

fn write(value: &RawValue, path: &[String], out: &mut Vec<u8>) -> Option<()> {
    const NULL: &[u8] = b"null";
    let Some((first, rest)) = path.split_first() else {
        out.extend_from_slice(value.get().as_bytes());
        return Some(());
    };
    match value.get().as_bytes().first() {
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
            out.push(b'[');
            for (place, item) in items.into_iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write(item, path, out)?;
            }
            out.push(b']');
        }
        Some(b'{') => {
            let members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(value.get()).ok()?;
            match members.get(first.as_str()) {
                Some(member) => write(member, rest, out)?,
                None => out.extend_from_slice(NULL),
            }
        }
        _ => out.extend_from_slice(NULL),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(json: &str, path: &str) -> String {
        let path: Vec<String> = path.split('.').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let part = of(json.as_bytes(), &path).expect(json);
        String::from_utf8(part).expect("UTF-8")
    }

    #[test]
    fn parts_are_as_they_are_written() {
        let json = r#"{"a":{"b":[{"c":1.50},{"c":null},null,{}]},"d":null,"\u0065":[],"f":"x{\"}"}"#;
        for (path, expected) in [
            ("", json),
            ("a.b", r#"[{"c":1.50},{"c":null},null,{}]"#),
            ("a.b.c", "[1.50,null,null,null]"),
            ("d", "null"),
            ("d.x.y", "null"),
            ("e", "[]"),
            ("e.x", "[]"),
            ("f", r#""x{\"}""#),
            ("f.x", "null"),
            ("g", "null"),
        ] {
            assert_eq!(part(json, path), expected, "{path}");
        }
    }
}
