//! A statement under construction: its text and its parameters.

use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Statement, ToSql};

use super::argument::{Argument, handing};

/// Bytes of text of a prepared statement that is kept: prepared it is many times as large, and those that are long
/// hardly come again.
const MAX_KEPT: usize = 4_096;

/// What takes the place of a `?`.
enum Param {
    Value(Value),
    /// The rows of `rarray`.
    List(Rc<Vec<Value>>),
}

/// The parameters of a statement, and what it hands to its functions; its text names both by number.
#[derive(Default)]
pub(super) struct Params {
    params: Vec<Param>,
    arguments: Vec<Argument>,
}

impl Params {
    /// Adds a parameter; how the text names it.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.params.push(Param::Value(value.into()));
        format!("?{}", self.params.len())
    }

    /// Adds a list of blobs; the sub-select that gives them.
    pub fn bind_list(&mut self, blobs: Vec<Vec<u8>>) -> String {
        self.params.push(Param::List(Rc::new(blobs.into_iter().map(Value::Blob).collect())));
        format!("(SELECT value FROM rarray(?{}))", self.params.len())
    }

    /// Adds what a function needs; how the text names it.
    pub fn hand(&mut self, argument: Argument) -> String {
        self.arguments.push(argument);
        (self.arguments.len() - 1).to_string()
    }

    /// Runs the statement and maps its rows.
    pub fn query<T>(
        self,
        connection: &Connection,
        text: &str,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let Params { params, arguments } = self;
        let run = |statement: &mut Statement<'_>| {
            let params = params.iter().map(|param| match param {
                Param::Value(value) => value as &dyn ToSql,
                Param::List(list) => list as &dyn ToSql,
            });
            statement.query_map(rusqlite::params_from_iter(params), map)?.collect()
        };
        handing(Rc::new(arguments), || match text.len() {
            0..=MAX_KEPT => run(&mut *connection.prepare_cached(text)?),
            _ => run(&mut connection.prepare(text)?),
        })
    }
}

/// A name, quoted.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Text, quoted.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Joins conditions; a balanced tree, because SQLite bounds the depth of expressions.
pub(super) fn join(mut parts: Vec<String>, operator: &str, none: &str) -> String {
    match parts.len() {
        0 => none.to_owned(),
        1 => parts.remove(0),
        length => {
            let right = parts.split_off(length / 2);
            format!("({} {operator} {})", join(parts, operator, none), join(right, operator, none))
        }
    }
}
