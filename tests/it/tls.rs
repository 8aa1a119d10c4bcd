//! TLS: what is spoken, certificates that change, and clients that do not come to the point.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use h2::client::Builder;
use oponn::server::{self, Listeners, Server, ServerOptions, Tls, TlsFiles};
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::bounds::until;
use crate::support::app::TestApp;
use crate::support::http2::{Http2, whole};
use crate::support::program::{Folder, SDL};
use crate::support::raw::Raw;

const TRIVIAL: &str = r#"{"data":{"__typename":"Query"}}"#;
const SETTINGS: &str = "[tls]\ncert = 'tls.crt'\nkey = 'tls.key'\n";

/// A certificate that vouches for itself, and its key.
struct Pair {
    cert: String,
    key: String,
    trusted: CertificateDer<'static>,
}

impl Pair {
    fn new() -> Pair {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it can be made");
        let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        Pair { cert, key, trusted: made.cert.der().clone() }
    }

    /// With its files.
    fn at(folder: &Folder) -> Pair {
        let pair = Pair::new();
        pair.write(folder);
        pair
    }

    fn write(&self, folder: &Folder) {
        folder.write("tls.crt", &self.cert);
        folder.write("tls.key", &self.key);
    }

    /// A connection of a client that trusts nothing else.
    async fn connect(
        &self,
        address: &str,
        protocols: &[&[u8]],
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions);
        let config = config.expect("versions").with_root_certificates(roots);
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        let name = "localhost".try_into().expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    async fn is_shown_at(&self, address: &str) -> bool {
        self.connect(address, &[], &[&TLS13]).await.is_ok()
    }
}

/// What is answered to an operation over HTTP/1.1.
async fn answer(stream: &mut TlsStream<TcpStream>) -> String {
    let request = "GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let (mut all, mut piece) = (Vec::new(), [0; 1024]);
    while !all.ends_with(b"}") {
        match stream.read(&mut piece).await.expect("the server answers") {
            0 => break,
            read => all.extend_from_slice(&piece[..read]),
        }
    }
    String::from_utf8(all).expect("text")
}

fn assert_trivial(answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(TRIVIAL), "{answer}");
}

#[tokio::test]
async fn both_versions_and_both_protocols_are_spoken() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", SETTINGS);
    let pair = Pair::at(&folder);
    let serving = folder.serve(&[]);
    for (version, spoken) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)] {
        let connect = async |protocols: &[&[u8]]| {
            let stream = pair.connect(&serving.address, protocols, &[version]).await.expect("it is right");
            assert_eq!(stream.get_ref().1.protocol_version(), Some(spoken));
            let agreed = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
            (stream, agreed)
        };
        let (stream, agreed) = connect(&[b"http/1.1", b"h2"]).await;
        assert_eq!(agreed.as_deref(), Some(&b"h2"[..]), "the server prefers it");
        let mut http2 = Http2::on(stream, &Builder::new()).await;
        assert_eq!(whole(http2.query("{ __typename }").await).await, (200, TRIVIAL.to_owned()));
        for (protocols, expected) in [(&[&b"http/1.1"[..]][..], Some(&b"http/1.1"[..])), (&[], None)] {
            let (mut stream, agreed) = connect(protocols).await;
            assert_eq!(agreed.as_deref(), expected);
            assert_trivial(&answer(&mut stream).await);
        }
    }
    assert_eq!(serving.stop().0, Some(0));
}

#[tokio::test]
async fn clients_trust_it_and_operators_need_not() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", &format!("[admin]\nlisten = '127.0.0.1:0'\n{SETTINGS}"));
    let pair = Pair::at(&folder);
    let serving = folder.serve(&[]);
    let trusted = reqwest::Certificate::from_pem(pair.cert.as_bytes()).expect("a certificate");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().expect("a client");
    let port = serving.address.rsplit(':').next().expect("a port");
    let request = client.post(format!("https://localhost:{port}/graphql"));
    let request = request.json(&json!({ "query": "{ books { totalCount } }" }));
    let answer: Json = request.send().await.expect("the server answers").json().await.expect("JSON");
    assert_eq!(answer, json!({"data": {"books": {"totalCount": 2}}}));
    let ready = serving.lines.iter().find(|line| line["message"] == "ready").expect("it is ready");
    let admin = ready["admin"].as_str().expect("an address");
    assert_eq!(Raw::connect(admin).await.get("/healthz").await.status, 200);
    // Without TLS nobody is a client, and with another certificate it is not this server.
    let mut raw = Raw::connect(&serving.address).await;
    raw.query("{ __typename }").await;
    assert!(raw.answer().await.is_none());
    assert!(!Pair::new().is_shown_at(&serving.address).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_change_are_read_again() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", SETTINGS);
    let first = Pair::at(&folder);
    let mut serving = folder.serve(&[]);
    let mut kept = first.connect(&serving.address, &[], &[&TLS13]).await.expect("it is right");
    let second = Pair::at(&folder);
    serving.until_logged("the certificate has been read again");
    assert!(second.is_shown_at(&serving.address).await);
    assert!(!first.is_shown_at(&serving.address).await);
    assert_trivial(&answer(&mut kept).await);
    // What is broken changes nothing, whichever of the files it is.
    for (name, text, fault) in [
        ("tls.key", first.key.as_str(), "tls.key is not the key of the first certificate in"),
        ("tls.key", "S3CRET", "tls.key has no private key in PEM"),
        ("tls.crt", "", "tls.crt has no certificates in PEM"),
    ] {
        folder.write(name, text);
        let told = serving.until_logged("the certificate before this one is kept");
        assert!(told["fault"].as_str().is_some_and(|told| told.contains(fault)), "{told}");
        assert!(!told.to_string().contains("S3CRET"), "{told}");
        assert!(second.is_shown_at(&serving.address).await, "{fault}");
        second.write(&folder);
        serving.until_logged("the certificate has been read again");
    }
    std::fs::remove_file(folder.path().join("tls.crt")).expect("it can go");
    let told = serving.until_logged("the certificate before this one is kept");
    assert!(told["fault"].as_str().is_some_and(|told| told.contains("tls.crt cannot be read")), "{told}");
    assert!(second.is_shown_at(&serving.address).await);
    Pair::at(&folder);
    serving.until_logged("the certificate has been read again");
    assert!(!second.is_shown_at(&serving.address).await);
    let (code, log) = serving.stop();
    assert_eq!(code, Some(0), "{log}");
}

#[test]
fn what_is_wrong_with_the_files_is_told() {
    let folder = Folder::with_books();
    let (one, other) = (Pair::new(), Pair::new());
    let encrypted = one.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let ecdsa = one.key.lines().nth(1).expect("the key itself");
    let run = |code, fault: &str| {
        let ran = folder.run(&["--listen=127.0.0.1:0"]);
        ran.assert(code, "", fault);
        assert!(!ran.err().contains("S3CRET") && !ran.err().contains(ecdsa), "{}", ran.err());
    };
    folder.write("oponn.toml", "[tls]\ncert = 'tls.crt'\n");
    run(2, "`tls.cert` is given without `tls.key`; give both or neither");
    folder.write("oponn.toml", "[tls]\nkey = 'tls.key'\n");
    run(2, "`tls.key` is given without `tls.cert`; give both or neither");
    folder.write("oponn.toml", &format!("[tls]\ncert = 'tls.crt'\nkey = '''\n{}'''\n", one.key));
    folder.write("tls.crt", &one.cert);
    run(1, "tls.key: this is what is in a file; give the path of the file");
    folder.write("oponn.toml", SETTINGS);
    run(1, "tls.key: tls.key cannot be read");
    for (cert, key, fault) in [
        ("S3CRET", one.key.as_str(), "tls.cert: tls.crt has no certificates in PEM"),
        (&one.cert, "S3CRET", "tls.key: tls.key has no private key in PEM"),
        (&one.cert, &encrypted, "tls.key: tls.key has no private key in PEM"),
        (&one.cert, &other.key, "tls.key: tls.key is not the key of the first certificate in tls.crt"),
    ] {
        folder.write("tls.crt", cert);
        folder.write("tls.key", key);
        run(1, fault);
    }
}

/// A server in this process: its address, what stops it, its end, and the certificate that it shows.
async fn here(options: ServerOptions) -> (TestApp, String, oneshot::Sender<()>, JoinHandle<bool>, Pair) {
    let (app, folder) = (TestApp::new(SDL).await, Folder::new());
    let pair = Pair::at(&folder);
    let files = TlsFiles { cert: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
    let tls = Some(Tls::load(files).await.expect("the files are right"));
    let api = oponn::graphql::Api::new(app.engine.clone(), Default::default()).expect("it can be served");
    let public = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let address = public.local_addr().expect("a bound socket has an address").to_string();
    let (stop, stopped) = oneshot::channel::<()>();
    let listeners = Listeners { public, admin: None, tls };
    let serving = tokio::spawn(server::serve(listeners, Server::new(api.into(), options), async {
        let _ = stopped.await;
    }));
    (app, address, stop, serving, pair)
}

#[tokio::test]
async fn who_does_not_come_to_the_point_is_cut_off() {
    let short = Duration::from_millis(50);
    let options = ServerOptions { handshake_timeout: short, ..ServerOptions::default() };
    let (app, address, _stop, _serving, pair) = here(options).await;
    // Silent, and in the middle of the first message.
    for begun in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut raw = Raw::connect(&address).await;
        raw.send(begun).await;
        assert_eq!(raw.drain().await, 0);
    }
    assert_eq!(app.metric("oponn_http_bounds_total", &[("bound", "handshake")]).await, 2);
    assert!(pair.is_shown_at(&address).await);
}

#[tokio::test]
async fn who_has_not_come_to_the_point_has_a_place() {
    let options = ServerOptions { connections: 1, ..ServerOptions::default() };
    let (app, address, _stop, _serving, pair) = here(options).await;
    let silent = Raw::connect(&address).await;
    until(async || app.metric("oponn_http_connections", &[]).await == 2).await;
    let mut told = pair.connect(&address, &[], &[&TLS13]).await.expect("there is a certificate for all");
    let answered = answer(&mut told).await;
    assert!(answered.starts_with("HTTP/1.1 503 "), "{answered}");
    drop(silent);
    until(async || {
        let mut stream = pair.connect(&address, &[], &[&TLS13]).await.expect("there is a certificate");
        answer(&mut stream).await.starts_with("HTTP/1.1 200 ")
    })
    .await;
}

#[tokio::test]
async fn nobody_who_has_not_come_to_the_point_is_waited_for() {
    let hour = Duration::from_secs(3_600);
    let options = ServerOptions { handshake_timeout: hour, grace: hour, ..ServerOptions::default() };
    let (app, address, stop, serving, _pair) = here(options).await;
    let mut silent = Raw::connect(&address).await;
    until(async || app.metric("oponn_http_connections", &[]).await == 2).await;
    stop.send(()).expect("the server runs");
    assert!(serving.await.expect("it ends"), "nothing was cut off");
    assert_eq!(silent.drain().await, 0);
}
