//! Accepts connections within their bounds, serves requests on them, and lets requests in flight finish when the
//! server stops.
//!
//! HTTP/1.1 only: the proxy that ends TLS in front of the server speaks HTTP/2 to browsers.

use std::io::{Error, ErrorKind};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::FutureExt;
use futures_util::future::{abortable, join_all};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

use super::Server;
use super::faces::Face;
use super::places::ConnectionPlaces;
use super::unread::CONNECTION;
use crate::metrics::Bound;

/// How long to wait after the system refused a connection, for example for lack of file descriptors.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);
/// Maximum bytes read or written ahead on a connection; the head of a request has to fit.
const BUFFER: usize = 128 << 10;
/// Maximum number of connections past the bound that are told so at the same time; further ones are closed.
pub(super) const WITHOUT_PLACE: usize = 64;
/// Time limit for telling them.
const TIME_WITHOUT_PLACE: Duration = Duration::from_secs(2);
/// How long to wait for connections that are cut off at shutdown: each ends at its next await.
const CUT_OFF: Duration = Duration::from_secs(1);

type Stream = TokioIo<Pin<Box<TimeoutStream<TcpStream>>>>;

/// The sockets that a server is reached at.
pub struct Listeners {
    /// Where clients come.
    pub public: TcpListener,
    /// Where operators, orchestrators and Prometheus come; without it, to the other one.
    pub admin: Option<TcpListener>,
}

impl From<TcpListener> for Listeners {
    fn from(public: TcpListener) -> Listeners {
        Listeners { public, admin: None }
    }
}

/// Serves until `stop` resolves, then lets the requests in flight finish. `false` when some had not finished within
/// the grace and were cut off. No connection outlives this call, and at most as many are open at a time as the options
/// allow, plus [`WITHOUT_PLACE`] for each listener.
pub async fn serve(
    listeners: impl Into<Listeners>,
    server: Server,
    stop: impl Future<Output = ()> + Send,
) -> bool {
    let options = server.options();
    let of_one = options.connections_per_address.unwrap_or(options.connections.div_ceil(2));
    let places = ConnectionPlaces::new(options.connections, of_one);
    let stop = stop.shared();
    let doors = match listeners.into() {
        Listeners { public, admin: None } => vec![(public, Face::Whole)],
        Listeners { public, admin: Some(admin) } => vec![(public, Face::Public), (admin, Face::Admin)],
    };
    let served = doors.into_iter().map(|(listener, face)| {
        let door = Door::new(&server, face, places.clone());
        door.serve(listener, stop.clone())
    });
    join_all(served).await.into_iter().all(|in_time| in_time)
}

/// Lets connections of one listener in.
struct Door {
    server: Server,
    places: Arc<ConnectionPlaces>,
    http: http1::Builder,
    router: Router,
    without_place: WithoutPlace,
    graceful: GracefulShutdown,
    connections: JoinSet<()>,
}

impl Door {
    fn new(server: &Server, face: Face, places: Arc<ConnectionPlaces>) -> Door {
        let mut http = http1::Builder::new();
        let head_timeout = server.options().head_timeout;
        http.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_buf_size(BUFFER);
        Door {
            without_place: WithoutPlace::new(&http, server, face),
            router: server.router(face),
            server: server.clone(),
            places,
            http,
            graceful: GracefulShutdown::new(),
            connections: JoinSet::new(),
        }
    }

    async fn serve(mut self, listener: TcpListener, stop: impl Future<Output = ()>) -> bool {
        let mut refused = false;
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, from)) => {
                    if std::mem::take(&mut refused) {
                        tracing::info!("the system lets connections through again");
                    }
                    self.let_in(stream, from.ip());
                }
                Err(error) if has_gone(&error) => {}
                Err(error) => {
                    if !refused {
                        tracing::warn!(%error, "the system lets no connection through");
                    }
                    refused = true;
                    tokio::time::sleep(AFTER_REFUSAL).await;
                }
            }
        }
        drop(listener);
        self.end().await
    }

    /// Serves a connection, if there is a place for it.
    fn let_in(&mut self, stream: TcpStream, from: IpAddr) {
        // Removes only connections that have ended; there are no more than there are places.
        while self.connections.try_join_next().is_some() {}
        // Answers are written in one piece; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let place = match self.places.take(from) {
            Ok(place) => place,
            Err(bound) => {
                self.server.metrics().http_bound(bound);
                return self.without_place.tell(wrap(stream, TIME_WITHOUT_PLACE), &mut self.connections);
            }
        };
        let service = TowerToHyperService::new(self.router.clone());
        let stream = wrap(stream, self.server.options().write_timeout);
        let connection = self.graceful.watch(self.http.serve_connection(stream, service));
        let (connection, handle) = abortable(connection);
        let server = self.server.clone();
        self.connections.spawn(CONNECTION.scope(handle, async move {
            let _connected = server.metrics().http_connected();
            if let Ok(Err(error)) = connection.await {
                let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<Error>());
                if cause.is_some_and(|cause| cause.kind() == ErrorKind::TimedOut) {
                    server.metrics().http_bound(Bound::WriteTimeout);
                }
                tracing::trace!(%error, "a connection ended early");
            }
            drop(place);
        }));
    }

    /// Lets the requests in flight finish, within the grace. Whether they have.
    async fn end(self) -> bool {
        let Door { server, graceful, mut connections, .. } = self;
        server.stop();
        let ended = async {
            graceful.shutdown().await;
            while connections.join_next().await.is_some() {}
        };
        let in_time = tokio::time::timeout(server.options().grace, ended).await.is_ok();
        let _ = tokio::time::timeout(CUT_OFF, connections.shutdown()).await;
        in_time
    }
}

/// A stream whose other end has to read something within the time.
fn wrap(stream: TcpStream, write_timeout: Duration) -> Stream {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(write_timeout));
    TokioIo::new(Box::pin(stream))
}

/// Whether the client went away before its connection was taken, which is its own affair.
fn has_gone(error: &Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Tells connections past the bound that there is no place for them, and answers probes on them.
struct WithoutPlace {
    http: http1::Builder,
    router: Router,
    few: Arc<Semaphore>,
}

impl WithoutPlace {
    fn new(http: &http1::Builder, server: &Server, face: Face) -> WithoutPlace {
        let mut http = http.clone();
        http.keep_alive(false);
        let few = Arc::new(Semaphore::new(WITHOUT_PLACE));
        WithoutPlace { http, router: server.router_without_place(face), few }
    }

    fn tell(&self, stream: Stream, connections: &mut JoinSet<()>) {
        let Ok(one) = self.few.clone().try_acquire_owned() else { return };
        let service = TowerToHyperService::new(self.router.clone());
        let connection = self.http.serve_connection(stream, service);
        connections.spawn(async move {
            // The connection ends, whether its client was told or not.
            let _ = tokio::time::timeout(TIME_WITHOUT_PLACE, connection).await;
            drop(one);
        });
    }
}
