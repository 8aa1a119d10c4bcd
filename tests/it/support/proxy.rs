//! A TCP proxy that a test can cut, to take a server away from one client.

use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the proxy does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Passes it on.
    Open,
    /// Keeps it for later.
    Held,
    /// Closes it at once.
    Cut,
    /// Accepts it and answers nothing.
    Silent,
}

/// What a client must send to have its connection cut.
type Trigger = Arc<Mutex<Option<Vec<u8>>>>;

/// A proxy before one server.
pub struct Proxy {
    address: String,
    mode: Arc<watch::Sender<Mode>>,
    trigger: Trigger,
}

impl Proxy {
    /// Starts before the server at `target`, a host and a port.
    pub async fn start(target: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("some port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let mode = Arc::new(watch::Sender::new(Mode::Open));
        let trigger = Trigger::default();
        let (target, modes, triggers) = (target.to_owned(), mode.clone(), trigger.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, target.clone(), modes.subscribe(), triggers.clone()));
            }
        });
        Proxy { address, mode, trigger }
    }

    /// Its host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Closes all connections, and new ones as they come.
    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    /// Keeps back what comes, in either direction, until everything is restored.
    pub fn hold(&self) {
        self.mode.send_replace(Mode::Held);
    }

    /// Lets nothing through any more, in either direction, but keeps connections open.
    pub fn silence(&self) {
        self.mode.send_replace(Mode::Silent);
    }

    /// Cuts, once, the connection on which a client sends these bytes in one piece: the server gets them,
    /// the client gets no answer.
    pub fn cut_after(&self, bytes: &[u8]) {
        *self.trigger.lock().expect("nobody panics while holding it") = Some(bytes.to_vec());
    }

    /// Lets new connections through again, and what was held back; the old ones that were cut or silenced
    /// stay as they are.
    pub fn restore(&self) {
        self.mode.send_replace(Mode::Open);
    }
}

async fn serve(client: TcpStream, target: String, mut modes: watch::Receiver<Mode>, trigger: Trigger) {
    if passes(*modes.borrow()) {
        let Ok(server) = TcpStream::connect(&target).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let met = |sent: &[u8]| {
            let mut trigger = trigger.lock().expect("nobody panics while holding it");
            let met =
                trigger.as_ref().is_some_and(|bytes| sent.windows(bytes.len()).any(|part| part == bytes));
            met && trigger.take().is_some()
        };
        tokio::select! {
            // First, so that no answer comes through once the bytes were met.
            biased;
            _ = pass_on(from_client, to_server, modes.clone(), met) => return,
            _ = pass_on(from_server, to_client, modes.clone(), |_| false) => return,
            _ = modes.wait_for(|mode| !passes(*mode)) => {}
        }
    }
    // From here on nothing passes; a silent connection is held until it is cut.
    let _ = modes.wait_for(|mode| *mode == Mode::Cut).await;
}

/// Whether what comes arrives, now or later.
fn passes(mode: Mode) -> bool {
    matches!(mode, Mode::Open | Mode::Held)
}

/// Passes on what one side sends, up to and with a piece after which it has to stop.
async fn pass_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut modes: watch::Receiver<Mode>,
    last: impl Fn(&[u8]) -> bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if modes.wait_for(|mode| *mode != Mode::Held).await.is_err() {
            return Ok(());
        }
        let sent = &buffer[..length];
        to.write_all(sent).await?;
        if length == 0 || last(sent) {
            return Ok(());
        }
    }
}
