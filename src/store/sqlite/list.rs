//! Reads: lists, counts and documents by id.

use std::collections::HashMap;

use bytes::Bytes;
use rusqlite::{Connection, Result, Row};

use crate::query::{Bound, Direction, Filter, encode_value};
use crate::schema::Collection;
use crate::value::{Doc, Id};

use super::super::Find;
use super::Holder;
use super::arrays::Arrays;
use super::filter::{Scope, condition};
use super::sql::{Params, join, name};

/// The documents of the ids.
pub(super) fn get(
    connection: &Connection,
    of: &Collection,
    ids: Vec<Id>,
    holder: &mut Holder,
) -> Result<HashMap<Id, Doc>> {
    let text = format!("SELECT document FROM {} WHERE id = ?", name(&of.collection));
    let mut statement = connection.prepare_cached(&text)?;
    let mut found = HashMap::with_capacity(ids.len());
    for id in ids {
        let mut rows = statement.query([encode_value(&id.to_bson())])?;
        if let Some(row) = rows.next()? {
            found.insert(id, holder.take(doc(row, 0)?)?);
        }
    }
    Ok(found)
}

/// The rows of a list.
pub(super) fn find(
    connection: &Connection,
    of: &Collection,
    find: &Find,
    holder: &mut Holder,
) -> Result<Vec<Doc>> {
    let arrays = Arrays::load(connection, &of.collection)?;
    let (text, params) = statement(of, find, &arrays);
    let mut docs = params.query(connection, &text, |row| holder.take(doc(row, 0)?))?;
    if find.from_end {
        docs.reverse();
    }
    Ok(docs)
}

/// The statement that gives the rows of a list; those of a list from its end come the other way round.
pub(super) fn statement(of: &Collection, find: &Find, arrays: &Arrays) -> (String, Params) {
    let scope = Scope::row(of, arrays);
    let mut params = Params::default();
    let columns = columns(find, &scope);
    let mut wanted = vec![condition(&find.filter, &scope, &mut params)];
    wanted.extend(find.after.as_ref().map(|bound| beyond(bound, &columns, false, &mut params)));
    wanted.extend(find.before.as_ref().map(|bound| beyond(bound, &columns, true, &mut params)));
    let order: Vec<String> = columns
        .iter()
        .map(|(key, direction)| match (direction, find.from_end) {
            (Direction::Asc, false) | (Direction::Desc, true) => format!("{key} ASC"),
            (Direction::Desc, false) | (Direction::Asc, true) => format!("{key} DESC"),
        })
        .collect();
    let bounded = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let text = format!(
        "SELECT document FROM {} WHERE {} ORDER BY {} LIMIT {} OFFSET {}",
        name(&of.collection),
        join(wanted, "AND", "1"),
        order.join(", "),
        params.bind(bounded(find.limit)),
        params.bind(bounded(find.offset)),
    );
    (text, params)
}

/// How many documents satisfy the filter.
pub(super) fn count(connection: &Connection, of: &Collection, filter: &Filter) -> Result<u64> {
    let arrays = Arrays::load(connection, &of.collection)?;
    let mut params = Params::default();
    let wanted = condition(filter, &Scope::row(of, &arrays), &mut params);
    let text = format!("SELECT count(*) FROM {} WHERE {wanted}", name(&of.collection));
    let counts: Vec<i64> = params.query(connection, &text, |row| row.get(0))?;
    Ok(counts.first().map_or(0, |count| count.unsigned_abs()))
}

/// A document in a column.
pub(super) fn doc(row: &Row<'_>, column: usize) -> Result<Doc> {
    let bytes = Bytes::copy_from_slice(row.get_ref(column)?.as_blob()?);
    Doc::from_store(bytes).map_err(|malformed| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, malformed.into())
    })
}

/// What the list is ordered by, the id last.
fn columns(find: &Find, scope: &Scope<'_>) -> Vec<(String, Direction)> {
    let parts = find.order.parts().iter().map(|by| {
        let key = match by.direction {
            Direction::Desc if !scope.single(&by.path) => scope.call("oponn_key_desc", &by.path, ""),
            // The least value of an array is its key.
            _ => scope.key(&by.path),
        };
        (key, by.direction)
    });
    parts.chain([("id".to_owned(), Direction::Asc)]).collect()
}

/// The condition that a row lies after the place, or before it.
fn beyond(bound: &Bound, columns: &[(String, Direction)], before: bool, params: &mut Params) -> String {
    let values: Vec<String> =
        bound.values.iter().chain([&bound.id.to_bson()]).map(|v| params.bind(encode_value(v))).collect();
    let sign = |direction: &Direction| if (*direction == Direction::Asc) == before { "<" } else { ">" };
    let equal = if bound.inclusive { "=" } else { "" };
    let mut places = columns.iter().zip(&values).rev();
    let last =
        places.next().map(|((key, direction), value)| format!("{key} {}{equal} {value}", sign(direction)));
    let nested = places.fold(last.unwrap_or_default(), |rest, ((key, direction), value)| {
        format!("({key} {} {value} OR ({key} = {value} AND {rest}))", sign(direction))
    });
    // Says no more, but as a plain range, in which an index can be entered.
    match (columns.first(), values.first()) {
        (Some((key, direction)), Some(value)) if columns.len() > 1 => {
            format!("({key} {}= {value} AND {nested})", sign(direction))
        }
        _ => format!("({nested})"),
    }
}
