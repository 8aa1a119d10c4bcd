//! Who fills lists and entities.

use oponn::cache::{Floor, Lease, LeaseState, Proved};
use oponn::value::{Doc, EntityRef, Time};

use super::{State, window};
use crate::cache_contract::domain::item;
use crate::cache_contract::schedules::world::{IDS, Without, World};
use crate::support::dice::Dice;

/// Takes the next step of a fill.
pub(super) async fn fill(state: State, world: &mut World, dice: &mut Dice) -> (String, State) {
    match state {
        State::Register { batches, read: None } if world.without == Without::RegisteringFirst => {
            let commits = world.snapshot(Time(0), usize::MAX);
            (format!("reads {commits} commits too early"), State::Register { batches, read: Some(commits) })
        }
        State::Register { batches, read } => {
            let states = world.cache.lease(&batches).await.unwrap();
            let granted = |state| if let LeaseState::Granted(lease) = state { Some(lease) } else { None };
            let leases: Vec<Lease> = states.into_iter().filter_map(granted).collect();
            let told =
                format!("registers {} of {} lists, from {}", leases.len(), batches.len(), floor(&leases).0);
            let next = match read {
                _ if leases.is_empty() => State::Done,
                Some(commits) => State::Fill { leases, commits, asked: asked(dice) },
                None => State::ReadStore { leases },
            };
            (told, next)
        }
        State::ReadStore { leases } => {
            let commits = world.snapshot(floor(&leases), dice.roll(1_000));
            let asked = asked(dice);
            (format!("reads {asked} rows at {commits} commits"), State::Fill { leases, commits, asked })
        }
        State::Fill { mut leases, commits, asked } => {
            let Some(lease) = leases.pop() else { return ("has filled all".to_owned(), State::Done) };
            let mut rows = world.rows(&lease.batch, commits);
            rows.truncate(asked);
            let asked_for = if world.without == Without::Proof { rows.len() + 1 } else { asked };
            let told = match Proved::by_reading(asked_for as u64, rows) {
                Some(proved) => {
                    format!("makes it ready: {}", world.cache.commit(&lease, &proved).await.unwrap())
                }
                None => {
                    world.cache.release(std::slice::from_ref(&lease)).await.unwrap();
                    "knows nothing".to_owned()
                }
            };
            let next = match leases.is_empty() {
                true => State::FillEntities { floor: lease.floor, commits },
                false => State::Fill { leases, commits, asked },
            };
            (told, next)
        }
        State::FillEntities { mut floor, commits } => {
            let entities: Vec<(EntityRef, Option<Doc>)> =
                IDS.iter().map(|id| (item(*id), world.at(*id, commits))).collect();
            keep(world, &mut floor, &entities).await;
            let batch = World::batches()[dice.roll(2)].clone();
            let next =
                if dice.once_in(2) { State::Done } else { State::Page { batch, window: window(dice) } };
            (format!("fills entities of {commits} commits"), next)
        }
        other => ("does nothing".to_owned(), other),
    }
}

/// What a read of the store for these leases must not be older than.
fn floor(leases: &[Lease]) -> Time {
    leases.iter().map(|lease| lease.floor.time).max().unwrap_or(Time(0))
}

/// Rows that a fill asks for; none when all that is wanted lies elsewhere.
fn asked(dice: &mut Dice) -> usize {
    if dice.once_in(4) { dice.roll(IDS.len() + 1) } else { IDS.len() + 1 }
}

/// Keeps what a read of the store gave.
pub(super) async fn keep(world: &World, floor: &mut Floor, entities: &[(EntityRef, Option<Doc>)]) {
    if world.without == Without::Floors {
        let names: Vec<EntityRef> = entities.iter().map(|(name, _)| name.clone()).collect();
        *floor = world.cache.read_entities(&names).await.unwrap().floor;
    }
    world.cache.fill_entities(floor, entities).await.unwrap();
}
