//! Events of changes: which ones there are, through every way of writing, and that they get where they are to.

mod delivery;
mod outbox;
mod program;
mod sinks;
#[cfg(feature = "sqs")]
mod sqs;
mod tls;

use std::collections::BTreeMap;

use oponn::store::outbox::{Outgoing, Which};
use serde_json::Value as Json;

use crate::support::app::{CacheKind, StoreKind, TestApp};

/// The places on which every case runs.
const PLACES: [(StoreKind, CacheKind); 2] =
    [(StoreKind::Sqlite, CacheKind::Memory), (StoreKind::Mongo, CacheKind::Redis)];

const SHOP: &str = r#"
    type Shop @collection
      @emit(name: "shop", to: "bi") {
      id: ID!
      name: String! @unique
      items: [Item!]! @hasMany(field: "shopId", onDelete: CASCADE)
      signs: [Sign!]! @hasMany(field: "shopId", onDelete: SET_NULL)
    }
    type Item @collection
      @emit(name: "priced", on: [CREATE, UPDATE], when: {price: {gt: "$before.price"}}, to: "bi",
            payload: {event: "priced", item: "$document.id", old: "$before.price", new: "$after.price"})
      @emit(name: "gone", on: [DELETE], to: "search", payload: {item: "$document.id", was: "$before"}) {
      id: ID! @id(as: STRING, client: true)
      name: String! @unique
      price: Int
      shopId: ID
      shop: Shop @belongsTo(field: "shopId")
      changed: DateTime! @updatedAt
      version: Int! @version
    }
    type Sign @collection @emit(name: "sign", on: [UPDATE], to: "bi") {
      id: ID! @id(as: STRING, client: true)
      shopId: ID
      shop: Shop @belongsTo(field: "shopId")
    }
    type Plain @collection { id: ID! @id(as: STRING, client: true) name: String version: Int! @version }
"#;

/// All events, by lane and in the order of their delivery.
async fn events(app: &TestApp) -> Vec<Outgoing> {
    let outbox = app.engine.store().outbox().expect("the store has an outbox");
    let mut all = outbox.list(Which::All, None, 10_000).await.expect("it can be read");
    let mut lanes: BTreeMap<String, Vec<Outgoing>> = BTreeMap::new();
    // Their places say the order, and nothing else.
    all.drain(..).rev().for_each(|event| lanes.entry(event.lane()).or_default().push(event));
    lanes.values_mut().for_each(|lane| lane.sort_by_key(|event| event.place));
    lanes.into_values().flatten().collect()
}

/// Takes all events out: their names and what they tell.
async fn taken(app: &TestApp) -> Vec<(String, Json)> {
    let all = events(app).await;
    let outbox = app.engine.store().outbox().expect("the store has an outbox");
    let ids: Vec<_> = all.iter().map(|event| event.id).collect();
    outbox.delivered(&ids).await.expect("they can be removed");
    let told =
        |event: Outgoing| (event.name, serde_json::from_str(&event.payload).expect("an event tells JSON"));
    all.into_iter().map(told).collect()
}
