//! Content negotiation: which media type the client wants, and which one it sent.

use axum::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, UPGRADE};
use axum::http::{HeaderMap, StatusCode};

use super::fault::RequestFault;
use super::media::Media;

impl Media {
    /// The best media type that the client accepts; at equal weights, the modern one.
    pub(super) fn negotiate(headers: &HeaderMap) -> Result<Media, RequestFault> {
        if !headers.contains_key(ACCEPT) {
            return Ok(Media::GraphqlResponse);
        }
        let ranges = ranges(headers);
        let weight = |media: &str| weight(&ranges, media);
        let (modern, plain) = (weight("application/graphql-response+json"), weight("application/json"));
        match (modern, plain) {
            (0, 0) if weight("text/event-stream") > 0 => Err(RequestFault::new(
                StatusCode::NOT_ACCEPTABLE,
                "There are no subscriptions in this API yet, so there is no text/event-stream; accept \
                 application/graphql-response+json or application/json.",
            )),
            (0, 0) => Err(RequestFault::new(
                StatusCode::NOT_ACCEPTABLE,
                "Accept application/graphql-response+json or application/json.",
            )),
            _ if modern >= plain => Ok(Media::GraphqlResponse),
            _ => Ok(Media::Json),
        }
    }
}

/// Whether the client accepts a media type.
pub(super) fn accepts(headers: &HeaderMap, media: &str) -> bool {
    !headers.contains_key(ACCEPT) || weight(&ranges(headers), media) > 0
}

/// Whether the client is a browser that shows a page: it prefers HTML to every media type of the API.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let ranges = ranges(headers);
    let html = ranges.iter().find(|range| range.media.eq_ignore_ascii_case("text/html"));
    html.is_some_and(|html| {
        html.weight > 0
            && html.weight > weight(&ranges, "application/graphql-response+json")
            && html.weight > weight(&ranges, "application/json")
    })
}

/// Whether the client asks to upgrade to WebSocket.
pub(super) fn asks_for_websocket(headers: &HeaderMap) -> bool {
    let values = headers.get_all(UPGRADE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|name| name.trim().eq_ignore_ascii_case("websocket"))
}

/// Whether the client accepts gzip, and prefers no other coding to it.
pub(super) fn prefers_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let (mut gzip, mut other) = (0.0, 0.0_f32);
    for coding in values.flat_map(|value| value.split(',')) {
        let (name, parameter) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = parameter.trim().strip_prefix("q=").and_then(|quality| quality.parse().ok());
        let quality = quality.unwrap_or(1.0);
        match name.trim().eq_ignore_ascii_case("gzip") {
            true => gzip = quality,
            false => other = other.max(quality),
        }
    }
    gzip > 0.0 && gzip >= other
}

/// Requires that the body is JSON in UTF-8.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), RequestFault> {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let mut parts = value.unwrap_or_default().split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
            charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    match is_json && is_utf8 {
        true => Ok(()),
        false => Err(RequestFault::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Send the request as JSON in UTF-8, with the header `content-type: application/json`.",
        )),
    }
}

/// All ranges of the `accept` header.
fn ranges(headers: &HeaderMap) -> Vec<Range<'_>> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(Range::parse).collect()
}

/// How much the client wants a media type.
fn weight(ranges: &[Range<'_>], media: &str) -> u32 {
    let of_kind = ranges.iter().filter(|range| range.covers(media));
    of_kind.max_by_key(|range| range.precision()).map_or(0, |range| range.weight)
}

/// One range of an `accept` header.
struct Range<'a> {
    media: &'a str,
    /// In thousandths.
    weight: u32,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Range<'a>> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().filter(|media| media.contains('/'))?;
        let quality = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim() == "q");
        let quality = quality.map_or(Some(1.0), |(_, value)| value.trim().parse::<f32>().ok())?;
        Some(Range { media, weight: (quality.clamp(0.0, 1.0) * 1000.0) as u32 })
    }

    fn covers(&self, media: &str) -> bool {
        self.media.eq_ignore_ascii_case(media) || matches!(self.media, "*/*" | "application/*")
    }

    /// An exact type takes precedence over `application/*`, which takes precedence over `*/*`.
    fn precision(&self) -> u8 {
        match self.media {
            "*/*" => 0,
            "application/*" => 1,
            _ => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn negotiated(accept: &str) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).expect("a header"));
        Media::negotiate(&headers).ok()
    }

    #[test]
    fn takes_the_best_of_what_is_accepted() {
        assert_eq!(Media::negotiate(&HeaderMap::new()).ok(), Some(Media::GraphqlResponse));
        for (accept, media) in [
            ("*/*", Some(Media::GraphqlResponse)),
            ("application/json", Some(Media::Json)),
            ("application/JSON; charset=utf-8", Some(Media::Json)),
            ("application/json, application/graphql-response+json", Some(Media::GraphqlResponse)),
            ("application/json, application/graphql-response+json;q=0.9", Some(Media::Json)),
            ("application/json, */*;q=0.1", Some(Media::Json)),
            ("application/graphql-response+json;q=0, */*", Some(Media::Json)),
            ("text/html", None),
            ("text/html, */*;q=0.1", Some(Media::GraphqlResponse)),
            ("application/json;q=0", None),
            ("nonsense", None),
        ] {
            assert_eq!(negotiated(accept), media, "{accept}");
        }
    }

    #[test]
    fn sees_a_browser() {
        for (accept, browser) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", true),
            ("text/html", true),
            ("text/html, application/json;q=0.9", true),
            ("text/html, application/json", false),
            ("text/html;q=0", false),
            ("text/html, */*", false),
            ("*/*", false),
            ("text/*", false),
            ("application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(prefers_html(&headers), browser, "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }

    #[test]
    fn sees_whether_gzip_is_wanted() {
        for (accept, taken) in [
            ("gzip", true),
            ("br;q=0.4, GZIP ; q=0.5", true),
            ("br, gzip;q=0.5", false),
            ("deflate,gzip;q=1.0", true),
            ("br, gzip, deflate, zstd", true),
            ("gzip;q=0", false),
            ("gzip;q=0.0, br", false),
            ("br", false),
            ("xgzip", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_str(accept).expect("a header"));
            assert_eq!(prefers_gzip(&headers), taken, "{accept}");
        }
        assert!(!prefers_gzip(&HeaderMap::new()));
    }

    #[test]
    fn wants_json_in_utf8() {
        for (content_type, fine) in [
            ("application/json", true),
            ("Application/Json ; charset=\"UTF-8\"", true),
            ("application/json; charset=latin1", false),
            ("application/graphql", false),
            ("text/plain", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            assert_eq!(require_json(&headers).is_ok(), fine, "{content_type}");
        }
        assert!(require_json(&HeaderMap::new()).is_err());
    }
}
