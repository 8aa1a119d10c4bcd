//! A TCP proxy that cuts a connection at a chosen moment, as networks do.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Forwards connections to a server until it is told to cut one.
pub struct CutProxy {
    url: String,
    trigger: Arc<Mutex<Option<Vec<u8>>>>,
}

impl CutProxy {
    /// A proxy before the server of a URL with one host and a port.
    pub async fn start(url: &str) -> CutProxy {
        let (scheme, rest) = url.split_once("://").expect("a URL has a scheme");
        let (server, path) = rest.split_once('/').expect("a URL has a path");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let trigger = Arc::new(Mutex::new(None));
        let (server, shared) = (server.to_owned(), Arc::clone(&trigger));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                tokio::spawn(forward(client, server, Arc::clone(&shared)));
            }
        });
        CutProxy { url: format!("{scheme}://{address}/{path}"), trigger }
    }

    /// The URL of the proxy.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Cuts, once, the connection on which a client sends these bytes in one piece. The server gets
    /// them, the client gets no answer.
    pub fn cut_after(&self, bytes: &[u8]) {
        *self.trigger.lock().expect("no test panics while it holds this") = Some(bytes.to_vec());
    }
}

async fn forward(client: TcpStream, server: TcpStream, trigger: Arc<Mutex<Option<Vec<u8>>>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = from_client.read(&mut buffer).await {
        let sent = &buffer[..length];
        let cut = {
            let mut trigger = trigger.lock().expect("no test panics while it holds this");
            let met =
                trigger.as_ref().is_some_and(|bytes| sent.windows(bytes.len()).any(|part| part == bytes));
            met && trigger.take().is_some()
        };
        if cut {
            // First, so that no answer comes through.
            answers.abort();
        }
        if length == 0 || to_server.write_all(sent).await.is_err() || cut {
            break;
        }
    }
    answers.abort();
}
