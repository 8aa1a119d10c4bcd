//! From the parser's concrete tree to oponn's syntax. `None` for what lacks a part it must have.

use apollo_parser::SyntaxNode;
use apollo_parser::cst::{self, CstNode, Definition as Node};

use crate::schema::syntax::*;

/// A definition.
pub fn definition(node: Node) -> Option<Definition> {
    let at = at(node.syntax());
    let name = match node.name() {
        Some(name) => lower_name(name),
        None => Spanned { at, node: String::new() },
    };
    let mut lowered = Definition {
        kind: kind(&node),
        name,
        description: None,
        implements: Vec::new(),
        directives: Vec::new(),
        fields: Vec::new(),
        values: Vec::new(),
        signature: None,
    };
    match node {
        Node::ObjectTypeDefinition(node) => {
            lowered.description = description(node.description());
            lowered.implements = implements(node.implements_interfaces())?;
            lowered.directives = directives(node.directives())?;
            lowered.fields = fields(node.fields_definition())?;
        }
        Node::InterfaceTypeDefinition(node) => {
            lowered.description = description(node.description());
            lowered.implements = implements(node.implements_interfaces())?;
            lowered.directives = directives(node.directives())?;
            lowered.fields = fields(node.fields_definition())?;
        }
        Node::EnumTypeDefinition(node) => {
            lowered.description = description(node.description());
            lowered.directives = directives(node.directives())?;
            let values = node.enum_values_definition();
            let values = values.into_iter().flat_map(|values| values.enum_value_definitions());
            lowered.values = values.map(enum_value).collect::<Option<_>>()?;
        }
        Node::DirectiveDefinition(node) => lowered.signature = Some(signature(node)?),
        _ => {}
    }
    Some(lowered)
}

fn kind(node: &Node) -> DefinitionKind {
    match node {
        Node::ObjectTypeDefinition(_) => DefinitionKind::Object,
        Node::InterfaceTypeDefinition(_) => DefinitionKind::Interface,
        Node::EnumTypeDefinition(_) => DefinitionKind::Enum,
        Node::UnionTypeDefinition(_) => DefinitionKind::Union,
        Node::InputObjectTypeDefinition(_) => DefinitionKind::Input,
        Node::ScalarTypeDefinition(_) => DefinitionKind::Scalar,
        Node::SchemaDefinition(_) => DefinitionKind::Schema,
        Node::DirectiveDefinition(_) => DefinitionKind::Directive,
        Node::OperationDefinition(_) | Node::FragmentDefinition(_) => DefinitionKind::Executable,
        Node::SchemaExtension(_)
        | Node::ScalarTypeExtension(_)
        | Node::ObjectTypeExtension(_)
        | Node::InterfaceTypeExtension(_)
        | Node::UnionTypeExtension(_)
        | Node::EnumTypeExtension(_)
        | Node::InputObjectTypeExtension(_) => DefinitionKind::Extension,
    }
}

fn at(node: &SyntaxNode) -> At {
    node.text_range().start().into()
}

fn lower_name(name: cst::Name) -> Name {
    Spanned { at: at(name.syntax()), node: name.text().to_string() }
}

fn description(node: Option<cst::Description>) -> Option<String> {
    Some(String::from(node?.string_value()?)).filter(|text| !text.is_empty())
}

fn implements(node: Option<cst::ImplementsInterfaces>) -> Option<Vec<Name>> {
    let types = node.into_iter().flat_map(|node| node.named_types());
    types.map(|ty| ty.name().map(lower_name)).collect()
}

fn fields(node: Option<cst::FieldsDefinition>) -> Option<Vec<FieldDefinition>> {
    let fields = node.into_iter().flat_map(|node| node.field_definitions());
    fields
        .map(|field| {
            Some(FieldDefinition {
                name: lower_name(field.name()?),
                description: description(field.description()),
                arguments: field.arguments_definition().map(|arguments| at(arguments.syntax())),
                ty: type_ref(field.ty()?)?,
                directives: directives(field.directives())?,
            })
        })
        .collect()
}

fn enum_value(node: cst::EnumValueDefinition) -> Option<EnumValue> {
    Some(EnumValue {
        name: lower_name(node.enum_value()?.name()?),
        description: description(node.description()),
        directives: directives(node.directives())?,
    })
}

// The depth of types and values is bounded by the parser's limit on nesting.
fn type_ref(node: cst::Type) -> Option<TypeRef> {
    let at = at(node.syntax());
    let (required, named, list) = match node {
        cst::Type::NamedType(named) => (false, Some(named), None),
        cst::Type::ListType(list) => (false, None, Some(list)),
        cst::Type::NonNullType(ty) => (true, ty.named_type(), ty.list_type()),
    };
    let inner = match (named, list) {
        (Some(named), _) => TypeInner::Named(lower_name(named.name()?)),
        (None, list) => TypeInner::List(Box::new(type_ref(list?.ty()?)?)),
    };
    Some(TypeRef { at, required, inner })
}

fn directives(node: Option<cst::Directives>) -> Option<Vec<Directive>> {
    let directives = node.into_iter().flat_map(|node| node.directives());
    directives
        .map(|directive| {
            let at = at(directive.syntax());
            let arguments = directive.arguments().into_iter().flat_map(|node| node.arguments());
            Some(Directive {
                name: Spanned { at, ..lower_name(directive.name()?) },
                arguments: arguments.map(argument).collect::<Option<_>>()?,
            })
        })
        .collect()
}

fn argument(node: cst::Argument) -> Option<Argument> {
    Some(Argument { name: lower_name(node.name()?), value: value(node.value()?)? })
}

fn value(node: cst::Value) -> Option<Spanned<Literal>> {
    let at = at(node.syntax());
    let written = |node: &SyntaxNode| node.text().to_string().trim().to_owned();
    let node = match node {
        cst::Value::Variable(_) => Literal::Variable,
        cst::Value::NullValue(_) => Literal::Null,
        cst::Value::BooleanValue(node) => Literal::Boolean(node.true_token().is_some()),
        cst::Value::IntValue(node) => Literal::Int(written(node.syntax())),
        cst::Value::FloatValue(node) => Literal::Float(written(node.syntax())),
        cst::Value::StringValue(node) => Literal::String(String::from(node)),
        cst::Value::EnumValue(node) => Literal::Enum(node.name()?.text().to_string()),
        cst::Value::ListValue(node) => Literal::List(node.values().map(value).collect::<Option<_>>()?),
        cst::Value::ObjectValue(node) => {
            let fields = node.object_fields();
            let pair = |field: cst::ObjectField| Some((lower_name(field.name()?), value(field.value()?)?));
            Literal::Object(fields.map(pair).collect::<Option<_>>()?)
        }
    };
    Some(Spanned { at, node })
}

fn signature(node: cst::DirectiveDefinition) -> Option<Signature> {
    let arguments = node.arguments_definition();
    let arguments = arguments.into_iter().flat_map(|node| node.input_value_definitions());
    let locations = node.directive_locations();
    let locations = locations.into_iter().flat_map(|node| node.directive_locations());
    Some(Signature {
        arguments: arguments
            .map(|argument| Some((lower_name(argument.name()?), type_ref(argument.ty()?)?)))
            .collect::<Option<_>>()?,
        repeatable: node.repeatable_token().is_some(),
        locations: locations.map(|node| node.syntax().text().to_string().trim().to_owned()).collect(),
    })
}
