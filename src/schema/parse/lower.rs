//! Turns the parser's concrete tree into oponn's syntax. Reports nodes that lack a required part, some of
//! which the parser accepts without an error.

use apollo_parser::SyntaxNode;
use apollo_parser::cst::{self, CstNode, Definition as Node};

use crate::schema::syntax::*;

/// A definition.
pub fn definition(node: Node) -> Result<Definition, At> {
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
            lowered.values = values.map(enum_value).collect::<Result<_, _>>()?;
        }
        Node::DirectiveDefinition(node) => lowered.signature = Some(signature(node)?),
        _ => {}
    }
    Ok(lowered)
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

/// A part that a node cannot be without, or where the node is.
fn need<T>(node: &impl CstNode, part: Option<T>) -> Result<T, At> {
    part.ok_or_else(|| at(node.syntax()))
}

fn lower_name(name: cst::Name) -> Name {
    Spanned { at: at(name.syntax()), node: name.text().to_string() }
}

fn description(node: Option<cst::Description>) -> Option<String> {
    Some(String::from(node?.string_value()?)).filter(|text| !text.is_empty())
}

fn implements(node: Option<cst::ImplementsInterfaces>) -> Result<Vec<Name>, At> {
    let types = node.into_iter().flat_map(|node| node.named_types());
    types.map(|ty| need(&ty, ty.name()).map(lower_name)).collect()
}

fn fields(node: Option<cst::FieldsDefinition>) -> Result<Vec<FieldDefinition>, At> {
    let fields = node.into_iter().flat_map(|node| node.field_definitions());
    fields
        .map(|field| {
            Ok(FieldDefinition {
                name: lower_name(need(&field, field.name())?),
                description: description(field.description()),
                arguments: field.arguments_definition().map(|arguments| at(arguments.syntax())),
                ty: type_ref(need(&field, field.ty())?)?,
                directives: directives(field.directives())?,
            })
        })
        .collect()
}

fn enum_value(node: cst::EnumValueDefinition) -> Result<EnumValue, At> {
    let name = node.enum_value().and_then(|value| value.name());
    Ok(EnumValue {
        name: lower_name(need(&node, name)?),
        description: description(node.description()),
        directives: directives(node.directives())?,
    })
}

// The depth of types and values is bounded by the parser's limit on nesting.
fn type_ref(node: cst::Type) -> Result<TypeRef, At> {
    let at = at(node.syntax());
    let (required, named, list) = match node {
        cst::Type::NamedType(named) => (false, Some(named), None),
        cst::Type::ListType(list) => (false, None, Some(list)),
        cst::Type::NonNullType(ty) => (true, ty.named_type(), ty.list_type()),
    };
    let inner = match (named, list) {
        (Some(named), _) => TypeInner::Named(lower_name(need(&named, named.name())?)),
        (None, list) => {
            let item = list.and_then(|list| list.ty());
            TypeInner::List(Box::new(type_ref(item.ok_or(at)?)?))
        }
    };
    Ok(TypeRef { at, required, inner })
}

fn directives(node: Option<cst::Directives>) -> Result<Vec<Directive>, At> {
    let directives = node.into_iter().flat_map(|node| node.directives());
    directives
        .map(|directive| {
            let at = at(directive.syntax());
            let arguments = directive.arguments().into_iter().flat_map(|node| node.arguments());
            Ok(Directive {
                name: Spanned { at, ..lower_name(need(&directive, directive.name())?) },
                arguments: arguments.map(argument).collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

fn argument(node: cst::Argument) -> Result<Argument, At> {
    let name = lower_name(need(&node, node.name())?);
    Ok(Argument { name, value: value(need(&node, node.value())?)? })
}

fn value(node: cst::Value) -> Result<Spanned<Literal>, At> {
    let at = at(node.syntax());
    let written = |node: &SyntaxNode| node.text().to_string().trim().to_owned();
    let node = match node {
        cst::Value::Variable(_) => Literal::Variable,
        cst::Value::NullValue(_) => Literal::Null,
        cst::Value::BooleanValue(node) => Literal::Boolean(node.true_token().is_some()),
        cst::Value::IntValue(node) => Literal::Int(written(node.syntax())),
        cst::Value::FloatValue(node) => Literal::Float(written(node.syntax())),
        cst::Value::StringValue(node) => Literal::String(String::from(node)),
        cst::Value::EnumValue(node) => Literal::Enum(need(&node, node.name())?.text().to_string()),
        cst::Value::ListValue(node) => Literal::List(node.values().map(value).collect::<Result<_, _>>()?),
        cst::Value::ObjectValue(node) => {
            let fields = node.object_fields();
            let pair = |field: cst::ObjectField| {
                let name = lower_name(need(&field, field.name())?);
                Ok::<_, At>((name, value(need(&field, field.value())?)?))
            };
            Literal::Object(fields.map(pair).collect::<Result<_, _>>()?)
        }
    };
    Ok(Spanned { at, node })
}

fn signature(node: cst::DirectiveDefinition) -> Result<Signature, At> {
    let arguments = node.arguments_definition();
    let arguments = arguments.into_iter().flat_map(|node| node.input_value_definitions());
    let locations = node.directive_locations();
    let locations = locations.into_iter().flat_map(|node| node.directive_locations());
    Ok(Signature {
        arguments: arguments
            .map(|argument| {
                let name = lower_name(need(&argument, argument.name())?);
                Ok::<_, At>((name, type_ref(need(&argument, argument.ty())?)?))
            })
            .collect::<Result<_, _>>()?,
        repeatable: node.repeatable_token().is_some(),
        locations: locations.map(|node| node.syntax().text().to_string().trim().to_owned()).collect(),
    })
}
