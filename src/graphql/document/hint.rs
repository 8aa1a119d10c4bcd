//! Turns the validator's messages into sentences, with the name that was probably meant.

use apollo_compiler::schema::ExtendedType;

use crate::graphql::types::Definition;
use crate::spelling::nearest;

/// The message as a sentence. Suggests names of the schema only where introspection is allowed.
pub fn complete(definition: &Definition, message: &str) -> String {
    let mut sentence = String::with_capacity(message.len() + 32);
    let mut chars = message.chars();
    sentence.extend(chars.next().into_iter().flat_map(char::to_uppercase));
    sentence.push_str(chars.as_str().trim_end_matches('.'));
    let meant = definition.introspection.is_open().then(|| nearest_field(definition, message)).flatten();
    match meant {
        Some(name) => sentence.extend(["; did you mean `", name, "`?"]),
        None => sentence.push('.'),
    }
    sentence
}

/// The type's field whose name is nearest to the unknown one. Messages of another form get no hint.
fn nearest_field<'a>(definition: &'a Definition, message: &str) -> Option<&'a str> {
    let (ty, rest) = message.strip_prefix("type `")?.split_once("` does not have a field `")?;
    let typed = rest.strip_suffix('`')?;
    let names = |fields: &'a apollo_compiler::collections::IndexMap<_, _>| {
        fields.keys().map(apollo_compiler::Name::as_str)
    };
    match definition.schema.types.get(ty)? {
        ExtendedType::Object(object) => nearest(typed, names(&object.fields)),
        ExtendedType::Interface(interface) => nearest(typed, names(&interface.fields)),
        _ => None,
    }
}
