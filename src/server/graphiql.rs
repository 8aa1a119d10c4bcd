//! GraphiQL, served from the binary: it works without the internet.
//!
//! `assets/graphiql/README.md` says where the files come from.

use std::io::Read;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::ServerState;
use super::fault::RequestFault;
use super::html::escaped;

/// Part of the files' addresses, so that browsers may cache them for ever.
macro_rules! version {
    () => {
        "3.9.0"
    };
}

const TEMPLATE: &str = include_str!("../../assets/graphiql/index.html");

/// Scripts come only from here; styles may be inline too, because the editor makes them; fonts are inside the styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

struct File {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    /// Whether the bytes are gzipped and never change under this name.
    packed: bool,
}

macro_rules! file {
    ($name:literal, $content_type:literal) => {
        File {
            name: concat!(version!(), "-", $name),
            content_type: $content_type,
            bytes: include_bytes!(concat!("../../assets/graphiql/", $name, ".gz")),
            packed: true,
        }
    };
}

const FILES: [File; 5] = [
    file!("react.production.min.js", "text/javascript; charset=utf-8"),
    file!("react-dom.production.min.js", "text/javascript; charset=utf-8"),
    file!("graphiql.min.js", "text/javascript; charset=utf-8"),
    file!("graphiql.min.css", "text/css; charset=utf-8"),
    File {
        name: "start.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/graphiql/start.js"),
        packed: false,
    },
];

/// The editor's page, with the application's first query.
pub(super) struct Page(Bytes);

impl Page {
    pub(super) fn new(query: &str) -> Page {
        Page(TEMPLATE.replace("{version}", version!()).replace("{query}", &escaped(query)).into())
    }
}

/// `GET /`
pub(super) async fn page(State(state): State<Arc<ServerState>>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // For browsers that do not know the policy's `frame-ancestors`.
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, state.page.0.clone()).into_response()
}

/// `GET /graphiql/<file>`
pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(file) = FILES.iter().find(|file| file.name == name) else {
        return RequestFault::new(StatusCode::NOT_FOUND, "There is no such file; the editor is at /.")
            .into_response();
    };
    let gzip = file.packed && accepts_gzip(&headers);
    let body = match file.packed && !gzip {
        true => Body::from(unpacked(file.bytes)),
        false => Body::from(file.bytes),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if file.packed {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }),
    );
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        matches!(name.trim(), "gzip" | "*") && weight.is_some_and(|weight| weight > 0.0)
    })
}

fn unpacked(gzip: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(gzip)
        .read_to_end(&mut bytes)
        .expect("the files in the binary are whole; a test unpacks each");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_can_be_unpacked_and_the_page_names_them_all() {
        let page = String::from_utf8(Page::new("{ a }").0.to_vec()).expect("text");
        for file in FILES {
            assert!(!file.packed || !unpacked(file.bytes).is_empty());
            assert!(page.contains(&format!("\"graphiql/{}\"", file.name)), "{} in {page}", file.name);
        }
    }
}
