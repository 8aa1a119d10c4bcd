//! Leave to be carried out, which a request has for as long as it is under way.

use tokio::sync::OwnedSemaphorePermit;

/// Leave of whoever bounds how many requests are carried out at once. It goes back when the request has come to
/// its end, which may be after its caller has gone.
#[derive(Debug, Default)]
pub struct Leave(#[expect(dead_code, reason = "kept to be dropped")] Option<OwnedSemaphorePermit>);

impl From<OwnedSemaphorePermit> for Leave {
    fn from(permit: OwnedSemaphorePermit) -> Leave {
        Leave(Some(permit))
    }
}

/// What is copied from a request to be compared with others has none.
impl Clone for Leave {
    fn clone(&self) -> Leave {
        Leave(None)
    }
}
