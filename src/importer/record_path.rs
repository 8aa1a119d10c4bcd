//! The place of a value in a source's record.

use serde_json::Value as Json;

/// A JSON Pointer, or names and list places joined by dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecordPath {
    text: String,
}

impl RecordPath {
    pub(super) fn new(text: String) -> RecordPath {
        RecordPath { text }
    }

    /// The value; `None` if the record lacks the place.
    pub(super) fn find<'a>(&self, record: &'a Json) -> Option<&'a Json> {
        if self.text.starts_with('/') {
            return record.pointer(&self.text);
        }
        // A key may have dots in it, as column names do.
        if let Some(value) = record.get(&self.text) {
            return Some(value);
        }
        self.text.split('.').try_fold(record, |value, step| match value {
            Json::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => value.get(step),
        })
    }
}

impl std::fmt::Display for RecordPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_by_name_pointer_and_place() {
        let record = json!({"a": {"b": [{"c": 1}]}, "x.y": 2, "/": 3});
        for (path, found) in [
            ("a.b.0.c", Some(json!(1))),
            ("/a/b/0/c", Some(json!(1))),
            ("x.y", Some(json!(2))),
            ("a.b.1.c", None),
            ("a.b.c", None),
            ("a.b.0.c.d", None),
            ("nothing", None),
        ] {
            assert_eq!(RecordPath::new(path.into()).find(&record).cloned(), found, "{path}");
        }
    }
}
