//! The rights of a viewer: filters, by type and action.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::query::Filter;
use crate::schema::{Surface, SurfaceId};

/// What a viewer may read and write.
pub struct Rights {
    pub(super) types: BTreeMap<Arc<str>, TypeRights>,
    pub(super) surface: Arc<Surface>,
    /// Bytes that it takes up, roughly.
    pub(super) weight: usize,
}

/// A viewer's rights to the documents of one type: those that satisfy these filters, which are canonical.
pub struct TypeRights {
    pub(in crate::engine) read: Filter,
    pub(in crate::engine) create: Filter,
    /// Before the change and after it.
    pub(in crate::engine) update: Filter,
    pub(in crate::engine) delete: Filter,
    /// The rights to those fields and relations that have rules of their own.
    pub(in crate::engine) members: BTreeMap<Arc<str>, MemberRights>,
    /// What new documents are filled with.
    pub(in crate::engine) owners: Vec<OwnerField>,
    /// Equal for viewers who read the same of the type.
    pub(super) digest: [u8; 16],
}

/// A viewer's rights to one field or relation, in the documents that satisfy these filters. The rights to the whole
/// document are conditions too.
pub struct MemberRights {
    pub(in crate::engine) read: Filter,
    /// Where a value is given; the filter is on the new document.
    pub(in crate::engine) create: Filter,
    /// Before the change and after it.
    pub(in crate::engine) update: Filter,
}

/// A field that is filled with a claim of the viewer.
pub struct OwnerField {
    pub(in crate::engine) field: Arc<str>,
    pub(in crate::engine) claim: Arc<str>,
    /// The claim, if the viewer has it.
    pub(in crate::engine) value: Option<Json>,
}

/// What a viewer sees of some types. Equal sights are of viewers who see the same of these types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sight([u8; 16]);

/// The rights to a type without rules.
static CLOSED: TypeRights = TypeRights {
    read: Filter::Or(Vec::new()),
    create: Filter::Or(Vec::new()),
    update: Filter::Or(Vec::new()),
    delete: Filter::Or(Vec::new()),
    members: BTreeMap::new(),
    owners: Vec::new(),
    digest: [0; 16],
};

impl TypeRights {
    /// Bytes that it takes up, roughly.
    pub(super) fn weight(&self) -> usize {
        let members = self.members.values().flat_map(|member| [&member.read, &member.create, &member.update]);
        let filters = [&self.read, &self.create, &self.update, &self.delete].into_iter().chain(members);
        // A value takes up several times the bytes of its text.
        512 + filters.map(|filter| 64 + 4 * filter.to_json().to_string().len()).sum::<usize>()
    }
}

impl Rights {
    /// The rights to the documents of a type.
    pub(in crate::engine) fn of(&self, ty: &str) -> &TypeRights {
        self.types.get(ty).unwrap_or(&CLOSED)
    }

    /// The part of the API that viewers with the viewer's roles have.
    pub fn surface(&self) -> &Arc<Surface> {
        &self.surface
    }

    /// What the viewer sees of some types, given in a fixed order.
    pub fn sight<'a>(&self, types: impl IntoIterator<Item = &'a Arc<str>>) -> Sight {
        let mut all = Sha256::new();
        types.into_iter().for_each(|ty| all.update(self.of(ty).digest));
        Sight(shortened(all))
    }

    /// What the viewer sees of everything.
    pub fn whole_sight(&self) -> Sight {
        self.sight(self.types.keys())
    }
}

impl Sight {
    /// What is seen of some types and of the API itself.
    pub fn and_of(self, surface: SurfaceId) -> Sight {
        Sight(digest(&[&self.0, surface.bytes()]))
    }
}

/// Rights are made of claims, which are personal data.
impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rights").field("surface", &self.surface.id()).finish_non_exhaustive()
    }
}

/// A digest of these parts.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut all = Sha256::new();
    for part in parts {
        all.update((part.len() as u64).to_be_bytes());
        all.update(part);
    }
    shortened(all)
}

fn shortened(hash: Sha256) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&hash.finalize()[..16]);
    short
}
