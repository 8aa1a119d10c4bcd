//! The classes of faults. Whatever they are, no answer may be stale.

mod everything;
mod isolated_stop;
mod none;
mod out_of_band;
mod redis_clock;
mod redis_cut_all;
mod redis_cut_one;
mod redis_empty;
mod redis_evicting;
mod redis_flushed;
mod redis_old;
mod redis_reloaded;
mod redis_replaced;
mod redis_silent;
mod redis_slow;
mod server_killed;
mod server_stopped;
mod store_cut;
mod store_restarted;
mod store_slow;
mod two_schemas;

use futures_util::future::BoxFuture;

use super::world::World;
use crate::dice::Dice;

/// One fault, from its beginning until it is over.
pub type Step = for<'a> fn(&'a World, &'a mut Dice) -> BoxFuture<'a, ()>;

/// A class of faults.
pub struct Class {
    pub name: &'static str,
    pub writes_outside: bool,
    /// Whether its faults are of the store, which is then no other test's.
    pub own_store: bool,
    /// Whether Redis has a clock of its own.
    pub clock: bool,
    /// Whether all servers but the first have a schema file that lacks a type.
    pub two_schemas: bool,
    pub step: Step,
}

const fn class(name: &'static str, step: Step) -> Class {
    Class { name, writes_outside: false, own_store: false, clock: false, two_schemas: false, step }
}

/// All classes.
pub static CLASSES: [Class; 21] = [
    class("none", none::step),
    class("server_killed", server_killed::step),
    class("server_stopped", server_stopped::step),
    Class { writes_outside: true, ..class("out_of_band", out_of_band::step) },
    class("redis_flushed", redis_flushed::step),
    class("redis_evicting", redis_evicting::step),
    class("redis_empty", redis_empty::step),
    class("redis_old", redis_old::step),
    class("redis_reloaded", redis_reloaded::step),
    Class { clock: true, ..class("redis_replaced", redis_replaced::step) },
    Class { clock: true, ..class("redis_clock", redis_clock::step) },
    class("redis_cut_one", redis_cut_one::step),
    class("redis_cut_all", redis_cut_all::step),
    class("redis_silent", redis_silent::step),
    class("redis_slow", redis_slow::step),
    class("store_slow", store_slow::step),
    class("store_cut", store_cut::step),
    Class { own_store: true, ..class("store_restarted", store_restarted::step) },
    Class { two_schemas: true, ..class("two_schemas", two_schemas::step) },
    class("isolated_stop", isolated_stop::step),
    Class { writes_outside: true, own_store: true, clock: true, ..class("everything", everything::step) },
];
