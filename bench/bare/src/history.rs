//! The viewing history as one writes it by hand on Redis, with the routes of `examples/history`, in two ways:
//!
//! - `json`: one value for each profile, a JSON array of its items, which is read as a whole and filtered here. A write
//!   reads it, changes it, and puts it back if nobody else has meanwhile; otherwise it begins again.
//! - `sets`: a hash of items for each profile, and a sorted set for each value of each dimension that is asked for. A write
//!   is one script.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use redis::aio::MultiplexedConnection;

use crate::{Failure, setting};

mod item;
mod json;
mod sets;

use item::{Asked, Item};

/// One of the two ways.
enum Model {
    Json(json::Arrays),
    Sets(sets::Sets),
}

struct Server {
    model: Model,
    redis: MultiplexedConnection,
}

type Shared = State<Arc<Server>>;

pub async fn run() -> Result<(), Failure> {
    let client = redis::Client::open(setting("REDIS")?)?;
    // A busy machine makes an answer late; the client's default would make an error of it.
    let patient = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let redis = client.get_multiplexed_async_connection_with_config(&patient).await?;
    let model = match setting("MODEL")?.as_str() {
        "json" => Model::Json(json::Arrays::new()),
        "sets" => Model::Sets(sets::Sets::new()),
        other => return Err(format!("MODEL={other} is neither json nor sets").into()),
    };
    let router = Router::new()
        .route("/v1/profiles/{profile}/history", get(history))
        .route("/v1/profiles/{profile}/history/{asset}", get(one).put(put))
        .route("/readyz", get(async || StatusCode::OK))
        .with_state(Arc::new(Server { model, redis }));
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{}", setting("PORT")?)).await?;
    Ok(axum::serve(listener, router).await?)
}

async fn history(State(server): Shared, Path(profile): Path<String>, RawQuery(query): RawQuery) -> Response {
    let (redis, asked) = (server.redis.clone(), Asked::parse(query.as_deref().unwrap_or_default()));
    let answer = match &server.model {
        Model::Json(arrays) => arrays.history(redis, &profile, &asked).await,
        Model::Sets(sets) => sets.history(redis, &profile, &asked).await,
    };
    answer.map_or_else(|error| fault(&error), answered)
}

async fn one(State(server): Shared, Path((profile, asset)): Path<(String, String)>) -> Response {
    let redis = server.redis.clone();
    let answer = match &server.model {
        Model::Json(arrays) => arrays.one(redis, &profile, &asset).await,
        Model::Sets(sets) => sets.one(redis, &profile, &asset).await,
    };
    match answer {
        Ok(Some(item)) => answered(item),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => fault(&error),
    }
}

async fn put(State(server): Shared, Path((profile, asset)): Path<(String, String)>, body: Bytes) -> Response {
    let Ok(mut item) = serde_json::from_slice::<Item<'_>>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    item.asset = asset.as_str().into();
    let redis = server.redis.clone();
    let answer = match &server.model {
        Model::Json(arrays) => arrays.put(redis, &profile, &item).await,
        Model::Sets(sets) => sets.put(redis, &profile, &item).await,
    };
    answer.map_or_else(|error| fault(&error), answered)
}

fn answered(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn fault(error: &Failure) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}
