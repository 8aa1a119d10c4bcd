//! One who keeps answers, and serves them when a look at the journal lets it.

use super::{State, check, window};
use crate::cache_contract::schedules::world::{Acknowledged, Answer, Without, World};
use crate::support::dice::Dice;

/// Asks what was answered before. The look at the journal comes after the request: what has been
/// acknowledged until then must show.
pub(super) async fn ask(state: State, world: &mut World, dice: &mut Dice) -> Result<(String, State), String> {
    let next = |turns: usize| if turns == 1 { State::Done } else { State::Ask { turns: turns - 1 } };
    Ok(match state {
        State::Ask { turns } if world.kept.is_empty() => ("finds nothing kept".to_owned(), next(turns)),
        State::Ask { turns } => {
            // Mostly those made last have a chance.
            let at = world.kept.len() - 1 - dice.roll(world.kept.len().min(3));
            let answer = world.kept[at].clone();
            if world.without == Without::FreshLooks {
                // Joins a look that has begun already.
                return Ok(match world.unchanged(&answer).await {
                    true => ("looks, and is asked later".to_owned(), State::Serve { turns, answer }),
                    false => ("finds it changed".to_owned(), next(turns)),
                });
            }
            let since = world.acknowledged();
            (format!("is asked what answer {at} says"), State::Look { turns, answer, since })
        }
        State::Look { turns, answer, since } => match world.unchanged(&answer).await {
            true => {
                serve(world, &answer, &since)?;
                ("serves the answer".to_owned(), next(turns))
            }
            false if dice.once_in(4) => {
                let page = State::Page { batch: answer.batch, window: window(dice) };
                ("finds it changed and reads anew".to_owned(), page)
            }
            false => ("finds it changed".to_owned(), next(turns)),
        },
        State::Serve { turns, answer } => {
            let since = world.acknowledged();
            serve(world, &answer, &since)?;
            ("serves the answer".to_owned(), next(turns))
        }
        other => ("does nothing".to_owned(), other),
    })
}

fn serve(world: &mut World, answer: &Answer, since: &Acknowledged) -> Result<(), String> {
    world.served += 1;
    check(world, answer, since).map(drop).map_err(|fault| format!("a kept answer: {fault}"))
}
