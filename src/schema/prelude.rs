//! The declarations available to every schema file: scalars, and the directives known to the rules.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::diagnostic::SchemaFaults;
use super::parse;
use super::syntax::{Definition, DefinitionKind, Signature};

const TEXT: &str = include_str!("prelude.graphql");

/// The declarations, by name.
#[derive(Debug)]
pub struct Prelude {
    directives: HashMap<String, Signature>,
    types: HashMap<String, Definition>,
}

impl Prelude {
    /// The prelude that ships with the program.
    pub fn get() -> &'static Prelude {
        static PRELUDE: OnceLock<Prelude> = OnceLock::new();
        PRELUDE.get_or_init(|| {
            let mut prelude = Prelude { directives: HashMap::new(), types: HashMap::new() };
            for mut definition in parse::document(TEXT, &mut SchemaFaults::default()).definitions {
                match definition.signature.take() {
                    Some(signature) => drop(prelude.directives.insert(definition.name.node, signature)),
                    None => drop(prelude.types.insert(definition.name.node.clone(), definition)),
                }
            }
            prelude
        })
    }

    /// The definition of the directive with this name.
    pub fn directive(&self, name: &str) -> Option<&Signature> {
        self.directives.get(name)
    }

    /// Names of all directives.
    pub fn directives(&self) -> impl Iterator<Item = &str> {
        self.directives.keys().map(String::as_str)
    }

    /// Whether the prelude declares a type with this name.
    pub fn has_type(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// Names of the values of an enum.
    pub fn enum_values(&self, name: &str) -> Option<impl Iterator<Item = &str>> {
        let definition = self.types.get(name).filter(|definition| definition.kind == DefinitionKind::Enum)?;
        Some(definition.values.iter().map(|value| value.name.node.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declaration_parses() {
        let mut faults = SchemaFaults::default();
        let document = parse::document(TEXT, &mut faults);
        assert!(document.complete && faults.is_empty(), "{faults:?}");
        assert_eq!(Prelude::get().directives.len(), 28);
    }

    #[test]
    fn it_declares_all_scalars_that_graphql_does_not() {
        for scalar in ["DateTime", "Date", "Decimal", "Long", "UUID", "JSON"] {
            assert!(TEXT.contains(&format!("\nscalar {scalar}\n")), "{scalar}");
        }
    }
}
