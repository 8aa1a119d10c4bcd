//! Writes the answers to introspection as part of any answer.

use serde_json::Value as Json;

use super::{Writer, Written};
use crate::graphql::introspection::Introspection;
use crate::graphql::plan::{MetaField, MetaKind};

impl<'a> Writer<'a> {
    /// Writes the introspection of the schema, or of the type with the name `ty`.
    pub(super) fn introspection(
        &mut self,
        all: &Introspection,
        ty: Option<&str>,
        fields: &'a [MetaField],
    ) -> Written {
        match ty {
            None => self.meta(all, fields, all.schema()),
            Some(name) => self.meta(all, fields, all.of_type(name)),
        }
    }

    fn meta(&mut self, all: &Introspection, fields: &'a [MetaField], node: &Json) -> Written {
        match node {
            Json::Array(items) => self.array(items, |writer, item| writer.meta(all, fields, item)),
            Json::Object(_) => {
                let node = all.whole(node);
                let fields = fields.iter().map(|field| (&*field.key, &field.kind));
                self.object(fields, |writer, kind| match kind {
                    MetaKind::Typename(name) => {
                        writer.string(name);
                        Ok(())
                    }
                    MetaKind::Member(name, fields) => {
                        writer.meta(all, fields, node.get(name.as_str()).unwrap_or(&Json::Null))
                    }
                })
            }
            leaf => self.json(leaf),
        }
    }
}
