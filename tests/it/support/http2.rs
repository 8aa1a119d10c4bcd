//! HTTP/2 as a test has it in its hand: to read no answer, to end no body, to break requests off.

use axum::http::Request;
use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// One connection to a server.
pub struct Http2 {
    requests: SendRequest<Bytes>,
    /// Ends with the connection.
    pub end: JoinHandle<Result<(), h2::Error>>,
}

impl Http2 {
    /// Without TLS, and without asking first.
    pub async fn connect(address: &str) -> Http2 {
        Http2::connect_with(address, &Builder::new()).await
    }

    pub async fn connect_with(address: &str, builder: &Builder) -> Http2 {
        Http2::on(TcpStream::connect(address).await.expect("the server listens"), builder).await
    }

    /// On something that is connected.
    pub async fn on<S>(stream: S, builder: &Builder) -> Http2
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (requests, connection) = builder.handshake(stream).await.expect("the server reads");
        Http2 { requests, end: tokio::spawn(connection) }
    }

    /// Sends the head of a POST to the API, when the server lets it.
    pub async fn head(&mut self) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let request = Request::post("http://x/graphql").header(CONTENT_TYPE, "application/json");
        let request = request.body(()).expect("a request");
        std::future::poll_fn(|cx| self.requests.poll_ready(cx)).await?;
        self.requests.send_request(request, false)
    }

    /// Sends an operation.
    pub async fn query(&mut self, query: &str) -> ResponseFuture {
        let (response, mut body) = self.head().await.expect("the server takes requests");
        body.send_data(json!({ "query": query }).to_string().into(), true).expect("it can be sent");
        response
    }

    /// Sends a request without a body.
    pub async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> ResponseFuture {
        let request = Request::get(format!("http://x{path}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        std::future::poll_fn(|cx| self.requests.poll_ready(cx)).await.expect("the server takes requests");
        let sent = self.requests.send_request(request.body(()).expect("a request"), true);
        sent.expect("it can be sent").0
    }

    /// How many requests the server takes at a time.
    pub fn at_a_time(&self) -> usize {
        self.requests.current_max_send_streams()
    }
}

/// The status and the whole body of an answer.
pub async fn whole(response: ResponseFuture) -> (u16, String) {
    let response = response.await.expect("the server answers");
    let status = response.status().as_u16();
    let body = read(response.into_body()).await.expect("wholly");
    (status, String::from_utf8(body).expect("text"))
}

/// A body, read as it comes.
pub async fn read(mut body: RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut all = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        all.extend_from_slice(&piece);
    }
    Ok(all)
}
