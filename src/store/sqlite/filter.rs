//! Filters as SQL over keys.
//!
//! Where a path has a single value (see [`Arrays`]), a condition compares its key, as the indexes do. Elsewhere
//! functions look at all values of the path.

use bson::Bson;

use crate::query::{Filter, encode_value};
use crate::schema::Collection;

use super::argument::Argument;
use super::arrays::Arrays;
use super::columns;
use super::keys::Range;
use super::sql::{Params, join, text};

/// Values compared one by one; more are a list.
const MAX_SPELLED: usize = 16;

/// What the paths of a filter start from.
pub(super) struct Scope<'a> {
    of: &'a Collection,
    arrays: &'a Arrays,
    /// The SQL that gives the document.
    doc: String,
    /// The path from the stored document to this one, with a dot at its end; empty for itself.
    base: String,
    /// How many documents this one is in.
    depth: usize,
}

impl<'a> Scope<'a> {
    /// The stored document.
    pub fn row(of: &'a Collection, arrays: &'a Arrays) -> Scope<'a> {
        Scope { of, arrays, doc: "document".to_owned(), base: String::new(), depth: 0 }
    }

    /// Whether there is one value at the path.
    pub fn single(&self, path: &str) -> bool {
        self.arrays.single(&self.base, path)
    }

    /// The key of the value at the path.
    pub fn key(&self, path: &str) -> String {
        if self.depth == 0 { columns::key(self.of, path) } else { columns::made(&self.doc, path) }
    }

    /// A function of the document and the path.
    pub fn call(&self, function: &str, path: &str, more: &str) -> String {
        format!("{function}({}, {}{more})", self.doc, text(path))
    }
}

/// The condition, true or false for every row.
pub(super) fn condition(filter: &Filter, scope: &Scope<'_>, params: &mut Params) -> String {
    match filter {
        Filter::And(parts) => {
            join(parts.iter().map(|part| condition(part, scope, params)).collect(), "AND", "1")
        }
        Filter::Or(parts) => {
            join(parts.iter().map(|part| condition(part, scope, params)).collect(), "OR", "0")
        }
        Filter::Not(inner) => format!("(NOT {})", condition(inner, scope, params)),
        Filter::In(path, values) if scope.single(path) => is_one_of(scope.key(path), values, params),
        Filter::In(path, values) => {
            let points = params.hand(Argument::Ranges(points(values)));
            scope.call("oponn_sees", path, &format!(", {points}"))
        }
        Filter::Cmp(path, op, value) => {
            let range = Range::comparing(*op, value);
            if scope.single(path) {
                within(&scope.key(path), range, params)
            } else {
                let range = params.hand(Argument::Ranges(vec![range]));
                scope.call("oponn_sees", path, &format!(", {range}"))
            }
        }
        Filter::Exists(path) => scope.call("oponn_has", path, ""),
        Filter::Matches(path, pattern) => {
            let number = params.hand(Argument::Pattern(pattern.clone()));
            let matching = scope.call("oponn_matches", path, &format!(", {number}"));
            match pattern.prefix().filter(|_| scope.single(path)) {
                // Says no more, but as a range, in which an index can be entered.
                Some(prefix) => {
                    let range = within(&scope.key(path), Range::starting(&prefix), params);
                    format!("({range} AND {matching})")
                }
                None => matching,
            }
        }
        Filter::HasAny(path, _) | Filter::Some(path, _) if scope.single(path) => "0".to_owned(),
        Filter::IsEmpty(path) if scope.single(path) => "1".to_owned(),
        Filter::HasAny(path, values) => {
            let points = params.hand(Argument::Ranges(points(values)));
            scope.call("oponn_has_any", path, &format!(", {points}"))
        }
        Filter::IsEmpty(path) => format!("(NOT {})", scope.call("oponn_has_elements", path, "")),
        Filter::Some(path, inner) => {
            let depth = scope.depth + 1;
            let element = Scope {
                of: scope.of,
                arrays: scope.arrays,
                doc: format!("unhex(e{depth}.value)"),
                base: format!("{}{path}.", scope.base),
                depth,
            };
            let inner = condition(inner, &element, params);
            let documents = scope.call("oponn_documents", path, "");
            format!("EXISTS (SELECT 1 FROM json_each({documents}) AS e{depth} WHERE {inner})")
        }
    }
}

fn within(key: &str, range: Range, params: &mut Params) -> String {
    let (from, to) = (params.bind(range.from), params.bind(range.to));
    format!("({key} >= {from} AND {key} < {to})")
}

fn is_one_of(key: String, values: &[Bson], params: &mut Params) -> String {
    let keys: Vec<Vec<u8>> = points(values).into_iter().map(|point| point.from).collect();
    match keys.len() {
        0 => "0".to_owned(),
        1..=MAX_SPELLED => {
            let spelled: Vec<String> = keys.into_iter().map(|key| params.bind(key)).collect();
            format!("{key} IN ({})", spelled.join(", "))
        }
        _ => format!("{key} IN {}", params.bind_list(keys)),
    }
}

/// The values, sorted and each once.
fn points(values: &[Bson]) -> Vec<Range> {
    let mut points: Vec<Range> = values.iter().map(|value| Range::point(encode_value(value))).collect();
    points.sort_unstable();
    points.dedup();
    points
}
