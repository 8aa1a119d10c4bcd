//! `oponn health`, as a container's health check runs it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use crate::support::program::{Folder, Ran};

const TLS: &str = "[tls]\ncert = 'tls.crt'\nkey = 'tls.key'\n";

#[test]
fn a_server_that_is_there_is_healthy_and_ready() {
    let folder = Folder::with_books();
    let serving = folder.serve(&[]);
    let listen = format!("--listen={}", serving.address);
    folder.run(&["health", &listen]).assert(0, r#"{"status":"alive"}"#, "");
    folder.run(&["health", "--ready", &listen]).assert(0, r#""status":"ready""#, "");
    // Whoever serves on all addresses is asked at loopback.
    let port = serving.address.rsplit(':').next().expect("a port").to_owned();
    folder.run(&["health", &format!("--listen=0.0.0.0:{port}")]).assert(0, "alive", "");
    // A proxy for the way out is not asked.
    let mut through = folder.command(&["health", &listen]);
    through.env("http_proxy", "http://127.0.0.1:9").env("HTTP_PROXY", "http://127.0.0.1:9");
    Ran(through.output().expect("the program runs")).assert(0, "alive", "");

    assert_eq!(serving.stop().0, Some(0));
    folder.run(&["health", &listen]).assert(1, "", &format!("{port}/healthz does not answer: "));
}

#[test]
fn probes_are_asked_for_where_they_are() {
    let folder = Folder::with_books();
    folder.write("oponn.toml", "[admin]\nlisten = '127.0.0.1:0'\n");
    let serving = folder.serve(&[]);
    let ready = serving.lines.iter().find(|line| line["message"] == "ready").expect("it is ready");
    let mut command = folder.command(&["health", "--ready", &format!("--listen={}", serving.address)]);
    command.env("OPONN_ADMIN_LISTEN", ready["admin"].as_str().expect("an address"));
    Ran(command.output().expect("the program runs")).assert(0, "ready", "");
    folder.run(&["health"]).assert(2, "", "127.0.0.1:0 leaves the port to the system");
}

#[test]
fn probes_are_asked_for_by_tls_where_nothing_else_is_spoken() {
    let folder = Folder::with_books();
    let made = rcgen::generate_simple_self_signed(["api.example.com".to_owned()]).expect("it can be made");
    folder.write("tls.crt", &made.cert.pem());
    folder.write("tls.key", &made.signing_key.serialize_pem());
    folder.write("oponn.toml", TLS);
    let serving = folder.serve(&[]);
    folder.run(&["health", &format!("--listen={}", serving.address)]).assert(0, "alive", "");
    let plain = Folder::with_books();
    plain.run(&["health", &format!("--listen={}", serving.address)]).assert(1, "", "does not answer");
}

#[test]
fn any_answer_but_success_is_unhealthy_and_so_is_silence() {
    let folder = Folder::with_books();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = format!("--listen={}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).expect("a request");
        let body = r#"{"status":"store away"}"#;
        write!(stream, "HTTP/1.1 503 Service Unavailable\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            .expect("the client reads");
        line
    });
    folder.run(&["health", "--ready", &listen]).assert(
        1,
        "",
        r#"/readyz answers with 503: {"status":"store away"}"#,
    );
    assert_eq!(server.join().expect("it ends"), "GET /readyz HTTP/1.1\r\n");

    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = format!("--listen={}", silent.local_addr().expect("an address"));
    folder.run(&["health", "--timeout=50ms", &listen]).assert(1, "", "does not answer");
    folder.run(&["health", "--timeout=soon", &listen]).assert(2, "", "--timeout: it has to be");
}
