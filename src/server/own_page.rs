//! Whether a web page may have a query carried out that its browser sends without asking first.
//!
//! A browser asks (by a preflight request) before it sends what a page of another site wants to POST as JSON. A GET it
//! sends at once, along with whatever it knows the user by. The page does not see the answer, but it can see how long
//! it took, and it has the server work on behalf of the user. Programs that are no browsers say nothing of where a
//! request comes from, and are believed.

use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, StatusCode, Uri};

use super::ServerOptions;
use super::fault::RequestFault;
use crate::metrics::ErrorCode;

/// How browsers say where a request comes from, in relation to where it goes. No page can change it.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a GET that a page of another origin caused, unless `cors.origins` has the origin.
pub(super) fn require_own_page(
    options: &ServerOptions,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), RequestFault> {
    let origin = headers.get(ORIGIN).map(|origin| origin.as_bytes());
    let is_own = match (headers.get(SITE).map(|site| site.as_bytes()), origin) {
        // A page of this server, or nobody's: an address that was typed.
        (Some(b"same-origin" | b"none"), _) | (None, None) => true,
        (Some(_), _) => false,
        // A browser that does not say more.
        (None, Some(origin)) => host(uri, headers).is_some_and(|host| is_at(origin, host)),
    };
    let is_named = || {
        let mut named = options.cors_origins.iter().map(String::as_bytes);
        named.any(|named| named == b"*" || origin.is_some_and(|origin| origin.eq_ignore_ascii_case(named)))
    };
    if is_own || is_named() {
        return Ok(());
    }
    let message = "A page of another site may not query by GET. Send a POST with `content-type: application/json`, \
                   from an origin that is in `cors.origins` of the server's settings.";
    let fault = RequestFault::new(StatusCode::FORBIDDEN, message);
    Err(RequestFault { code: ErrorCode::Forbidden, ..fault })
}

/// Where the request went: HTTP/2 has it in the address.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a [u8]> {
    let of_address = uri.authority().map(|authority| authority.as_str().as_bytes());
    of_address.or_else(|| headers.get(HOST).map(|host| host.as_bytes()))
}

/// Whether an origin is a scheme and this host.
fn is_at(origin: &[u8], host: &[u8]) -> bool {
    let rest = origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"));
    rest.is_some_and(|rest| !rest.is_empty() && rest.eq_ignore_ascii_case(host))
}
