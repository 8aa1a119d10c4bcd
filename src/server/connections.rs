//! Accepts connections within their bounds, serves requests on them, and lets requests in flight finish when the
//! server stops.

use std::io::{Error, ErrorKind};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Server;
use super::faces::Face;
use super::places::ConnectionPlaces;
use super::tls::Tls;

mod connection;
mod pulse;
mod streams;

use connection::Terms;

/// How long to wait after the system refused a connection, for example for lack of file descriptors.
const AFTER_REFUSAL: Duration = Duration::from_millis(100);
/// Maximum number of connections past the bound that are told so at the same time; further ones are closed.
pub(super) const WITHOUT_PLACE: usize = 64;
/// Time limit for telling them.
const TIME_WITHOUT_PLACE: Duration = Duration::from_secs(2);
/// How long to wait for connections that are cut off at shutdown: each ends at its next await.
const CUT_OFF: Duration = Duration::from_secs(1);

/// The sockets that a server is reached at.
pub struct Listeners {
    /// Where clients come.
    pub public: TcpListener,
    /// Where operators, orchestrators and Prometheus come; without it, to the other one.
    pub admin: Option<TcpListener>,
    /// What is spoken with clients, if it is TLS.
    pub tls: Option<Tls>,
}

impl From<TcpListener> for Listeners {
    fn from(public: TcpListener) -> Listeners {
        Listeners { public, admin: None, tls: None }
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
    let doors = match listeners.into() {
        Listeners { public, admin: None, tls } => vec![(public, Face::Whole, tls)],
        Listeners { public, admin: Some(admin), tls } => {
            vec![(public, Face::Public, tls), (admin, Face::Admin, None)]
        }
    };
    let stopping = CancellationToken::new();
    let served = doors.into_iter().map(|(listener, face, tls)| {
        Door::new(&server, face, tls, places.clone(), stopping.clone()).serve(listener)
    });
    let stop = async {
        stop.await;
        stopping.cancel();
    };
    let (in_time, ()) = tokio::join!(join_all(served), stop);
    in_time.into_iter().all(|in_time| in_time)
}

/// Lets connections of one listener in.
struct Door {
    places: Arc<ConnectionPlaces>,
    terms: Arc<Terms>,
    without_place: WithoutPlace,
    connections: JoinSet<()>,
}

impl Door {
    fn new(
        server: &Server,
        face: Face,
        tls: Option<Tls>,
        places: Arc<ConnectionPlaces>,
        stopping: CancellationToken,
    ) -> Door {
        let terms = Terms {
            router: server.router(face),
            tls,
            server: server.clone(),
            keep_alive: true,
            write_timeout: server.options().write_timeout,
            stopping,
            requests: TaskTracker::new(),
        };
        let without_place = Terms {
            router: server.router_without_place(face),
            keep_alive: false,
            write_timeout: TIME_WITHOUT_PLACE,
            ..terms.clone()
        };
        Door {
            places,
            terms: Arc::new(terms),
            without_place: WithoutPlace {
                terms: Arc::new(without_place),
                few: Arc::new(Semaphore::new(WITHOUT_PLACE)),
            },
            connections: JoinSet::new(),
        }
    }

    async fn serve(mut self, listener: TcpListener) -> bool {
        let (mut refused, terms) = (false, self.terms.clone());
        let mut stop = pin!(terms.stopping.cancelled());
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
        match self.places.take(from) {
            Ok(place) => {
                let terms = self.terms.clone();
                self.connections.spawn(async move {
                    let _connected = terms.server.metrics().http_connected();
                    connection::serve(&terms, stream, from).await;
                    drop(place);
                });
            }
            Err(bound) => {
                self.terms.server.metrics().http_bound(bound);
                self.without_place.tell(stream, from, &mut self.connections);
            }
        }
    }

    /// Lets the requests in flight finish, within the grace. Whether they have.
    async fn end(self) -> bool {
        let Door { terms, mut connections, .. } = self;
        terms.server.stop();
        let ended = async { while connections.join_next().await.is_some() {} };
        let in_time = tokio::time::timeout(terms.server.options().grace, ended).await.is_ok();
        let cut_off = async {
            connections.shutdown().await;
            terms.requests.close();
            terms.requests.wait().await;
        };
        let _ = tokio::time::timeout(CUT_OFF, cut_off).await;
        in_time
    }
}

/// Whether the client went away before its connection was taken, which is its own affair.
fn has_gone(error: &Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Tells connections past the bound that there is no place for them, and answers probes on them.
struct WithoutPlace {
    terms: Arc<Terms>,
    few: Arc<Semaphore>,
}

impl WithoutPlace {
    fn tell(&self, stream: TcpStream, from: IpAddr, connections: &mut JoinSet<()>) {
        let Ok(one) = self.few.clone().try_acquire_owned() else { return };
        let terms = self.terms.clone();
        connections.spawn(async move {
            // The connection ends, whether its client was told or not.
            let _ = tokio::time::timeout(TIME_WITHOUT_PLACE, connection::serve(&terms, stream, from)).await;
            drop(one);
        });
    }
}
