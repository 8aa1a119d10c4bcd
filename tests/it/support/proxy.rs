//! A TCP proxy that a test can cut, to take a server away from one client.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the proxy does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Passes it on.
    Open,
    /// Closes it at once.
    Cut,
    /// Accepts it and answers nothing.
    Silent,
}

/// A proxy before one server.
pub struct Proxy {
    address: String,
    mode: Arc<watch::Sender<Mode>>,
}

impl Proxy {
    /// Starts before the server at `target`, a host and a port.
    pub async fn start(target: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("some port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let mode = Arc::new(watch::Sender::new(Mode::Open));
        let (target, modes) = (target.to_owned(), mode.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, target.clone(), modes.subscribe()));
            }
        });
        Proxy { address, mode }
    }

    /// Its host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Closes all connections, and new ones as they come.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Lets nothing through any more, in either direction, but keeps connections open.
    pub fn silence(&self) {
        self.mode.send_replace(Mode::Silent);
    }

    /// Lets new connections through again; the old ones stay as they are.
    pub fn restore(&self) {
        self.mode.send_replace(Mode::Open);
    }
}

async fn serve(mut client: TcpStream, target: String, mut modes: watch::Receiver<Mode>) {
    let at_first = *modes.borrow_and_update();
    if at_first == Mode::Open {
        let Ok(mut server) = TcpStream::connect(&target).await else { return };
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = modes.changed() => {}
        }
    }
    // From here on nothing passes; a silent connection is held until it is cut.
    while *modes.borrow_and_update() != Mode::Cut {
        if modes.changed().await.is_err() {
            return;
        }
    }
}
