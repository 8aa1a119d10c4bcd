//! The floor of what a cached read costs with these parts: one Lua script that reads a page in full (ids,
//! documents, stamps) over one multiplexed connection, and serde. It does not parse GraphQL: which page a
//! request means is looked up by the bytes of its body.
//!
//! - `POST /graphql`: the page, as above
//! - `POST /get`: one GET of an answer that is stored ready
//! - `POST /hello`: no Redis at all

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, Script};
use serde::Deserialize;

use crate::page::{Answer, Book, Books, Nodes, OneBook};
use crate::{Failure, setting};

/// A page: the ids of a window of the list, their documents, their stamps.
const PAGE: &str = r"
local ids = redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1)
if #ids == 0 then return {ids, {}, {}} end
local keys = {}
for place, id in ipairs(ids) do keys[place] = 'e:' .. id end
return {ids, redis.call('MGET', unpack(keys)), redis.call('HMGET', 'stamps', unpack(ids))}
";
/// A document and its stamp.
const ENTITY: &str = r"return {redis.call('GET', 'e:' .. ARGV[1]), redis.call('HGET', 'stamps', ARGV[1])}";

/// What a request means.
#[derive(Deserialize)]
struct Known {
    /// The request's body, byte for byte.
    body: String,
    #[serde(flatten)]
    what: What,
    /// Key of the stored answer.
    answer: String,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    List { key: String, first: usize },
    Entity { id: String },
}

struct Server {
    known: HashMap<Vec<u8>, (What, String)>,
    redis: MultiplexedConnection,
    page: Script,
    entity: Script,
}

type Shared = State<Arc<Server>>;

pub async fn run() -> Result<(), Failure> {
    let known: Vec<Known> = serde_json::from_slice(&std::fs::read(setting("PAGES")?)?)?;
    let client = redis::Client::open(setting("REDIS")?)?;
    // A busy machine makes an answer late; the client's default would make an error of it.
    let patient = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let server = Server {
        known: known.into_iter().map(|known| (known.body.into_bytes(), (known.what, known.answer))).collect(),
        redis: client.get_multiplexed_async_connection_with_config(&patient).await?,
        page: Script::new(PAGE),
        entity: Script::new(ENTITY),
    };
    let router = Router::new()
        .route("/graphql", post(page))
        .route("/get", post(stored))
        .route("/hello", post(async || json(b"{\"data\":{}}".to_vec())))
        .route("/readyz", get(async || StatusCode::OK))
        .with_state(Arc::new(server));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", setting("PORT")?)).await?;
    Ok(axum::serve(listener, router).await?)
}

async fn page(State(server): Shared, body: Bytes) -> Response {
    let Some((what, _)) = server.known.get(&body[..]) else { return StatusCode::NOT_FOUND.into_response() };
    let answer = match what {
        What::List { key, first } => list(&server, key, *first).await,
        What::Entity { id } => entity(&server, id).await,
    };
    answer.map_or_else(|error| fault(&error), json)
}

async fn list(server: &Server, key: &str, first: usize) -> Result<Vec<u8>, Failure> {
    type Page = (Vec<String>, Vec<Vec<u8>>, Vec<String>);
    let mut redis = server.redis.clone();
    let (_ids, documents, _stamps): Page = server.page.key(key).arg(first).invoke_async(&mut redis).await?;
    let nodes = documents.iter().map(|document| serde_json::from_slice::<Book<'_>>(document));
    let nodes = Nodes { nodes: nodes.collect::<Result<_, _>>()? };
    Ok(serde_json::to_vec(&Answer { data: Books { books: nodes } })?)
}

async fn entity(server: &Server, id: &str) -> Result<Vec<u8>, Failure> {
    let mut redis = server.redis.clone();
    let (document, _stamp): (Option<Vec<u8>>, Option<String>) =
        server.entity.arg(id).invoke_async(&mut redis).await?;
    let book = document.as_deref().map(serde_json::from_slice::<Book<'_>>).transpose()?;
    Ok(serde_json::to_vec(&Answer { data: OneBook { book } })?)
}

async fn stored(State(server): Shared, body: Bytes) -> Response {
    let Some((_, key)) = server.known.get(&body[..]) else { return StatusCode::NOT_FOUND.into_response() };
    let mut redis = server.redis.clone();
    redis.get::<_, Vec<u8>>(key).await.map_or_else(|error| fault(&error.into()), json)
}

fn json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn fault(error: &Failure) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}
