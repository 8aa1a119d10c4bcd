//! Stops tasks at points where a test holds them.

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Point;

/// What tests wait for: each entry stops one task.
static WAITED_FOR: Mutex<Vec<Stop>> = Mutex::new(Vec::new());

struct Stop {
    deployment: String,
    point: Point,
    arrived: oneshot::Sender<()>,
    go: oneshot::Receiver<()>,
}

/// One task stopped at a point, or to be stopped there. If this is dropped the task never goes on, as if its server had
/// been killed; if none has come yet, none is stopped.
#[must_use = "nothing is held once this is dropped"]
pub struct Held {
    point: Point,
    arrived: oneshot::Receiver<()>,
    go: oneshot::Sender<()>,
}

/// Stops the next task of the deployment's servers that comes to this point, and no other.
pub fn hold(deployment: &str, point: Point) -> Held {
    let ((arrived, told), (go, released)) = (oneshot::channel(), oneshot::channel());
    let stop = Stop { deployment: deployment.to_owned(), point, arrived, go: released };
    WAITED_FOR.lock().push(stop);
    Held { point, arrived: told, go }
}

impl Held {
    /// Resolves when a task has come to the point.
    ///
    /// # Panics
    ///
    /// If this is called again.
    pub async fn reached(&mut self) {
        let reached = (&mut self.arrived).await;
        reached.unwrap_or_else(|_| panic!("{:?} has been waited for already", self.point));
    }

    /// Lets the task go on; if none has come yet, none is stopped.
    pub fn release(self) {
        // Fails if nobody is stopped, or if the task has been dropped.
        let _ = self.go.send(());
    }
}

/// Passes a point, on behalf of a server of the deployment.
pub async fn point(deployment: &str, point: Point) {
    let Some(stop) = stop(deployment, point) else { return };
    // Whoever holds the task may not wait for it to come.
    let _ = stop.arrived.send(());
    if stop.go.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Takes out the oldest entry for the point that is still held.
fn stop(deployment: &str, point: Point) -> Option<Stop> {
    let mut all = WAITED_FOR.lock();
    all.retain(|stop| !stop.arrived.is_closed());
    let at = all.iter().position(|stop| stop.deployment == deployment && stop.point == point)?;
    Some(all.remove(at))
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn the_next_task_is_stopped_and_no_other() {
        let mut held = hold("a", Point::FillRead);
        point("b", Point::FillRead).await;
        point("a", Point::FillLeased).await;
        let mut stopped = Box::pin(point("a", Point::FillRead));
        assert!(poll!(&mut stopped).is_pending());
        held.reached().await;
        point("a", Point::FillRead).await;
        assert!(poll!(&mut stopped).is_pending());
        held.release();
        stopped.await;
    }

    #[tokio::test]
    async fn what_is_held_no_more_never_goes_on() {
        drop(hold("c", Point::FillRead));
        point("c", Point::FillRead).await;
        let held = hold("c", Point::FillRead);
        let mut stopped = Box::pin(point("c", Point::FillRead));
        assert!(poll!(&mut stopped).is_pending());
        drop(held);
        assert!(poll!(&mut stopped).is_pending());
    }
}
