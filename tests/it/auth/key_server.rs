//! An issuer's server of keys, which answers as a test wants.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::task::AbortOnDropHandle;

/// How the server answers.
#[derive(Clone)]
pub enum Says {
    Keys(Vec<Json>),
    Text(String),
    Status(u16),
    /// Nothing, until the test lets the answers out.
    Later(Vec<Json>),
    Elsewhere(String),
}

pub struct KeyServer {
    shared: Arc<Shared>,
    address: String,
    serving: AbortOnDropHandle<()>,
}

struct Shared {
    says: Mutex<Says>,
    asked: watch::Sender<u64>,
    passes: Semaphore,
}

impl KeyServer {
    pub async fn start(keys: Vec<Json>) -> KeyServer {
        KeyServer::that(Says::Keys(keys)).await
    }

    pub async fn that(says: Says) -> KeyServer {
        let shared = Arc::new(Shared {
            says: Mutex::new(says),
            asked: watch::Sender::new(0),
            passes: Semaphore::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let router = Router::new().route("/keys", get(answer)).with_state(shared.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        KeyServer { shared, address, serving: AbortOnDropHandle::new(serving) }
    }

    pub fn url(&self) -> String {
        format!("http://{}/keys", self.address)
    }

    pub fn says(&self, says: Says) {
        *self.shared.says.lock() = says;
    }

    /// How often it was asked.
    pub fn asked(&self) -> u64 {
        *self.shared.asked.borrow()
    }

    /// Waits until it was asked so often.
    pub async fn was_asked(&self, times: u64) {
        self.shared.asked.subscribe().wait_for(|asked| *asked >= times).await.expect("the sender is here");
    }

    /// Lets so many answers out.
    pub fn pass(&self, answers: usize) {
        self.shared.passes.add_permits(answers);
    }

    /// Goes away for good.
    pub async fn stop(self) {
        self.serving.abort();
        let ended = self.serving.await;
        assert!(ended.is_err_and(|error| error.is_cancelled()));
    }
}

async fn answer(State(shared): State<Arc<Shared>>) -> Response {
    let says = shared.says.lock().clone();
    shared.asked.send_modify(|asked| *asked += 1);
    match says {
        Says::Keys(keys) => json!({ "keys": keys }).to_string().into_response(),
        Says::Text(text) => text.into_response(),
        Says::Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Says::Later(keys) => {
            shared.passes.acquire().await.expect("it stays open").forget();
            json!({ "keys": keys }).to_string().into_response()
        }
        Says::Elsewhere(url) => (StatusCode::FOUND, [("location", url)]).into_response(),
    }
}
