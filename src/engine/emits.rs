//! The events of a model: what `@emit` says, read with the language of filters, and checked.

use std::sync::Arc;

use super::access::Fault;
use crate::query::emit::{Condition, EmitRule, Emits, Part, Reference, Shape, Side, TypeEmits};
use crate::schema::{Collection, Emit, EmitOn, Filled, Model, Template};

mod condition;
mod payload;
mod place;

use place::{Named, Place};

/// The events of a model that has been checked.
pub fn emits(model: &Model) -> Emits {
    let of_type = |of: &Arc<Collection>| {
        let rules = of.emits.iter().filter_map(|emit| Reader::new(model, of, emit).rule()).collect();
        let filled = of.fields.iter().filter(|field| field.filled == Filled::UpdatedAt);
        (of.name.clone(), TypeEmits { rules, filled: filled.map(|field| field.name.clone()).collect() })
    };
    Emits::new(model.collections.iter().map(of_type))
}

/// What is wrong with the events of a model.
pub(super) fn check(model: &Model) -> Vec<Fault> {
    let mut faults = Vec::new();
    for of in &model.collections {
        for emit in &of.emits {
            let mut reader = Reader::new(model, of, emit);
            reader.rule();
            faults.append(&mut reader.faults);
        }
    }
    faults
}

/// Reads one event.
struct Reader<'a> {
    model: &'a Model,
    of: &'a Collection,
    emit: &'a Emit,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    fn new(model: &'a Model, of: &'a Collection, emit: &'a Emit) -> Reader<'a> {
        Reader { model, of, emit, faults: Vec::new() }
    }

    /// The event; `None` if anything is wrong with it.
    fn rule(&mut self) -> Option<EmitRule> {
        let when = match &self.emit.when {
            Some(when) => self.condition(when),
            None => Condition::All(Vec::new()),
        };
        let payload = match &self.emit.payload {
            Some(payload) => self.payload(payload),
            None => self.whole_change(),
        };
        let Emit { name, sink, on, .. } = self.emit;
        let (name, sink, on) = (name.clone(), sink.clone(), on.clone());
        self.faults.is_empty().then_some(EmitRule { name, sink, on, when, payload })
    }

    /// What is told where the file does not say it.
    fn whole_change(&self) -> Part {
        let whole = Place::new(self.model, self.of).document();
        let id = Reference { side: Side::Document, path: "_id".to_owned() };
        let field = |(name, part): (&str, Part)| (name.to_owned(), part);
        let fields = [
            ("event", Part::Constant((&*self.emit.name).into())),
            ("type", Part::Constant((&*self.of.name).into())),
            ("id", Part::Value(id, Shape::Id)),
            ("change", Part::Change),
            ("before", Part::Document(Side::Before, whole.clone())),
            ("after", Part::Document(Side::After, whole)),
        ];
        Part::Object(fields.map(field).into())
    }

    /// What a text stands for: `None` for itself.
    fn named<'t>(
        &mut self,
        text: &'t str,
        within: &Template,
        path: &[String],
        code: &'static str,
    ) -> Option<Named<'t>> {
        let named = place::named(text)?;
        if let Named::Nothing = named {
            let help =
                "write \"$before.name\", \"$after.name\" or \"$document.name\"; or \"$$\" for a `$` itself";
            self.fault(within, path, code, format!("{text:?} stands for nothing"), help);
        }
        if let Named::Of(side, _) = named {
            let on = &self.emit.on[..];
            let missing = match (side, on) {
                (Side::After, [EmitOn::Delete]) => Some(("after a delete", "`$before` or `$document`")),
                (Side::Before, [EmitOn::Create]) => Some(("before a creation", "`$after`")),
                _ => None,
            };
            if let Some((when, instead)) = missing {
                let message = format!("{text:?} is always null: there is no document {when}");
                self.fault(within, path, code, message, &format!("write {instead}"));
            }
        }
        Some(named)
    }

    fn fault(&mut self, within: &Template, path: &[String], code: &'static str, message: String, help: &str) {
        self.faults.push((within.at(path), code, message, help.to_owned()));
    }
}

#[cfg(test)]
mod tests;
