//! The Lua scripts: one for each step that must be atomic.

use std::sync::LazyLock;

use redis::{Cmd, cmd};

use super::keys::{Tag, hex};
use crate::cache::CacheError;

/// A script in the form sent to Redis.
pub(super) struct Script {
    code: String,
    hash: String,
}

impl Script {
    /// Without flags, Redis refuses the script when it is out of memory and cannot evict.
    fn new(flags: &str, parts: &[&str]) -> Script {
        let code = format!("#!lua{flags}\n{}", parts.concat());
        let hash = redis::Script::new(&code).get_hash().to_owned();
        Script { code, hash }
    }

    /// Calls the script on keys of one tag; the caller adds further arguments. Every script gets the tag's
    /// meta hash first; `keys` follow it.
    pub fn call<K: AsRef<[u8]>>(&self, tag: &Tag, keys: &[K], fresh: u64, life: u64) -> Cmd {
        let mut call = cmd("EVALSHA");
        call.arg(&self.hash).arg(1 + keys.len()).arg(tag.meta());
        for key in keys {
            debug_assert!(tag.has(key.as_ref()), "a script is called with a key of another tag");
            call.arg(key.as_ref());
        }
        call.arg(hex(fresh)).arg(life);
        call
    }

    /// Loads the script into the server.
    pub fn load(&self) -> Cmd {
        let mut load = cmd("SCRIPT");
        load.arg("LOAD").arg(&self.code);
        load
    }
}

/// The keys of a script that uses only the meta hash.
pub(super) const META_ONLY: &[&str] = &[];

/// A number that was never used before. Each call carries one, because scripts cannot make their own.
pub(super) fn fresh() -> Result<u64, CacheError> {
    getrandom::u64().map_err(|error| CacheError::Internal(format!("no random numbers: {error}")))
}

const META: &str = include_str!("lua/meta.lua");
const BATCH: &str = include_str!("lua/batch.lua");
const HEAD: &str = include_str!("lua/head.lua");
const ROWS: &str = include_str!("lua/rows.lua");
const PARTITION: &str = include_str!("lua/partition.lua");
const SUSPECTS: &str = include_str!("lua/suspects.lua");

/// A script that brings a change or voids must not be refused for want of memory, which would leave stale data.
const ALWAYS: &str = " flags=allow-oom";

macro_rules! scripts {
    ($($name:ident = $flags:expr, [$($part:expr),*], $file:literal;)*) => {
        $(pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new($flags, &[META, $($part,)* include_str!(concat!("lua/", $file))]));)*

        /// All scripts.
        pub(super) fn all() -> Vec<&'static Script> {
            vec![$(&$name),*]
        }
    };
}

scripts! {
    START = ALWAYS, [], "start.lua";
    FILL = "", [], "fill.lua";
    PAGE = " flags=no-writes", [HEAD, ROWS, SUSPECTS], "page.lua";
    READ_PARTITION = " flags=no-writes", [SUSPECTS], "read_partition.lua";
    NEWS = " flags=no-writes", [], "news.lua";
    LEASE = "", [BATCH], "lease.lua";
    COMMIT = "", [BATCH, HEAD, ROWS], "commit.lua";
    COMMIT_PARTITION = "", [BATCH], "commit_partition.lua";
    RELEASE = ALWAYS, [BATCH], "release.lua";
    NOTE = "", [SUSPECTS], "note.lua";
    NOTE_ALWAYS = ALWAYS, [SUSPECTS], "note.lua";
    RECONCILE = ALWAYS, [BATCH, HEAD, ROWS, PARTITION], "reconcile.lua";
    FORGET = ALWAYS, [BATCH], "forget.lua";
    DROP = ALWAYS, [], "drop.lua";
    CLEAR = ALWAYS, [], "clear.lua";
    SWEEP = ALWAYS, [], "sweep.lua";
    REMOVE = ALWAYS, [], "remove.lua";
    ADOPT = ALWAYS, [], "adopt.lua";
    VOUCH = ALWAYS, [], "vouch.lua";
    STEP = ALWAYS, [], "step.lua";
    REACHED = ALWAYS, [], "reached.lua";
    DRAW = "", [], "draw.lua";
}
