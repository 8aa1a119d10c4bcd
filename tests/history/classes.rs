//! The classes of faults, and what is promised under each.

mod everything;
mod isolated_stop;
mod none;
mod out_of_band;
mod redis_cut_all;
mod redis_cut_one;
mod redis_empty;
mod redis_evicting;
mod redis_flushed;
mod redis_old;
mod redis_reloaded;
mod redis_silent;
mod redis_slow;
mod server_killed;
mod server_stopped;
mod store_cut;
mod store_restarted;

use futures_util::future::BoxFuture;

use super::judge::Counts;
use super::world::World;
use crate::dice::Dice;

/// One fault, from its beginning until it is over.
pub type Step = for<'a> fn(&'a World, &'a mut Dice) -> BoxFuture<'a, ()>;

/// What is promised of answers while a class of faults goes on. docs/cache.md has the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Nothing stale.
    Kept,
    /// Not yet: violations are counted and told, and fail nothing.
    NotYet,
}

/// A class of faults.
pub struct Class {
    pub name: &'static str,
    pub promise: Promise,
    pub counts: Counts,
    pub writes_outside: bool,
    /// Whether its faults are of the store, which is then no other test's.
    pub own_store: bool,
    pub step: Step,
}

const fn class(name: &'static str, promise: Promise, step: Step) -> Class {
    Class { name, promise, counts: Counts::Lagging, writes_outside: false, own_store: false, step }
}

/// All classes.
pub static CLASSES: [Class; 17] = [
    class("none", Promise::Kept, none::step),
    class("server_killed", Promise::NotYet, server_killed::step),
    class("server_stopped", Promise::Kept, server_stopped::step),
    Class { writes_outside: true, ..class("out_of_band", Promise::NotYet, out_of_band::step) },
    class("redis_flushed", Promise::Kept, redis_flushed::step),
    class("redis_evicting", Promise::Kept, redis_evicting::step),
    class("redis_empty", Promise::NotYet, redis_empty::step),
    class("redis_old", Promise::NotYet, redis_old::step),
    class("redis_reloaded", Promise::NotYet, redis_reloaded::step),
    class("redis_cut_one", Promise::NotYet, redis_cut_one::step),
    class("redis_cut_all", Promise::NotYet, redis_cut_all::step),
    class("redis_silent", Promise::NotYet, redis_silent::step),
    class("redis_slow", Promise::Kept, redis_slow::step),
    class("store_cut", Promise::Kept, store_cut::step),
    Class { own_store: true, ..class("store_restarted", Promise::Kept, store_restarted::step) },
    class("isolated_stop", Promise::NotYet, isolated_stop::step),
    Class { writes_outside: true, own_store: true, ..class("everything", Promise::NotYet, everything::step) },
];
