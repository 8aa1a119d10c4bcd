//! Whether anything happens on a connection: hyper knows for HTTP/1, and does not for HTTP/2 and before the first
//! request.
//!
//! Over HTTP/2 a client can keep a connection alive without asking anything, and need not read its answers even while
//! it reads from the socket: it may grant them no room. So answers are handed over in pieces, each of which is a sign
//! that the client has granted room for the one before it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::{Request, Response, Version};
use bytes::Bytes;
use futures_util::future::{FutureExt, Map};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::Service;
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

/// Bytes of an answer that are handed over at once.
const PIECE: usize = 16 << 10;

/// How long a connection may be quiet.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Without a request under way.
    pub(super) idle: Duration,
    /// With an answer of which nothing is read.
    pub(super) unread: Duration,
}

/// Why a connection has been quiet for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quiet {
    /// Nothing is asked.
    Idle,
    /// No answer is read.
    Unread,
}

/// The signs of life of one connection.
pub(super) struct Pulse(Mutex<Signs>);

struct Signs {
    /// Whether hyper looks after it.
    http1: bool,
    /// Requests from their heads to the ends of their answers.
    requests: usize,
    /// Answers under way.
    answers: usize,
    last: Instant,
}

impl Pulse {
    pub(super) fn new() -> Arc<Pulse> {
        let signs = Signs { http1: false, requests: 0, answers: 0, last: Instant::now() };
        Arc::new(Pulse(Mutex::new(signs)))
    }

    /// Resolves when the connection has been quiet for too long.
    pub(super) async fn quiet(&self, limits: Limits) -> Quiet {
        loop {
            let now = Instant::now();
            let (until, quiet) = {
                let signs = self.0.lock();
                match (signs.http1, signs.requests, signs.answers) {
                    (true, ..) => (None, Quiet::Idle),
                    (_, 0, _) => (Some(signs.last + limits.idle), Quiet::Idle),
                    (_, _, 0) => (Some(now + limits.unread), Quiet::Unread),
                    _ => (Some(signs.last + limits.unread), Quiet::Unread),
                }
            };
            match until {
                None => return std::future::pending().await,
                Some(until) if until <= now => return quiet,
                Some(until) => sleep_until(until).await,
            }
        }
    }

    /// Gives an idle connection as long again.
    pub(super) fn touch(&self) {
        self.0.lock().last = Instant::now();
    }

    fn change(&self, change: impl FnOnce(&mut Signs)) {
        let mut signs = self.0.lock();
        change(&mut signs);
        signs.last = Instant::now();
    }
}

type Answered = Result<Response<Body>, Infallible>;
/// Begins an answer. Only this is boxed: the future of a request is large.
type Begin = Box<dyn FnOnce(Answered) -> Result<Response<Answer>, Infallible> + Send>;

/// The routes, for requests of one connection.
pub(super) struct Heard {
    routes: TowerToHyperService<Router>,
    pulse: Arc<Pulse>,
}

impl Heard {
    pub(super) fn new(router: Router, pulse: Arc<Pulse>) -> Heard {
        Heard { routes: TowerToHyperService::new(router), pulse }
    }
}

impl Service<Request<Incoming>> for Heard {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Map<TowerToHyperServiceFuture<Router, Request<Incoming>>, Begin>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let under_way = UnderWay::begin(&self.pulse, request.version());
        let begin =
            |answered: Answered| answered.map(|response| response.map(|body| Answer::new(body, under_way)));
        self.routes.call(request).map(Box::new(begin))
    }
}

/// A request over HTTP/2.
struct UnderWay {
    pulse: Arc<Pulse>,
    is_answered: bool,
}

impl UnderWay {
    fn begin(pulse: &Arc<Pulse>, version: Version) -> Option<UnderWay> {
        if version != Version::HTTP_2 {
            pulse.0.lock().http1 = true;
            return None;
        }
        pulse.change(|signs| signs.requests += 1);
        Some(UnderWay { pulse: pulse.clone(), is_answered: false })
    }

    fn answered(&mut self) {
        self.is_answered = true;
        self.pulse.change(|signs| signs.answers += 1);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.pulse.change(|signs| {
            signs.requests -= 1;
            signs.answers -= usize::from(self.is_answered);
        });
    }
}

/// The body of an answer.
pub(super) struct Answer {
    body: Body,
    /// What is left of the body's last frame.
    rest: Bytes,
    under_way: Option<UnderWay>,
}

impl Answer {
    fn new(body: Body, mut under_way: Option<UnderWay>) -> Answer {
        if let Some(under_way) = &mut under_way {
            under_way.answered();
        }
        Answer { body, rest: Bytes::new(), under_way }
    }

    fn piece(&mut self, pulse: &Pulse) -> Frame<Bytes> {
        pulse.touch();
        Frame::data(self.rest.split_to(self.rest.len().min(PIECE)))
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(pulse) = self.under_way.as_ref().map(|under_way| under_way.pulse.clone()) else {
            return Pin::new(&mut self.body).poll_frame(cx);
        };
        if self.rest.is_empty() {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            }
        }
        Poll::Ready(Some(Ok(self.piece(&pulse))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (mut hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}
