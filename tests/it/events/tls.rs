//! Webhooks by TLS: an endpoint gets events only if it shows a certificate that is trusted.

use std::sync::Arc;

use oponn::config::{SinkKind, SinkSettings};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use super::events;
use super::sinks::{Endpoint, eventually, options, relay, webhook};
use crate::support::app::TestApp;

const SDL: &str = r#"type Item @collection @emit(name: "made", to: "hook", payload: {item: "$after.id"}) {
    id: ID! @id(as: STRING, client: true)
}"#;

/// What speaks TLS before an endpoint, and the certificate in PEM that it shows, which vouches for itself.
struct Secured {
    url: String,
    certificate: String,
    _serving: AbortOnDropHandle<()>,
}

impl Secured {
    async fn before(endpoint: &Endpoint, name: &str) -> Secured {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("it can be made");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("they fit");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let behind = endpoint.url.trim_start_matches("http://").trim_end_matches("/hook").to_owned();
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    // Clients that do not trust the certificate go away.
                    let Ok(mut client) = acceptor.accept(client).await else { return };
                    let mut endpoint = TcpStream::connect(behind).await.expect("the endpoint is there");
                    let _ = copy_bidirectional(&mut client, &mut endpoint).await;
                });
            }
        });
        let url = format!("https://localhost:{port}/hook");
        Secured { url, certificate: made.cert.pem(), _serving: AbortOnDropHandle::new(serving) }
    }

    /// A sink that trusts these certificates besides the system's, if there are some.
    fn sink(&self, trusted: Option<&std::path::Path>) -> SinkSettings {
        let mut sink = webhook("hook", &self.url);
        if let SinkKind::Webhook(settings) = &mut sink.kind {
            settings.ca_file = trusted.map(Into::into);
        }
        sink
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_told_if_its_certificate_is_trusted() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    };
    let app = TestApp::with(SDL).start().await;
    app.data("mutation { createItem(input: {id: \"a\"}) { id } }", json!({})).await;
    let endpoint = Endpoint::start().await;
    let ours = Secured::before(&endpoint, "localhost").await;
    let other = Secured::before(&endpoint, "other.example.com").await;
    let (certificate, elsewhere) =
        (file("ours.pem", &ours.certificate), file("other.pem", &other.certificate));
    let both = file("both.pem", &(other.certificate.clone() + &ours.certificate));
    // Nobody vouches for it; another certificate is trusted; it is trusted, and is of another host.
    for sink in [ours.sink(None), ours.sink(Some(&elsewhere)), other.sink(Some(&elsewhere))] {
        let tries = events(&app).await[0].tries;
        let relay = relay(&app, &[sink], options());
        eventually(|| async { events(&app).await[0].tries > tries }).await;
        let error = events(&app).await[0].error.clone().unwrap_or_default();
        assert!(error.contains("certificate"), "{error}");
        drop(relay);
        assert_eq!(endpoint.all().len(), 0);
    }
    for trusted in [&certificate, &both] {
        app.data("mutation { deleteItem(id: \"a\") { id } }", json!({})).await;
        app.data("mutation { createItem(input: {id: \"a\"}) { id } }", json!({})).await;
        let _relay = relay(&app, &[ours.sink(Some(trusted))], options());
        eventually(|| async { events(&app).await.is_empty() }).await;
    }
    assert!(endpoint.all().iter().any(|one| one.told == json!({ "item": "a" })));
}
