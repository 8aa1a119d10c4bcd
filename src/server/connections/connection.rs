//! One connection, from its first byte to its last. Its first bytes say whether it speaks HTTP/1.1 or HTTP/2.

use std::error::Error;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::pulse::{Heard, Limits, Pulse, Quiet};
use super::streams::Streams;
use crate::metrics::Bound;
use crate::server::Server;
use crate::server::share::Share;
use crate::server::tls::Tls;

/// Maximum bytes read or written ahead on a connection; the head of a request over HTTP/1.1 has to fit.
const BUFFER: usize = 128 << 10;
/// Maximum requests under way at a time on one connection over HTTP/2.
const REQUESTS: u32 = 100;
/// Maximum bytes of the head of a request over HTTP/2, of which a connection may have as many as it has requests.
const HEAD: u32 = 16 << 10;
/// Bytes that a client may send ahead of a request's body over HTTP/2. [`BUFFER`] is for all of a connection.
const BODY: u32 = 64 << 10;
/// Bytes of an answer over HTTP/2 that wait to be written to the socket.
const UNWRITTEN: usize = 64 << 10;
/// Requests over HTTP/2 that their client may break off before they are begun.
const BROKEN_OFF: usize = 20;
/// How often a client over HTTP/2 is asked whether it is there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(20);

/// What connections are served under.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) server: Server,
    pub(super) router: Router,
    pub(super) tls: Option<Tls>,
    /// Whether a connection over HTTP/1.1 may have several requests.
    pub(super) keep_alive: bool,
    /// How long a client may go without reading.
    pub(super) write_timeout: Duration,
    /// The server stops.
    pub(super) stopping: CancellationToken,
    /// All requests over HTTP/2.
    pub(super) requests: TaskTracker,
}

/// Serves a connection from an address.
pub(super) async fn serve(terms: &Terms, stream: TcpStream, from: IpAddr) {
    let Some(stream) = open(terms, stream).await else { return };
    let end = CancellationToken::new();
    let _end_of_requests = end.clone().drop_guard();
    let share = Share::new(from, end.clone());
    let http = http(terms, Streams { share: share.clone(), end: end.clone(), all: terms.requests.clone() });
    let pulse = Pulse::new();
    let limits = Limits { idle: terms.server.options().head_timeout, unread: terms.write_timeout };
    let service = Heard::new(terms.router.clone(), pulse.clone());
    let connection = http.serve_connection(stream, service);
    let converse = async {
        let (mut connection, mut leaving) = (pin!(connection), false);
        loop {
            tokio::select! {
                biased;
                ended = &mut connection => return ended.err().is_none_or(|error| !is_late(&*error)),
                () = end.cancelled() => return true,
                () = terms.stopping.cancelled(), if !leaving => {
                    leaving = true;
                    connection.as_mut().graceful_shutdown();
                }
                quiet = pulse.quiet(limits) => match quiet {
                    Quiet::Idle if !leaving => {
                        leaving = true;
                        pulse.touch();
                        connection.as_mut().graceful_shutdown();
                    }
                    Quiet::Idle | Quiet::Unread => return false,
                },
            }
        }
    };
    if !share.scope(converse).await {
        terms.server.metrics().http_bound(Bound::WriteTimeout);
    }
}

fn http(terms: &Terms, streams: Streams) -> auto::Builder<Streams> {
    let mut http = auto::Builder::new(streams);
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(terms.server.options().head_timeout)
        .keep_alive(terms.keep_alive)
        .max_buf_size(BUFFER);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(REQUESTS)
        .max_header_list_size(HEAD)
        .initial_stream_window_size(BODY)
        .initial_connection_window_size(BUFFER as u32)
        .max_send_buf_size(UNWRITTEN)
        .max_pending_accept_reset_streams(BROKEN_OFF)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    http
}

trait Io: AsyncRead + AsyncWrite + Send {}
impl<S: AsyncRead + AsyncWrite + Send> Io for S {}

type Stream = TokioIo<Pin<Box<dyn Io>>>;

/// A stream whose other end has to read something within the time; none if TLS does not come about.
async fn open(terms: &Terms, stream: TcpStream) -> Option<Stream> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(terms.write_timeout));
    let stream = Box::pin(stream);
    let Some(tls) = &terms.tls else { return Some(TokioIo::new(stream)) };
    let handshake = tls.acceptor().accept(stream);
    let shaken = tokio::select! {
        () = terms.stopping.cancelled() => return None,
        shaken = tokio::time::timeout(terms.server.options().handshake_timeout, handshake) => shaken,
    };
    match shaken {
        Ok(Ok(stream)) => Some(TokioIo::new(Box::pin(stream))),
        Ok(Err(error)) => {
            tracing::trace!(%error, "a connection ended early");
            None
        }
        Err(_) => {
            terms.server.metrics().http_bound(Bound::Handshake);
            None
        }
    }
}

/// Whether a connection ended because its client has not read.
fn is_late(error: &(dyn Error + 'static)) -> bool {
    tracing::trace!(%error, "a connection ended early");
    let mut cause = Some(error);
    while let Some(error) = cause {
        let of_system = match error.downcast_ref::<h2::Error>() {
            Some(error) => error.get_io(),
            None => error.downcast_ref::<std::io::Error>(),
        };
        if of_system.is_some_and(|error| error.kind() == ErrorKind::TimedOut) {
            return true;
        }
        cause = error.source();
    }
    false
}
