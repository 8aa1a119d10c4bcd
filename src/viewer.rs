//! Who a request is from: what rules of access can ask about its sender, however the sender was identified.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

/// The sender of a request, as far as rules of access know it. It never changes; requests share it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// Sorted, each once.
    roles: Vec<Arc<str>>,
    claims: Map<String, Json>,
    identity: Option<Identity>,
}

/// What tells one sender from all others, however long its name is, without the name.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity([u8; 16]);

impl Identity {
    /// The identity of whoever has these names, in this order.
    pub fn of(names: &[&str]) -> Identity {
        let mut hash = Sha256::new();
        for name in names {
            // With its length, so that no two lists of names are the same text.
            hash.update(name.len().to_le_bytes());
            hash.update(name);
        }
        let mut short = [0; 16];
        short.copy_from_slice(&hash.finalize()[..16]);
        Identity(short)
    }

    /// The identity as bytes.
    pub fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Viewer {
    /// A viewer with these roles, in any order, and these claims.
    pub fn new(roles: impl IntoIterator<Item = Arc<str>>, claims: Map<String, Json>) -> Viewer {
        let mut roles: Vec<Arc<str>> = roles.into_iter().collect();
        roles.sort_unstable();
        roles.dedup();
        Viewer { roles, claims, identity: None }
    }

    /// The same viewer, told from others by this.
    pub fn known_as(self, identity: Option<Identity>) -> Viewer {
        Viewer { identity, ..self }
    }

    /// What tells the viewer from others; `None` for those who do not say.
    pub fn identity(&self) -> Option<Identity> {
        self.identity
    }

    /// The roles, sorted, each once.
    pub fn roles(&self) -> &[Arc<str>] {
        &self.roles
    }

    /// All claims.
    pub fn claims(&self) -> &Map<String, Json> {
        &self.claims
    }

    /// The claim with this name.
    pub fn claim(&self, name: &str) -> Option<&Json> {
        self.claims.get(name)
    }
}

/// Claims are personal data, which does not belong into a log.
impl fmt::Debug for Viewer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Viewer").field("roles", &self.roles).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn viewer(roles: &[&str], claims: Json) -> Viewer {
        let Json::Object(claims) = claims else { panic!("claims are an object") };
        Viewer::new(roles.iter().map(|role| Arc::from(*role)), claims)
    }

    #[test]
    fn the_order_in_which_roles_and_claims_are_given_makes_no_difference() {
        let one = viewer(&["b", "a", "b"], json!({ "x": 1, "y": "2" }));
        assert_eq!(one, viewer(&["a", "b"], json!({ "y": "2", "x": 1 })));
        assert_eq!(one.roles(), [Arc::<str>::from("a"), Arc::from("b")]);
        assert_ne!(one, viewer(&["a", "b"], json!({ "x": 2, "y": "2" })));
        assert_eq!((one.claim("x"), one.claim("z")), (Some(&json!(1)), None));
    }

    #[test]
    fn other_names_are_other_identities() {
        let all = [&["a", "b"][..], &["b", "a"], &["ab"], &["", "ab"], &["ab", ""], &[]].map(Identity::of);
        for (place, one) in all.iter().enumerate() {
            assert!(all[..place].iter().all(|other| other.bytes() != one.bytes()), "{place}");
        }
    }

    #[test]
    fn claims_are_not_shown() {
        let shown = format!("{:?}", viewer(&["reader"], json!({ "email": "ann@example.com" })));
        assert!(shown.contains("reader") && !shown.contains("example"), "{shown}");
    }
}
