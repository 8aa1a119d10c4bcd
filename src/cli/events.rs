//! `oponn events list`, `oponn events retry` and `oponn events tail`.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::failure::Failure;
use super::output::{counted, print};
use super::stop::Stop;
use super::{parts, schema_file};
use crate::config::Config;
use crate::store::outbox::{Outbox, Outgoing, Which};
use crate::store::{Store, StoreError};
use crate::value::moment;

/// Events read at a time.
const PIECE: u64 = 500;
/// How often `tail` looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// How much later than its id says an event may come into view.
const LATE: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// The events that are not delivered
    List {
        /// Only dead letters: those that nobody tries to deliver any more
        #[arg(long)]
        dead: bool,
        /// Print one JSON object per line, with what each event tells
        #[arg(long)]
        json: bool,
    },
    /// Have events be tried again at once
    Retry {
        /// Their ids
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<Uuid>,
        /// All dead letters, and all events that wait for another try
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Print events as they are stored, until interrupted; those that are delivered at once may be missed
    Tail {
        /// Print one JSON object per line, with what each event tells
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(config: Config, command: Command) -> Result<(), Failure> {
    let model = schema_file::model(&config)?;
    let store = parts::unprepared(&config, &model).await?;
    let store: &dyn Store = &*store;
    let outbox = store.outbox().ok_or_else(|| Failure::Failed("the store keeps no events".to_owned()))?;
    let failed =
        |error: StoreError| Failure::Failed(format!("the events cannot be read or changed: {error}"));
    match command {
        Command::List { dead, json } => {
            let which = if dead { Which::Dead } else { Which::All };
            list(outbox, which, json).await
        }
        Command::Retry { ids, all } => {
            let ids = (!all).then_some(&ids[..]);
            let count = outbox.retry(ids).await.map_err(failed)?;
            print(&format!("{} will be tried again.\n", counted(count as usize, "event")))?;
            match ids {
                Some(ids) if count < ids.len() as u64 => Err(Failure::Failed(format!(
                    "{} not in the outbox: delivered, or never there",
                    counted(ids.len() - count as usize, "event")
                ))),
                _ => Ok(()),
            }
        }
        Command::Tail { json } => {
            let stop = Stop::listen()?;
            tokio::select! {
                ended = tail(outbox, json) => ended,
                () = stop.told() => Ok(()),
            }
        }
    }
}

async fn list(outbox: &dyn Outbox, which: Which, json: bool) -> Result<(), Failure> {
    let mut last = None;
    loop {
        let events = read(outbox, which, last).await?;
        if !json && last.is_none() {
            print(&head())?;
        }
        events.iter().try_for_each(|event| print(&line(event, json)))?;
        match events.last().filter(|_| events.len() as u64 == PIECE) {
            Some(event) => last = Some(event.id),
            None => return Ok(()),
        }
    }
}

async fn tail(outbox: &dyn Outbox, json: bool) -> Result<(), Failure> {
    let mut shown: HashSet<Uuid> = HashSet::new();
    let mut first = true;
    loop {
        // Ids are made of the time before their events are committed.
        let mut last = Some(floor());
        let mut seen = HashSet::new();
        loop {
            let events = read(outbox, Which::All, last).await?;
            for event in &events {
                seen.insert(event.id);
                if !first && !shown.contains(&event.id) {
                    print(&line(event, json))?;
                }
            }
            match events.last().filter(|_| events.len() as u64 == PIECE) {
                Some(event) => last = Some(event.id),
                None => break,
            }
        }
        (shown, first) = (seen, false);
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// An id lower than all that have been made lately.
fn floor() -> Uuid {
    let now = bson::DateTime::now().timestamp_millis().max(0).cast_unsigned();
    let then = now.saturating_sub(LATE.as_millis() as u64);
    uuid::Builder::from_unix_timestamp_millis(then, &[0; 10]).into_uuid()
}

async fn read(outbox: &dyn Outbox, which: Which, last: Option<Uuid>) -> Result<Vec<Outgoing>, Failure> {
    let events = outbox.list(which, last, PIECE).await;
    events.map_err(|error| Failure::Failed(format!("the events cannot be read: {error}")))
}

fn head() -> String {
    format!(
        "{:<36}  {:<24}  {:<7}  {:>5}  {}\n",
        "id", "stored", "state", "tries", "sink, event, document, reason"
    )
}

fn line(event: &Outgoing, json: bool) -> String {
    let stored = moment::shown(event.at).unwrap_or_default();
    let state = match event {
        Outgoing { dead: true, .. } => "dead",
        Outgoing { due: 0, .. } => "new",
        _ => "waiting",
    };
    let Outgoing { id, sink, name, ty, document, tries, .. } = event;
    if json {
        let payload: Json = serde_json::from_str(&event.payload).unwrap_or_default();
        let due = (event.due > 0).then(|| moment::shown(event.due)).flatten();
        let told = json!({
            "id": id, "sink": sink, "event": name, "type": ty, "document": document, "stored": stored,
            "state": state, "tries": tries, "due": due, "reason": event.error, "payload": payload,
        });
        return format!("{told}\n");
    }
    let reason = event.error.as_ref().map(|error| format!("  {error}")).unwrap_or_default();
    format!("{id}  {stored:<24}  {state:<7}  {tries:>5}  {sink}  {name}  {ty} {document}{reason}\n")
}
