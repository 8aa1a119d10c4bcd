//! File descriptors: each connection takes one, and the store, the cache and the log must not go without.

use crate::server::ServerOptions;

/// File descriptors that are not for connections of clients: connections of the store and the cache, files, and
/// clients that are told that there is no place for them.
const RESERVE: usize = 192;

/// Has the system allow as many open files as it may, and holds connections to what that leaves room for.
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

/// Where there is little, a quarter of it.
fn room_for_connections(limit: usize) -> usize {
    limit - RESERVE.min(limit - limit / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_is_left_for_the_store() {
        for (limit, room) in
            [(0, 0), (1, 0), (4, 1), (256, 64), (1_024, 832), (usize::MAX, usize::MAX - RESERVE)]
        {
            assert_eq!(room_for_connections(limit), room, "{limit}");
        }
    }
}
