//! Turns bytes into syntax: refuses input that cannot be a schema file, and explains parse errors.

mod lower;

use apollo_parser::cst::{CstNode, Definition as Node};
use apollo_parser::{Error, Parser};

use super::diagnostic::{SchemaFaults, quote, without_mark};
use super::syntax::{At, Definition, Document};

/// Bytes of a schema file at the most.
const MAX_BYTES: usize = 1 << 20;
/// Levels of brackets in brackets at the most.
const MAX_NESTING: usize = 64;
/// Definitions of a file, and fields or values of a definition, at the most.
const MAX_ITEMS: usize = 1_000;

/// The file's text, when it is one.
pub fn text<'a>(bytes: &'a [u8], faults: &mut SchemaFaults) -> Option<&'a str> {
    if bytes.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; a schema file has at most {MAX_BYTES}", bytes.len());
        faults.add(0, "file-too-large", message, "give the schema file, or split the application in two");
        return None;
    }
    let mark = if bytes.starts_with("\u{feff}".as_bytes()) { '\u{feff}'.len_utf8() } else { 0 };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => without_mark(text),
        Err(error) => {
            let at = error.valid_up_to().saturating_sub(mark);
            faults.add(at, "not-utf8", "the file is not UTF-8 from here on", "save the file as UTF-8");
            return None;
        }
    };
    if let Some(at) = text.find('\0') {
        faults.add(
            at,
            "nul-character",
            "the file contains a NUL character",
            "remove it, or save the file as UTF-8",
        );
        return None;
    }
    Some(text)
}

/// The text as syntax. What does not parse is reported and left out.
pub fn document(text: &str, faults: &mut SchemaFaults) -> Document {
    let tree = Parser::new(text).recursion_limit(MAX_NESTING).parse();
    let mut errors: Vec<&Error> = tree.errors().collect();
    let mut nodes: Vec<Node> = tree.document().definitions().collect();
    // The parser wants at least one definition; that a file has none is for the rules to say.
    errors.retain(|error| !(nodes.is_empty() && error.is_eof() && error.index() == text.len()));
    report(&errors, &nodes, faults);

    let broken: Vec<At> = errors.iter().map(|error| error.index()).collect();
    let whole = |node: &Node| {
        let range = node.syntax().text_range();
        let first = broken.partition_point(|at| *at < usize::from(range.start()));
        broken.get(first).is_none_or(|at| *at > usize::from(range.end()))
    };
    if let Some(node) = nodes.get(MAX_ITEMS) {
        let message = format!("the file has {} definitions; oponn takes at most {MAX_ITEMS}", nodes.len());
        faults.add(start(node), "too-many-definitions", message, "split the application in two");
        nodes.truncate(MAX_ITEMS);
    }
    let all = nodes.len();
    let mut definitions = Vec::new();
    for node in nodes.into_iter().filter(whole) {
        match lower::definition(node) {
            Ok(definition) => definitions.push(definition),
            // The parser does not miss it, but where it complains of something, that tells more.
            Err(at) if errors.is_empty() => faults.add(
                at,
                "syntax",
                "something is missing here: a name, a type or a value",
                "write it whole, or remove it",
            ),
            Err(_) => {}
        }
    }
    let parsed = errors.is_empty() && definitions.len() == all;
    for definition in &definitions {
        let Definition { fields, values, directives, implements, .. } = definition;
        let items = fields.len().max(values.len()).max(directives.len()).max(implements.len());
        if items > MAX_ITEMS {
            let message = format!(
                "`{}` has {items} members or directives; oponn takes at most {MAX_ITEMS}",
                definition.name.node
            );
            faults.add(definition.name.at, "too-many-members", message, "split the type in two");
        }
    }
    Document { definitions, complete: parsed && faults.is_empty() }
}

fn start(node: &Node) -> At {
    node.syntax().text_range().start().into()
}

/// Reports syntax errors without those that only follow from others: after an error the parser stumbles
/// from token to token until the next definition.
fn report(errors: &[&Error], nodes: &[Node], faults: &mut SchemaFaults) {
    // An operation without a keyword is the parser's attempt to go on after an error.
    let (attempts, real): (Vec<&Node>, Vec<&Node>) = nodes
        .iter()
        .partition(|node| matches!(node, Node::OperationDefinition(op) if op.operation_type().is_none()));
    let starts: Vec<At> = real.into_iter().map(start).collect();
    let in_attempt = |at: At| {
        let after = attempts.partition_point(|node| start(node) <= at);
        let last = after.checked_sub(1).map(|last| attempts[last]);
        last.is_some_and(|node| at <= usize::from(node.syntax().text_range().end()))
    };
    // The place and the end of the error before.
    let mut last: Option<(At, At)> = None;
    for error in errors {
        let at = error.index();
        let follows = last.is_some_and(|(last, end)| {
            let between = starts.partition_point(|start| *start <= last);
            let same = starts.get(between).is_none_or(|start| *start > at);
            same && (at <= end || is_stumble(error.message()) || in_attempt(at))
        });
        last = Some((at, at + if error.is_eof() { 0 } else { error.data().len() }));
        if !follows {
            let (code, message, help) = explain(error);
            faults.add(at, code, message, help);
        }
    }
}

/// Whether the parser says that something cannot begin a definition.
fn is_stumble(message: &str) -> bool {
    message.starts_with("expected a StringValue, Name or")
        || message.starts_with("expected definition")
        || message.contains("Selection")
}

/// A syntax error in the words of a person: its code, what is wrong, what to write instead.
fn explain(error: &Error) -> (&'static str, String, String) {
    let found = if error.is_eof() { "the end of the file".to_owned() } else { quote(error.data()) };
    let message = error.message();
    if error.is_limit() {
        let message = format!("brackets are nested more than {MAX_NESTING} levels deep");
        return ("nested-too-deeply", message, "write it with fewer levels".to_owned());
    }
    if message.starts_with("unterminated string") {
        let help = "close it: `\"...\"` in one line, or `\"\"\"...\"\"\"` over several";
        return ("syntax", "this string is never closed".to_owned(), help.to_owned());
    }
    let expected = match message.strip_prefix("expected ").and_then(|rest| rest.split(", got").next()) {
        _ if is_stumble(message) || message.starts_with("Unexpected <EOF>") => {
            ("a definition", "begin it with `type`, `interface` or `enum`")
        }
        Some("R_CURLY") => {
            ("a field, a directive or `}`", "write fields as `name: Type`, and close with `}`")
        }
        Some("L_CURLY") => ("`{`", "open the body with `{`"),
        Some("R_PAREN") => ("`)`", "write arguments as `name: value`, and close with `)`"),
        Some("L_PAREN") => ("`(`", "open the arguments with `(`"),
        Some("R_BRACK") => ("`]`", "close the list with `]`"),
        Some("COLON") => ("`:`", "put `:` between the name and its type or value"),
        Some("a type" | "a Type" | "item type") => ("a type", "write a type, for example `String!`"),
        Some("a valid Value") => ("a value", "write a string, a number, `true`, `false`, a name or a list"),
        Some("a name" | "a Name") => {
            ("a name", "names have letters, digits and `_`, and begin with no digit")
        }
        Some("an Argument") => ("an argument", "write `name: value`, or leave the parentheses out"),
        Some("an Interface name") => ("an interface's name", "write `implements Name`"),
        Some("Field Definition") => ("a field", "give the type at least one field"),
        Some("Enum Value Definition") => ("a value", "give the enum at least one value"),
        _ => {
            // What the lexer says about characters and numbers reads well as it is.
            let text = message.trim_end_matches('.').replace('"', "`");
            return ("syntax", text, format!("correct or remove {found}"));
        }
    };
    ("syntax", format!("expected {}, found {found}", expected.0), expected.1.to_owned())
}
