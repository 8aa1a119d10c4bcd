//! The answers to introspection: computed once, and then looked up while an answer is written.
//!
//! The validator's library computes them from the schema that operations are validated against, so the two cannot
//! differ. Only the selected fields are written: an introspection costs what its answer costs.

use std::collections::HashMap;

use apollo_compiler::Schema;
use apollo_compiler::executable::ExecutableDocument;
use apollo_compiler::introspection::partial_execute;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use serde_json::Value as Json;

/// Asks for everything there is to know; type references go four wrappers deep at most.
const WHOLE: &str = "
  query { __schema {
    description
    queryType { ...Ref } mutationType { ...Ref } subscriptionType { ...Ref }
    types {
      kind name description specifiedByURL
      fields(includeDeprecated: true) { ...Field args(includeDeprecated: true) { ...Input } }
      inputFields(includeDeprecated: true) { ...Input }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      interfaces { ...Ref } possibleTypes { ...Ref }
    }
    directives {
      name description isRepeatable locations args(includeDeprecated: true) { ...Input }
    }
  } }
  fragment Field on __Field { name description isDeprecated deprecationReason type { ...Ref } }
  fragment Input on __InputValue {
    name description defaultValue isDeprecated deprecationReason type { ...Ref }
  }
  fragment Ref on __Type {
    kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }
  }";

/// The answers to introspection.
pub struct Introspection {
    schema: Json,
    types: HashMap<String, Json>,
    open: bool,
}

impl Introspection {
    /// Computes everything there is to know of a schema.
    pub fn of(schema: &Valid<Schema>) -> Result<Introspection, String> {
        let document = ExecutableDocument::parse_and_validate(schema, WHOLE, "introspection");
        let document = document.map_err(|faulty| faulty.errors.to_string())?;
        let operation = document.operations.get(None).map_err(|error| format!("{error:?}"))?;
        let variables = Valid::assume_valid(JsonMap::new());
        let answer = partial_execute(schema, &schema.implementers_map(), &document, operation, &variables);
        let answer = serde_json::to_value(answer.map_err(|error| format!("{error:?}"))?.data);
        let mut answer = answer.map_err(|error| error.to_string())?;
        let mut schema = answer.get_mut("__schema").map(Json::take).ok_or("the schema tells nothing")?;
        let mut types = HashMap::new();
        for ty in schema.get_mut("types").and_then(Json::as_array_mut).into_iter().flatten() {
            let is_input = ty["kind"] == "INPUT_OBJECT";
            ty["isOneOf"] = if is_input { Json::Bool(false) } else { Json::Null };
            let name = ty["name"].as_str().unwrap_or_default().to_owned();
            // The list keeps only the type's name; the type itself is looked up by it.
            let whole = std::mem::replace(ty, serde_json::json!({ "kind": ty["kind"], "name": name }));
            types.insert(name, whole);
        }
        Ok(Introspection { schema, types, open: true })
    }

    /// Introspection that tells nothing.
    pub fn closed() -> Introspection {
        Introspection { schema: Json::Null, types: HashMap::new(), open: false }
    }

    /// Whether introspection tells anything.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Everything there is to know of the schema.
    pub(super) fn schema(&self) -> &Json {
        &self.schema
    }

    /// Everything there is to know of the type with this name; null when there is none.
    pub(super) fn of_type(&self, name: &str) -> &Json {
        self.types.get(name).unwrap_or(&Json::Null)
    }

    /// The type that a node refers to by name; any other node is returned as it is.
    pub(super) fn whole<'i>(&'i self, node: &'i Json) -> &'i Json {
        let named = node.get("kind").and(node.get("name")).and_then(Json::as_str);
        named.and_then(|name| self.types.get(name)).unwrap_or(node)
    }
}
