//! Takes connections, serves requests on them, and lets those in flight finish when it is time to stop.
//!
//! HTTP/1.1 only: whatever ends TLS in front of the server speaks HTTP/2 to browsers.

use std::pin::pin;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use super::Server;

/// How long to wait after the system refused a connection, for example for want of file descriptors.
const AFTER_REFUSAL: std::time::Duration = std::time::Duration::from_millis(100);

/// Serves until `stop` resolves, then lets the requests in flight finish. `false` when some had not
/// finished within the grace and were cut off.
pub async fn serve(listener: TcpListener, server: Server, stop: impl Future<Output = ()>) -> bool {
    let router = server.router();
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(server.options().head_timeout);

    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(AFTER_REFUSAL).await;
                continue;
            }
        };
        // Answers are written in one piece; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "a connection ended early");
            }
        });
    }

    drop(listener);
    server.stop();
    tokio::time::timeout(server.options().grace, graceful.shutdown()).await.is_ok()
}
