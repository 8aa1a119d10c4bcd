//! Sinks that tests look into.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oponn::config::{Secret, SinkKind, SinkSettings, StreamSettings, WebhookSettings};
use oponn::events::{Relay, RelayOptions, sinks};
use parking_lot::Mutex;
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::support::app::TestApp;

/// The secret of all webhooks.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Longest wait for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Says what an endpoint answers to an event.
type Answer = Box<dyn Fn(&Json) -> u16 + Send + Sync>;

/// One request to an endpoint.
#[derive(Clone)]
pub struct Received {
    pub id: String,
    pub told: Json,
    pub status: u16,
}

/// An endpoint that takes webhooks.
pub struct Endpoint {
    pub url: String,
    inner: Arc<Inner>,
    _serving: AbortOnDropHandle<()>,
}

struct Inner {
    answer: Mutex<Answer>,
    received: watch::Sender<Vec<Received>>,
}

impl Endpoint {
    /// That takes everything.
    pub async fn start() -> Endpoint {
        let inner =
            Arc::new(Inner { answer: Mutex::new(Box::new(|_| 204)), received: watch::Sender::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
        let router = Router::new().route("/hook", post(take)).with_state(inner.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Endpoint { url, inner, _serving: AbortOnDropHandle::new(serving) }
    }

    /// Answers so from now on.
    pub fn answers(&self, answer: impl Fn(&Json) -> u16 + Send + Sync + 'static) {
        *self.inner.answer.lock() = Box::new(answer);
    }

    /// Waits until what has been received is enough.
    pub async fn until(&self, enough: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        let mut received = self.inner.received.subscribe();
        let all = tokio::time::timeout(PATIENCE, received.wait_for(|all| enough(all))).await;
        match all {
            Ok(all) => all.expect("the sender is here").clone(),
            Err(_) => {
                let all: Vec<String> =
                    self.all().iter().map(|one| format!("{} {}", one.status, one.told)).collect();
                panic!("nothing more comes after {all:#?}")
            }
        }
    }

    /// Waits until so many have been taken.
    pub async fn taken(&self, count: usize) -> Vec<Received> {
        let taken = |all: &[Received]| all.iter().filter(|one| one.status < 300).count() >= count;
        let all = self.until(taken).await;
        all.into_iter().filter(|one| one.status < 300).collect()
    }

    pub fn all(&self) -> Vec<Received> {
        self.inner.received.borrow().clone()
    }

    pub fn sink(&self, name: &str) -> SinkSettings {
        webhook(name, &self.url)
    }
}

async fn take(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: String) -> (StatusCode, HeaderMap) {
    let header = |name: &str| headers.get(name).expect(name).to_str().expect("text").to_owned();
    let (id, at, signature) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).expect("it is Base64");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
    let signed = STANDARD.decode(signature.strip_prefix("v1,").expect("the version")).expect("it is Base64");
    ring::hmac::verify(&key, format!("{id}.{at}.{body}").as_bytes(), &signed).expect("it is signed");
    assert_eq!(header("content-type"), "application/json");
    let told: Json = serde_json::from_str(&body).expect("JSON");
    let status = (inner.answer.lock())(&told);
    inner.received.send_modify(|all| all.push(Received { id, told, status }));
    let mut headers = HeaderMap::new();
    headers.insert("location", "/other".parse().expect("a header"));
    (StatusCode::from_u16(status).expect("a status"), headers)
}

pub fn webhook(name: &str, url: &str) -> SinkSettings {
    let url = url::Url::parse(url).expect("it is a URL");
    let webhook = WebhookSettings { url, secret: Secret(SECRET.to_owned()), ca_file: None };
    sink(name, SinkKind::Webhook(webhook))
}

pub fn stream(name: &str, url: &str, stream: &str, length: Option<u64>) -> SinkSettings {
    let (url, stream) = (Secret(url.to_owned()), stream.to_owned());
    sink(name, SinkKind::RedisStream(StreamSettings { url, stream, length }))
}

pub fn sink(name: &str, kind: SinkKind) -> SinkSettings {
    SinkSettings { name: name.to_owned(), timeout: Duration::from_secs(10), kind }
}

/// How the relays of tests work: quickly.
pub fn options() -> RelayOptions {
    RelayOptions {
        first_pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(200),
        poll: Duration::from_millis(20),
        ..RelayOptions::default()
    }
}

/// A relay of a server's events. It ends with this value, without a word to the others.
pub fn relay(app: &TestApp, settings: &[SinkSettings], options: RelayOptions) -> AbortOnDropHandle<()> {
    let sinks = sinks(settings).expect("the sinks are right");
    let relay = Relay::new(app.engine.clone(), sinks, options);
    AbortOnDropHandle::new(tokio::spawn(async move { relay.run().await }))
}

/// Waits until this is so.
pub async fn eventually<F: Future<Output = bool>>(is_so: impl Fn() -> F) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes to be so");
}
