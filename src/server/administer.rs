//! The cache at the admin listener: what is in it, and how to empty it.
//!
//! To empty it takes a method that no page of another site can make a browser send without being asked for leave first.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde_json::{Map, Value as Json, json};

use super::ServerState;
use super::fault::RequestFault;
use crate::cache::CacheError;
use crate::metrics::ErrorCode;
use crate::schema::Collection;
use crate::spelling::suggestion;
use crate::value::Time;

/// The route.
pub(super) fn cache() -> MethodRouter<Arc<ServerState>> {
    get(stats).delete(clear).fallback(async |method: Method| {
        let message =
            format!("{method} cannot be used here; use GET to look at the cache, or DELETE to empty it.");
        RequestFault::method("GET, HEAD, DELETE", message)
    })
}

/// How much is cached of each type.
async fn stats(State(state): State<Arc<ServerState>>) -> Result<Response, RequestFault> {
    let engine = state.engine();
    let stats = engine.cache().stats().await.map_err(away)?;
    let of_type = |collection: &Arc<Collection>| {
        let stats = stats.get(&collection.name).copied().unwrap_or_default();
        let told = json!({ "entities": stats.entities, "batches": stats.batches });
        (collection.name.to_string(), told)
    };
    let types: Map<String, Json> = engine.model().collections.iter().map(of_type).collect();
    Ok(answer(json!({ "cache": engine.cache().name(), "types": types })))
}

/// Empties the cache, or what is in it of a type; for all servers that share it.
async fn clear(State(state): State<Arc<ServerState>>, uri: Uri) -> Result<Response, RequestFault> {
    let (cache, model) = (state.engine().cache(), state.engine().model());
    let types: Vec<Arc<str>> = match part(&uri)? {
        None => {
            cache.clear().await.map_err(away)?;
            model.collections.iter().map(|collection| collection.name.clone()).collect()
        }
        Some(ty) => {
            let types = model.members(&ty);
            if types.is_empty() {
                let names: Vec<&str> = model.collections.iter().map(|collection| &*collection.name).collect();
                let message = format!("The schema has no type {ty}; {}.", suggestion(&ty, names));
                return Err(RequestFault {
                    code: ErrorCode::NotFound,
                    ..RequestFault::new(StatusCode::NOT_FOUND, message)
                });
            }
            cache.drop_types(&types, Time(0)).await.map_err(away)?;
            types
        }
    };
    tracing::info!(types = types.join(", "), "the cache was emptied from the admin listener");
    let types: Vec<&str> = types.iter().map(|ty| &**ty).collect();
    Ok(answer(json!({ "emptied": types })))
}

/// The type of which to empty the cache; `None` for all of it.
fn part(uri: &Uri) -> Result<Option<String>, RequestFault> {
    let mut given = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some((name, ty)), None) if name == "type" => Ok(Some(ty.into_owned())),
        _ => {
            let message = "The only parameter is `type`, the name of a type: DELETE /cache?type=Book.";
            Err(RequestFault::bad_request(message))
        }
    }
}

fn away(error: CacheError) -> RequestFault {
    tracing::warn!(%error, "the cache could not be administered");
    let message = "The cache cannot be reached; the log has the reason.";
    RequestFault {
        code: ErrorCode::Unavailable,
        ..RequestFault::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }
}

fn answer(body: Json) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body.to_string()).into_response()
}
