//! The outbox in the file: one table, written by the thread that writes everything.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use async_trait::async_trait;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::super::StoreError;
use super::super::outbox::{Backlog, Next, Outbox, Outgoing, Turn, Which};
use super::SqliteStore;
use super::error::on_read;
use crate::value::Time;

const COLUMNS: &str = "id, sink, name, type, document, payload, at, time, part, tries, due, error, dead";

#[async_trait]
impl Outbox for SqliteStore {
    async fn written(&self) {
        self.emitting.written.notified().await;
    }

    async fn pending(
        &self,
        sink: &str,
        tried: bool,
        now: i64,
        limit: u64,
    ) -> Result<Vec<Outgoing>, StoreError> {
        let (sink, limit) = (sink.to_owned(), limit.cast_signed());
        let (from, to) = if tried { (1, now) } else { (0, 0) };
        let text = format!(
            "SELECT {COLUMNS} FROM _oponn_events WHERE sink = ? AND dead = 0 AND due BETWEEN ? AND ?
             ORDER BY due, time, part LIMIT ?"
        );
        self.look(move |connection| {
            connection.prepare_cached(&text)?.query_map(params![sink, from, to, limit], outgoing)?.collect()
        })
        .await
    }

    async fn waiting(&self, lanes: &BTreeSet<String>) -> Result<BTreeMap<String, i64>, StoreError> {
        let lanes: Vec<Value> = lanes.iter().cloned().map(Value::Text).collect();
        let text = "SELECT lane, max(due) FROM _oponn_events
                    WHERE lane IN (SELECT value FROM rarray(?)) AND dead = 0 AND due > 0 GROUP BY lane";
        self.look(move |connection| {
            let mut statement = connection.prepare_cached(text)?;
            statement.query_map([Rc::new(lanes)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
        .await
    }

    async fn hold(&self, lane: &str, due: i64) -> Result<(), StoreError> {
        let lane = lane.to_owned();
        self.note(move |connection| hold(connection, &lane, due)).await
    }

    async fn failed(&self, event: &Outgoing, next: Next) -> Result<(), StoreError> {
        let (lane, id, error) = (event.lane(), event.id, event.error.clone());
        let (due, dead) = match next {
            Next::Again(due) => (due, false),
            Next::Dead => (0, true),
        };
        self.note(move |connection| {
            hold(connection, &lane, due)?;
            connection
                .prepare_cached(
                    "UPDATE _oponn_events SET tries = tries + 1, error = ?, dead = ? WHERE id = ?",
                )?
                .execute(params![error, dead, blob(&id)])
                .map(drop)
        })
        .await
    }

    async fn delivered(&self, ids: &[Uuid]) -> Result<(), StoreError> {
        let ids = blobs(ids);
        self.note(move |connection| {
            connection
                .prepare_cached("DELETE FROM _oponn_events WHERE id IN (SELECT value FROM rarray(?))")?
                .execute([Rc::new(ids)])
                .map(drop)
        })
        .await
    }

    async fn backlog(&self) -> Result<BTreeMap<String, Backlog>, StoreError> {
        let text = "SELECT sink, count(*) FILTER (WHERE dead = 0), min(at) FILTER (WHERE dead = 0),
                    count(*) FILTER (WHERE dead <> 0) FROM _oponn_events GROUP BY sink";
        self.look(move |connection| {
            let backlog = |row: &Row<'_>| {
                let (pending, dead): (i64, i64) = (row.get(1)?, row.get(3)?);
                let (pending, dead) = (pending.cast_unsigned(), dead.cast_unsigned());
                Ok((row.get(0)?, Backlog { pending, oldest: row.get(2)?, dead }))
            };
            connection.prepare_cached(text)?.query_map([], backlog)?.collect()
        })
        .await
    }

    async fn list(&self, which: Which, after: Option<Uuid>, limit: u64) -> Result<Vec<Outgoing>, StoreError> {
        let (after, limit) = (after.map(|id| blob(&id)).unwrap_or_default(), limit.cast_signed());
        let text =
            format!("SELECT {COLUMNS} FROM _oponn_events WHERE id > ? AND (dead OR ?) ORDER BY id LIMIT ?");
        self.look(move |connection| {
            let all = which == Which::All;
            connection.prepare_cached(&text)?.query_map(params![after, all, limit], outgoing)?.collect()
        })
        .await
    }

    async fn retry(&self, ids: Option<&[Uuid]>) -> Result<u64, StoreError> {
        let ids = ids.map(blobs);
        self.note(move |connection| {
            let ids = match ids {
                Some(ids) => ids,
                None => connection
                    .prepare("SELECT id FROM _oponn_events WHERE dead OR due > 0")?
                    .query_map([], |row| row.get(0))?
                    .collect::<rusqlite::Result<_>>()?,
            };
            let (ids, these) = (Rc::new(ids), "id IN (SELECT value FROM rarray(?))");
            let count = format!("SELECT count(*) FROM _oponn_events WHERE {these}");
            let count: i64 = connection.query_row(&count, [&ids], |row| row.get(0))?;
            let lanes = format!(
                "UPDATE _oponn_events SET due = 0
                 WHERE dead = 0 AND lane IN (SELECT lane FROM _oponn_events WHERE {these})"
            );
            connection.execute(&lanes, [&ids])?;
            let again =
                format!("UPDATE _oponn_events SET dead = 0, tries = 0, due = 0 WHERE dead AND {these}");
            connection.execute(&again, [&ids])?;
            Ok(count.cast_unsigned())
        })
        .await
    }

    async fn turn(&self) -> Result<Option<Turn>, StoreError> {
        self.look(turn).await
    }

    async fn take_turn(&self, seen: Option<&Turn>, next: &Turn) -> Result<bool, StoreError> {
        let (seen, next) = (seen.cloned(), next.clone());
        self.note(move |connection| {
            if turn(connection)? != seen {
                return Ok(false);
            }
            let set = "INSERT OR REPLACE INTO _oponn_relay VALUES (1, ?, ?)";
            connection.execute(set, params![next.holder, next.beat.cast_signed()]).map(|_| true)
        })
        .await
    }
}

impl SqliteStore {
    async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.read(Time(0), work).await
    }

    async fn note<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let work = move |session: &mut super::writer::Session| {
            session.whole(|session| work(session.connection).map_err(|cause| on_read(&cause)))
        };
        self.writer.run(work).await?
    }
}

fn hold(connection: &Connection, lane: &str, due: i64) -> rusqlite::Result<()> {
    let text = "UPDATE _oponn_events SET due = ? WHERE lane = ? AND dead = 0";
    connection.prepare_cached(text)?.execute(params![due, lane]).map(drop)
}

fn turn(connection: &Connection) -> rusqlite::Result<Option<Turn>> {
    let turn = |row: &Row<'_>| {
        let beat: i64 = row.get(1)?;
        Ok(Turn { holder: row.get(0)?, beat: beat.cast_unsigned() })
    };
    connection.query_row("SELECT holder, beat FROM _oponn_relay", [], turn).optional()
}

fn blob(id: &Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

fn blobs(ids: &[Uuid]) -> Vec<Value> {
    ids.iter().map(|id| Value::Blob(blob(id))).collect()
}

fn outgoing(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    let id: Vec<u8> = row.get(0)?;
    let time: i64 = row.get(7)?;
    Ok(Outgoing {
        id: Uuid::from_slice(&id).unwrap_or_default(),
        sink: row.get(1)?,
        name: row.get(2)?,
        ty: row.get(3)?,
        document: row.get(4)?,
        payload: row.get(5)?,
        at: row.get(6)?,
        place: (time.cast_unsigned(), row.get(8)?),
        tries: row.get(9)?,
        due: row.get(10)?,
        error: row.get(11)?,
        dead: row.get(12)?,
    })
}
