//! File descriptors: each client connection takes one, and the store, the cache and the log must not run out of them.

use crate::server::ServerOptions;

/// File descriptors reserved for everything but client connections: connections of the store and the cache, files, and
/// clients that are told that there is no place for them.
const RESERVE: usize = 256;

/// Raises the limit on open files as far as the system allows, and reduces the number of connections to what fits.
pub(super) fn make_room(options: &mut ServerOptions) {
    let limit = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
        Err(error) => return tracing::warn!(%error, "how many files may be open cannot be found out"),
    };
    let room = room_for_connections(limit);
    if options.connections > room {
        tracing::warn!(
            connections = room,
            wanted = options.connections,
            open_files = limit,
            "the system allows too few open files for all connections: raise its limit (`ulimit -n`, \
             `LimitNOFILE=`), or set `server.connections`"
        );
        options.connections = room;
    }
}

/// The reserve is taken off the limit; where the limit is low, connections get a quarter of it.
fn room_for_connections(limit: usize) -> usize {
    limit - RESERVE.min(limit - limit / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_left_for_the_store() {
        for (limit, room) in
            [(0, 0), (1, 0), (4, 1), (256, 64), (1_024, 768), (usize::MAX, usize::MAX - RESERVE)]
        {
            assert_eq!(room_for_connections(limit), room, "{limit}");
        }
    }
}
