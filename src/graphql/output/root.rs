//! Writes root fields.

use super::{Null, Writer, Written};
use crate::graphql::error::ApiError;
use crate::graphql::fetched::{Done, Result};
use crate::graphql::introspection::Introspection;
use crate::graphql::plan::{Root, RootKind};

impl<'a> Writer<'a> {
    /// Writes a root field, or null for it.
    pub(super) fn root(
        &mut self,
        root: &'a Root,
        done: &'a Result<Done>,
        introspection: &Introspection,
    ) -> Written {
        self.stand(root.pos);
        let done = match done {
            Ok(done) => done,
            Err(errors) => {
                let failed = |writer: &mut Self| Err(writer.fail(errors));
                return if root.kind.required() { failed(self) } else { self.nullable(failed) };
            }
        };
        match (&root.kind, done) {
            (_, Done::Text(name)) => {
                self.string(name);
                Ok(())
            }
            (RootKind::Introspection { fields, .. }, Done::Introspection(ty)) => {
                self.introspection(introspection, ty.as_deref(), fields)
            }
            (
                RootKind::ById { selection, .. }
                | RootKind::ByUnique { selection, .. }
                | RootKind::WriteOne { selection, .. },
                Done::One(found),
            ) => self.nullable(|writer| match found {
                Some((item, expanded)) => writer.document(selection, item, 0, expanded),
                None => Err(Null),
            }),
            (RootKind::List { connection, .. }, Done::List(meta, list)) => {
                self.connection(connection, meta, list)
            }
            (RootKind::Rollup { rollup, fields, .. }, Done::Figures(figures)) => {
                self.embedded(&rollup.name, fields, figures.raw())
            }
            (RootKind::CreateMany { selection, .. }, Done::Created { created, items, expanded }) => self
                .array(created, |writer, created| {
                    writer.nullable(|writer| match created {
                        Ok(index) => writer.document(selection, &items[*index], *index, expanded),
                        Err(errors) => Err(writer.fail(errors)),
                    })
                }),
            (RootKind::Bulk { fields, .. }, Done::Count(count)) => self.bulk(fields, *count),
            _ => Err(self.fail(&[ApiError::internal("a root field has an answer of another kind")])),
        }
    }
}
