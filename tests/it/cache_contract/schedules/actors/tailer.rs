//! The one who brings all commits to the cache in their order, whoever made them.

use oponn::cache::{Adoption, Mark};
use oponn::value::Time;

use super::State;
use crate::cache_contract::domain::noted;
use crate::cache_contract::schedules::world::{Without, World};

/// Voids the cache, which no longer is what it has followed, and follows from here.
async fn adopt(world: &mut World) -> Mark {
    let session = world.cache.standing().await.unwrap().session;
    let adoption = Adoption { term: 1, session, void: Some(world.follow_from_here()) };
    world.cache.adopt(&adoption).await.unwrap()
}

/// Takes the next step.
pub(super) async fn follow(state: State, world: &mut World) -> (String, State) {
    match state {
        State::Follow { turns: 0, .. } => ("follows no longer".to_owned(), State::Done),
        State::Follow { turns, mark } if mark != world.cache.mark() => {
            let mark = adopt(world).await;
            ("takes the cache over".to_owned(), State::Follow { turns: turns - 1, mark })
        }
        State::Follow { turns, mark } => {
            let Some(change) = world.next_to_follow() else {
                return ("has nothing to follow".to_owned(), State::Follow { turns: turns - 1, mark });
            };
            let rows = noted(&*world.cache, mark, &change).await;
            let told = format!("notes {} and finds {} batches", change.stamp.t.0, rows.len());
            (told, State::Bring { turns, mark, at: change.stamp.t, rows })
        }
        State::Bring { turns, mark, at, mut rows } => match rows.pop() {
            Some(row) => {
                let done = world.cache.reconcile(mark, &[row]).await.unwrap();
                (format!("reconciles {}: {done:?}", at.0), State::Bring { turns, mark, at, rows })
            }
            None => {
                let at = if world.without == Without::Reaching { Time(at.0 + 100) } else { at };
                world.cache.reached(mark, at).await.unwrap();
                (format!("has reached {}", at.0), State::Follow { turns: turns - 1, mark })
            }
        },
        other => ("does nothing".to_owned(), other),
    }
}
