//! Whose quota is taken from: a viewer's, or that of an address from which come those who do not say who they are.

use std::net::IpAddr;

use super::Unit;
use crate::viewer::Identity;

/// Whose quota is taken from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Account {
    /// A viewer's.
    Viewer(Identity),
    /// An address's.
    Address(IpAddr),
}

impl Account {
    /// A name that other servers have for the account too. It tells nobody who or where somebody is.
    pub(super) fn name(self, unit: Unit) -> String {
        let identity = match self {
            Account::Viewer(identity) => identity,
            Account::Address(address) => Identity::of(&["address", &address.to_string()]),
        };
        let unit = match unit {
            Unit::Requests => 'r',
            Unit::Points => 'p',
        };
        format!("{unit}:{}", hex::encode(identity.bytes()))
    }
}
