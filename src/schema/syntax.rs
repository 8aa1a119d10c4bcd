//! A schema file as syntax: names, types, directives and literals, each with its place in the text.

/// A place in the text: the offset of a byte.
pub type At = usize;

/// Something with its place.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// Where it begins.
    pub at: At,
    /// The value at that place.
    pub node: T,
}

/// A name with its place.
pub type Name = Spanned<String>;

/// A whole file.
#[derive(Debug)]
pub struct Document {
    /// Its definitions in order; those that did not parse are left out.
    pub definitions: Vec<Definition>,
    /// Whether every definition parsed.
    pub complete: bool,
}

/// What a definition defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefinitionKind {
    /// `type`
    Object,
    /// `interface`
    Interface,
    /// `enum`
    Enum,
    /// `union`
    Union,
    /// `input`
    Input,
    /// `scalar`
    Scalar,
    /// `schema`
    Schema,
    /// `directive`
    Directive,
    /// `extend ...`
    Extension,
    /// A query, mutation, subscription or fragment.
    Executable,
}

/// One definition. Parts that its kind does not have are empty.
#[derive(Debug)]
pub struct Definition {
    /// The kind of definition.
    pub kind: DefinitionKind,
    /// Its name; for definitions without a name, an empty text at the keyword's place.
    pub name: Name,
    /// Its description.
    pub description: Option<String>,
    /// The interfaces that it declares to implement.
    pub implements: Vec<Name>,
    /// Directives on it.
    pub directives: Vec<Directive>,
    /// Fields of an object or interface.
    pub fields: Vec<FieldDefinition>,
    /// Values of an enum.
    pub values: Vec<EnumValue>,
    /// The content of a directive definition.
    pub signature: Option<Signature>,
}

/// A field of an object or interface.
#[derive(Debug)]
pub struct FieldDefinition {
    /// Its name.
    pub name: Name,
    /// Its description.
    pub description: Option<String>,
    /// Where its arguments begin, if it declares any.
    pub arguments: Option<At>,
    /// Its type.
    pub ty: TypeRef,
    /// Directives on it.
    pub directives: Vec<Directive>,
}

/// A value of an enum.
#[derive(Debug)]
pub struct EnumValue {
    /// Its name.
    pub name: Name,
    /// Its description.
    pub description: Option<String>,
    /// Directives on it.
    pub directives: Vec<Directive>,
}

/// A reference to a type.
#[derive(Clone, Debug)]
pub struct TypeRef {
    /// Where it begins.
    pub at: At,
    /// Whether it ends in `!`.
    pub required: bool,
    /// The type that it refers to.
    pub inner: TypeInner,
}

/// What a type reference refers to.
#[derive(Clone, Debug)]
pub enum TypeInner {
    /// A type by name.
    Named(Name),
    /// A list.
    List(Box<TypeRef>),
}

/// A use of a directive.
#[derive(Debug)]
pub struct Directive {
    /// Its name without `@`, at the place of the `@`.
    pub name: Name,
    /// Its arguments.
    pub arguments: Vec<Argument>,
}

/// An argument of a directive.
#[derive(Debug)]
pub struct Argument {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Spanned<Literal>,
}

/// A literal value.
#[derive(Clone, Debug)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// Digits as written.
    Int(String),
    /// A number with a fraction or an exponent, as written.
    Float(String),
    /// A string, unescaped.
    String(String),
    /// A bare name.
    Enum(String),
    /// A list.
    List(Vec<Spanned<Literal>>),
    /// An object.
    Object(Vec<(Name, Spanned<Literal>)>),
    /// `$name`, which has no meaning in a schema file.
    Variable,
}

/// The content of a directive definition.
#[derive(Debug)]
pub struct Signature {
    /// Its arguments and their types.
    pub arguments: Vec<(Name, TypeRef)>,
    /// Whether it may occur several times in one place.
    pub repeatable: bool,
    /// The locations where it may occur.
    pub locations: Vec<String>,
}

impl TypeRef {
    /// The innermost name, below all lists.
    pub fn name(&self) -> &Name {
        let mut ty = self;
        loop {
            match &ty.inner {
                TypeInner::Named(name) => return name,
                TypeInner::List(inner) => ty = inner,
            }
        }
    }
}

impl std::fmt::Display for TypeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.inner {
            TypeInner::Named(name) => f.write_str(&name.node)?,
            TypeInner::List(inner) => write!(f, "[{inner}]")?,
        }
        f.write_str(if self.required { "!" } else { "" })
    }
}

impl Directive {
    /// The argument with this name, unless it is `null`, which means the same as omitting it.
    pub fn argument(&self, name: &str) -> Option<&Spanned<Literal>> {
        let value = &self.arguments.iter().find(|argument| argument.name.node == name)?.value;
        if matches!(value.node, Literal::Null) { None } else { Some(value) }
    }

    /// The argument with this name, if it is a string.
    pub fn string(&self, name: &str) -> Option<Spanned<&str>> {
        let value = self.argument(name)?;
        Some(Spanned { at: value.at, node: value.node.as_str()? })
    }
}

/// The first use of a directive in a list of them.
pub fn directive<'a>(directives: &'a [Directive], name: &str) -> Option<&'a Directive> {
    directives.iter().find(|directive| directive.name.node == name)
}

impl Literal {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Literal::String(text) => Some(text),
            _ => None,
        }
    }

    /// What kind of literal it is, in words.
    pub fn describe(&self) -> &'static str {
        match self {
            Literal::Null => "null",
            Literal::Boolean(_) => "a boolean",
            Literal::Int(_) => "an integer",
            Literal::Float(_) => "a number",
            Literal::String(_) => "a string",
            Literal::Enum(_) => "a bare name",
            Literal::List(_) => "a list",
            Literal::Object(_) => "an object",
            Literal::Variable => "a variable",
        }
    }
}

impl Spanned<Literal> {
    /// The items of a list; as in GraphQL, any other literal counts as a list of itself.
    pub fn items(&self) -> &[Spanned<Literal>] {
        match &self.node {
            Literal::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }
}
