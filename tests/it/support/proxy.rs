//! A TCP proxy that a test can hold, cut or have lie, to take a server away from one client.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

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
    /// Keeps what the server answers for later.
    Unanswered,
    /// Closes it at once.
    Cut,
    /// Accepts it and answers nothing.
    Silent,
}

/// What comes of bytes that a client sends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// The server gets them, then the connection is closed.
    Cut,
    /// They are kept back, and everything after them.
    Hold,
    /// They are kept back, and everything after them on the same connection.
    HoldAlone,
}

/// What a client may send.
#[derive(Default)]
struct Watched {
    trigger: Option<(Vec<u8>, Then)>,
    /// What the server gets instead.
    instead: Option<(Vec<u8>, Vec<u8>)>,
}

/// What all connections share.
struct Shared {
    target: Mutex<String>,
    mode: watch::Sender<Mode>,
    /// How often everything was cut. A mode that lasts for a moment may pass unseen; this tells of it afterwards.
    cuts: watch::Sender<u64>,
    /// Whether a connection is held alone.
    alone: watch::Sender<bool>,
    /// Whether a client has closed a connection that was held alone.
    left: watch::Sender<bool>,
    watched: Mutex<Watched>,
}

/// A proxy before one server.
pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Starts before the server at `target`, a host and a port.
    pub async fn start(target: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("some port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (mode, target) = (watch::Sender::new(Mode::Open), Mutex::new(target.to_owned()));
        let (cuts, alone, left) =
            (watch::Sender::new(0), watch::Sender::new(false), watch::Sender::new(false));
        let shared = Arc::new(Shared { target, mode, cuts, alone, left, watched: Mutex::default() });
        let serving = shared.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, serving.clone()));
            }
        });
        Proxy { address, shared }
    }

    /// Its host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Closes all connections, and new ones as they come. Those that are there now are closed even if everything is
    /// restored at once.
    pub fn cut(&self) {
        self.shared.mode.send_replace(Mode::Cut);
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Resolves once no connection is left: while everything is cut, there are no new ones.
    pub async fn closed(&self) {
        self.shared.cuts.closed().await;
    }

    /// Leads new connections to another server, a host and a port.
    pub fn redirect(&self, target: &str) {
        target.clone_into(&mut self.shared.target.lock().expect("nobody panics while holding it"));
    }

    /// Keeps back what comes, in either direction, until everything is restored.
    pub fn hold(&self) {
        self.shared.mode.send_replace(Mode::Held);
    }

    /// Keeps back what the server answers until everything is restored.
    pub fn hold_answers(&self) {
        self.shared.mode.send_replace(Mode::Unanswered);
    }

    /// Lets nothing through any more, in either direction, but keeps connections open.
    pub fn silence(&self) {
        self.shared.mode.send_replace(Mode::Silent);
    }

    /// Cuts, once, the connection on which a client sends these bytes in one piece: the server gets them,
    /// the client gets no answer.
    pub fn cut_after(&self, bytes: &[u8]) {
        self.shared.watched().trigger = Some((bytes.to_vec(), Then::Cut));
    }

    /// Holds, once, what a client sends when these bytes are in it in one piece, and everything after it.
    pub fn hold_at(&self, bytes: &[u8]) {
        self.shared.watched().trigger = Some((bytes.to_vec(), Then::Hold));
    }

    /// As [`Proxy::hold_at`], but only what comes over the same connection.
    pub fn hold_alone_at(&self, bytes: &[u8]) {
        self.shared.watched().trigger = Some((bytes.to_vec(), Then::HoldAlone));
    }

    /// Resolves once one connection is held alone.
    pub async fn held_alone(&self) {
        let held = self.shared.alone.subscribe().wait_for(|held| *held).await.map(drop);
        held.expect("the sender is here");
    }

    /// Resolves once a client has closed a connection that was held alone.
    pub async fn left(&self) {
        let left = self.shared.left.subscribe().wait_for(|left| *left).await.map(drop);
        left.expect("the sender is here");
    }

    /// Resolves once something is held.
    pub async fn held(&self) {
        let held = self.shared.mode.subscribe().wait_for(|mode| *mode == Mode::Held).await.map(drop);
        held.expect("the sender is here");
    }

    /// Gives the server other bytes instead of these, as many, from now on.
    pub fn replace(&self, bytes: &[u8], by: &[u8]) {
        assert_eq!(bytes.len(), by.len(), "lengths that were sent must stay true");
        self.shared.watched().instead = Some((bytes.to_vec(), by.to_vec()));
    }

    /// Lets new connections through again, and what was held back; the old ones that were cut or silenced
    /// stay as they are.
    pub fn restore(&self) {
        self.shared.alone.send_replace(false);
        self.shared.left.send_replace(false);
        self.shared.mode.send_replace(Mode::Open);
    }
}

impl Shared {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().expect("nobody panics while holding it")
    }

    /// Looks at what a client sends, and tells what is to come of it.
    fn sends(&self, sent: &mut [u8]) -> Option<Then> {
        let mut watched = self.watched();
        let met = watched.trigger.take_if(|(bytes, _)| place(sent, bytes).is_some());
        if let Some((bytes, by)) = &watched.instead {
            while let Some(at) = place(sent, bytes) {
                sent[at..at + by.len()].copy_from_slice(by);
            }
        }
        let then = met.map(|(_, then)| then);
        match then {
            Some(Then::Hold) => drop(self.mode.send_replace(Mode::Held)),
            Some(Then::HoldAlone) => drop(self.alone.send_replace(true)),
            Some(Then::Cut) | None => {}
        }
        then
    }
}

fn place(sent: &[u8], bytes: &[u8]) -> Option<usize> {
    sent.windows(bytes.len()).position(|part| part == bytes)
}

async fn serve(client: TcpStream, shared: Arc<Shared>) {
    // Before the mode is looked at: whatever is cut after that is told here.
    let mut cuts = shared.cuts.subscribe();
    let mut modes = shared.mode.subscribe();
    let mode = *modes.borrow();
    if mode == Mode::Cut {
        return;
    }
    if passes(mode) {
        let target = shared.target.lock().expect("nobody panics while holding it").clone();
        let Ok(server) = TcpStream::connect(&target).await else { return };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::select! {
            // First, so that no answer comes through once the connection is to be cut.
            biased;
            _ = pass_on(from_client, to_server, &shared, &[Mode::Held], |sent| shared.sends(sent)) => return,
            _ = pass_on(from_server, to_client, &shared, &[Mode::Held, Mode::Unanswered], |_| None) => return,
            _ = cuts.changed() => return,
            _ = modes.wait_for(|mode| !passes(*mode)) => {}
        }
    }
    // From here on nothing passes; a silent connection is held until it is cut.
    let _ = cuts.changed().await;
}

/// Whether what comes arrives, now or later.
fn passes(mode: Mode) -> bool {
    matches!(mode, Mode::Open | Mode::Held | Mode::Unanswered)
}

/// Resolves once the other side has closed a connection on which it sends nothing more.
async fn closed(from: &mut OwnedReadHalf) {
    if let Ok(1..) = from.peek(&mut [0]).await {
        std::future::pending::<()>().await;
    }
}

/// Passes on what one side sends, up to and with a piece after which the connection is to be cut.
async fn pass_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    held: &[Mode],
    look: impl Fn(&mut [u8]) -> Option<Then>,
) -> io::Result<()> {
    let (mut modes, mut alone) = (shared.mode.subscribe(), shared.alone.subscribe());
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        let sent = &mut buffer[..length];
        let then = look(sent);
        if then == Some(Then::HoldAlone) {
            tokio::select! {
                restored = alone.wait_for(|held| !*held) => if restored.is_err() { return Ok(()) },
                () = closed(&mut from) => {
                    shared.left.send_replace(true);
                    return Ok(());
                }
            }
        }
        if modes.wait_for(|mode| !held.contains(mode)).await.is_err() {
            return Ok(());
        }
        to.write_all(sent).await?;
        if length == 0 || then == Some(Then::Cut) {
            return Ok(());
        }
    }
}
