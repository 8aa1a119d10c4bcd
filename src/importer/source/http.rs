//! `kind = "http"`: a JSON API, read page by page.

use std::collections::VecDeque;

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::{CHUNK_RECORDS, Found, Source, items, take_items};
use crate::config::bare;
use crate::importer::Env;
use crate::importer::definition::Definition;
use crate::value::json;
use ends::Ends;
use fetch::Fetch;
use pagination::Pagination;
use retry::Retry;

mod ends;
mod fetch;
mod pagination;
mod placeholders;
mod retry;

struct Pages {
    url: reqwest::Url,
    items: Option<String>,
    fetch: Fetch,
    retry: Retry,
    pagination: Box<dyn Pagination>,
    ends: Ends,
    /// Records of pages already read, not yet returned.
    waiting: VecDeque<Json>,
    /// The number of records in the last page.
    last: Option<usize>,
    handed_on: u64,
    at_end: bool,
    /// Why reading failed.
    failed: Option<String>,
}

pub(super) fn define(definition: &mut Definition<'_>, env: Env<'_>) -> Option<Box<dyn Source>> {
    let url = url(definition, env);
    let headers = definition.table("headers", |headers| read_headers(headers, env)).unwrap_or_default();
    let items = items(definition);
    let fetch = Fetch::define(definition, headers);
    let retry = Retry::define(definition);
    let (pagination, ends) = match definition.has("pagination") {
        true => definition.table("pagination", pagination::define)?,
        false => pagination::none(),
    };
    Some(Box::new(Pages {
        url: url?,
        items,
        fetch,
        retry,
        pagination,
        ends,
        waiting: VecDeque::new(),
        last: None,
        handed_on: 0,
        at_end: false,
        failed: None,
    }))
}

fn url(definition: &mut Definition<'_>, env: Env<'_>) -> Option<reqwest::Url> {
    let text = definition.required("url", "give the address of the API")?;
    let url = placeholders::fill(&text, env).and_then(|text| match reqwest::Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err("this has to be an address that begins with `http://` or `https://`".to_owned()),
    });
    url.map_err(|message| definition.fault("url", message)).ok()
}

fn read_headers(definition: &mut Definition<'_>, env: Env<'_>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in definition.rest() {
        let header = value
            .as_str()
            .ok_or_else(|| "this has to be a text".to_owned())
            .and_then(|text| placeholders::fill(text, env))
            .and_then(|text| HeaderValue::from_str(&text).map_err(|_| "this cannot be a header".to_owned()))
            .and_then(|value| match HeaderName::from_bytes(name.as_bytes()) {
                Ok(name) => Ok((name, value)),
                Err(_) => Err("this is not the name of a header".to_owned()),
            });
        match header {
            Ok((name, mut value)) => {
                value.set_sensitive(true);
                headers.append(name, value);
            }
            Err(message) => definition.fault(&name, message),
        }
    }
    Some(headers)
}

impl Pages {
    /// Reads the next page; `false` if there is none.
    async fn read_page(&mut self) -> Result<bool, String> {
        let Some(parameters) = self.pagination.next(self.last)? else { return Ok(false) };
        let url = pagination::with(&self.url, &parameters);
        let Some(body) = self.retry.get(&self.fetch, &url, &self.ends).await? else { return Ok(false) };
        let records = json::parse(&body)
            .map_err(|error| format!("it is not valid JSON: {error}"))
            .and_then(|document| take_items(document, self.items.as_deref()))
            .map_err(|error| format!("the answer of {} cannot be used: {error}", bare(&url)))?;
        self.last = Some(records.len());
        self.waiting.extend(records);
        Ok(true)
    }
}

#[async_trait]
impl Source for Pages {
    async fn next(&mut self) -> Result<Option<Vec<Found>>, String> {
        while self.waiting.len() < CHUNK_RECORDS && !self.at_end && self.failed.is_none() {
            match self.read_page().await {
                Ok(more) => self.at_end = !more,
                Err(reason) => self.failed = Some(reason),
            }
        }
        // What was read before a failure is handed on first.
        if self.waiting.is_empty()
            && let Some(reason) = self.failed.take()
        {
            return Err(reason);
        }
        let count = self.waiting.len().min(CHUNK_RECORDS);
        self.handed_on += count as u64;
        Ok((count > 0).then(|| self.waiting.drain(..count).map(Ok).collect()))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (self.handed_on, None)
    }
}
