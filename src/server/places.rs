//! Bounds the number of connections, in all and per address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;

use super::client_address::subscriber;
use crate::metrics::Bound;

/// A full server or address reports free places only once one in this many is free again. Otherwise the log would have
/// a line for each connection that comes and goes at the bound.
const FREE_AGAIN: usize = 10;

/// The places for connections.
pub(super) struct ConnectionPlaces {
    all: usize,
    of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: Count,
    by_address: HashMap<IpAddr, Count>,
}

#[derive(Default)]
struct Count {
    taken: usize,
    full: bool,
}

/// The place of one connection; dropping it frees the place.
pub(super) struct ConnectionPlace {
    places: Arc<ConnectionPlaces>,
    address: IpAddr,
}

impl ConnectionPlaces {
    pub(super) fn new(all: usize, of_one: usize) -> Arc<ConnectionPlaces> {
        Arc::new(ConnectionPlaces { all, of_one, taken: Mutex::default() })
    }

    /// A place for a connection from this address, or the bound that the connection would break.
    pub(super) fn take(self: &Arc<ConnectionPlaces>, address: IpAddr) -> Result<ConnectionPlace, Bound> {
        let address = subscriber(address);
        let mut taken = self.taken.lock();
        let Taken { all, by_address } = &mut *taken;
        if all.taken >= self.all {
            if all.fills() {
                tracing::warn!(connections = self.all, "all connections are taken: more are turned away");
            }
            return Err(Bound::Connections);
        }
        let of_one = by_address.entry(address).or_default();
        if of_one.taken >= self.of_one {
            if of_one.fills() {
                tracing::warn!(
                    %address,
                    connections = self.of_one,
                    "an address has all connections that it may have: more of it are turned away; if it is a \
                     proxy, raise `server.connections_per_address`"
                );
            }
            return Err(Bound::Address);
        }
        all.taken += 1;
        of_one.taken += 1;
        Ok(ConnectionPlace { places: self.clone(), address })
    }
}

impl Count {
    /// Notes that there is no place left; returns whether that is news.
    fn fills(&mut self) -> bool {
        !std::mem::replace(&mut self.full, true)
    }

    /// Frees a place; returns whether it is news that there are places again.
    fn empties(&mut self, most: usize) -> bool {
        self.taken -= 1;
        let again = self.full && self.taken <= most - most.div_ceil(FREE_AGAIN);
        self.full &= !again;
        again
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        let (places, mut taken) = (&self.places, self.places.taken.lock());
        if taken.all.empties(places.all) {
            tracing::info!("connections are taken again");
        }
        if let Some(of_one) = taken.by_address.get_mut(&self.address) {
            if of_one.empties(places.of_one) {
                tracing::info!(address = %self.address, "connections of the address are taken again");
            }
            if of_one.taken == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn one_address_leaves_places_for_others() {
        let places = ConnectionPlaces::new(3, 2);
        let (one, two) = (places.take(at("10.0.0.1")), places.take(at("::ffff:10.0.0.1")));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(places.take(at("10.0.0.1")).err(), Some(Bound::Address));
        let other = places.take(at("10.0.0.2"));
        assert!(other.is_ok());
        assert_eq!(places.take(at("10.0.0.3")).err(), Some(Bound::Connections));
        drop(two);
        assert!(places.take(at("10.0.0.1")).is_ok(), "its place is free again, and dropped at once");
        drop((one, other));
        assert!(places.taken.lock().by_address.is_empty(), "nothing is left of addresses that have gone");
    }

    #[test]
    fn an_ipv6_network_is_one_subscriber() {
        let places = ConnectionPlaces::new(10, 1);
        let _one = places.take(at("2001:db8:1:2::1"));
        assert_eq!(places.take(at("2001:db8:1:2:ffff::9")).err(), Some(Bound::Address));
        assert!(places.take(at("2001:db8:1:3::1")).is_ok());
    }

    #[test]
    fn no_place_is_no_place() {
        assert_eq!(ConnectionPlaces::new(0, 5).take(at("10.0.0.1")).err(), Some(Bound::Connections));
        assert_eq!(ConnectionPlaces::new(5, 0).take(at("10.0.0.1")).err(), Some(Bound::Address));
    }
}
