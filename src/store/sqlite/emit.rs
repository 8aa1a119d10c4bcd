//! Stores the events of a change in the same round as the change.

use rusqlite::params;

use super::super::StoreError;
use super::super::outbox::Outgoing;
use super::error::on_read;
use super::writer::Session;
use crate::query::emit::{Changed, TypeEmits};
use crate::value::{Change, Doc};

/// Carries out a change with its events, if its type has some: both or neither.
pub(super) fn with_events(
    session: &mut Session<'_>,
    emits: Option<&TypeEmits>,
    change: impl FnOnce(&mut Session<'_>) -> Result<Change, StoreError>,
) -> Result<Change, StoreError> {
    let Some(emits) = emits else { return change(session) };
    session.whole(|session| {
        let change = change(session)?;
        let Change { entity, before, after, stamp } = &change;
        let (before, after) = (before.doc().map(Doc::raw), after.as_ref().map(Doc::raw));
        let events = emits.events(Changed { entity, before, after });
        for event in Outgoing::of(entity, events, stamp.t.0) {
            insert(session, &event).map_err(|cause| on_read(&cause))?;
        }
        Ok(change)
    })
}

fn insert(session: &Session<'_>, event: &Outgoing) -> rusqlite::Result<()> {
    let mut statement = session.connection.prepare_cached(
        "INSERT INTO _oponn_events (id, sink, lane, name, type, document, payload, at, time, part, tries, due, dead)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0)",
    )?;
    let (time, part) = event.place;
    let id = &event.id.as_bytes()[..];
    statement.execute(params![
        id,
        event.sink,
        event.lane(),
        event.name,
        event.ty,
        event.document,
        event.payload,
        event.at,
        time.cast_signed(),
        part
    ])?;
    Ok(())
}
