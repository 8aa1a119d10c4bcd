//! HTTP on a socket that a test holds in its hand: to send half of a request, or to read no answer.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

/// One connection to a server.
pub struct Raw(BufReader<TcpStream>);

/// One answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// The head without the first line, in small letters.
    pub head: String,
    pub body: String,
}

impl Raw {
    pub async fn connect(address: &str) -> Raw {
        Raw::connect_from("127.0.0.1", address).await
    }

    /// From one of the addresses that a machine has for itself.
    pub async fn connect_from(from: &str, address: &str) -> Raw {
        let socket = TcpSocket::new_v4().expect("there is a socket");
        let from: SocketAddr = format!("{from}:0").parse().expect("an address");
        socket.bind(from).expect("any port will do");
        let stream = socket.connect(address.parse().expect("an address")).await.expect("the server listens");
        Raw(BufReader::new(stream))
    }

    /// Sends what may not arrive, when the server has had enough.
    pub async fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes).await
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).await.expect("the server reads");
    }

    /// Sends the head of a POST to the API.
    pub async fn head(&mut self, length: usize) {
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        self.send(head.as_bytes()).await;
    }

    /// Sends an operation.
    pub async fn query(&mut self, query: &str) {
        self.post(&serde_json::json!({ "query": query })).await;
    }

    /// Sends a body to the API.
    pub async fn post(&mut self, body: &serde_json::Value) {
        let body = body.to_string();
        self.head(body.len()).await;
        self.send(body.as_bytes()).await;
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await;
        self.answer().await.expect("the server answers")
    }

    /// The next answer; none when the server has closed the connection.
    pub async fn answer(&mut self) -> Option<Answer> {
        tokio::time::timeout(Duration::from_secs(60), self.next()).await.expect("it is answered in time")
    }

    async fn next(&mut self) -> Option<Answer> {
        let mut first = String::new();
        self.0.read_line(&mut first).await.ok().filter(|read| *read > 0)?;
        let status = first.split(' ').nth(1)?.parse().expect("a status");
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && head != "\r\n" {
            self.0.read_line(&mut head).await.ok().filter(|read| *read > 0)?;
        }
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
        self.0.read_exact(&mut body).await.ok()?;
        Some(Answer { status, head, body: String::from_utf8(body).expect("text") })
    }

    /// The answer, if it has come already.
    pub async fn answer_at_hand(&mut self) -> Option<Answer> {
        futures_util::FutureExt::now_or_never(self.answer()).flatten()
    }

    /// How many bytes come before the server closes the connection.
    pub async fn drain(&mut self) -> usize {
        let (mut all, mut piece) = (0, vec![0; 64 << 10]);
        while let Ok(read @ 1..) = self.0.read(&mut piece).await {
            all += read;
        }
        all
    }
}
