//! `@rest`: an operation as a route of HTTP, as far as that is written in its file. Whether the operation has such
//! variables and such a result is for those to say who know the API.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::annotation::{Annotation, Argument};
use super::load::Told;
use crate::metrics::{ErrorCode, Label};
use crate::spelling::suggestion;

/// Paths that the server has itself, and what is below them.
const TAKEN: [&str; 8] =
    ["graphql", "graphiql", "healthz", "readyz", "metrics", "cache", "openapi.json", "openapi"];
/// Headers whose meaning is that of HTTP.
const HEADERS_TAKEN: [&str; 8] = [
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
];
/// The arguments of `@rest`.
const ARGUMENTS: [&str; 9] =
    ["method", "path", "query", "headers", "body", "result", "status", "empty", "errors"];

/// A method of HTTP that routes can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Anything.
    Post,
    /// Puts something into a state.
    Put,
    /// Changes something.
    Patch,
    /// Removes something.
    Delete,
}

impl Method {
    const ALL: [Method; 5] = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];

    /// The name in HTTP.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }

    /// Whether requests with this method have bodies.
    pub fn has_body(self) -> bool {
        match self {
            Method::Post | Method::Put | Method::Patch => true,
            Method::Get | Method::Delete => false,
        }
    }
}

/// A part of a path between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// This text.
    Text(String),
    /// The value of this variable.
    Variable(String),
}

/// Something that `@rest` says, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said<T> {
    /// What it says.
    pub value: T,
    /// The byte of the document's text at which it says so.
    pub at: usize,
}

/// A route of HTTP.
#[derive(Clone, Debug)]
pub struct Route {
    /// Where it stands in the document's text.
    pub at: usize,
    /// The method.
    pub method: Method,
    /// The path; never empty.
    pub path: Said<Vec<Segment>>,
    /// Variables from the query string, each with its name there; `None` for all that have no other place, where the
    /// method has no body.
    pub query: Option<Said<BTreeMap<String, String>>>,
    /// Variables from headers, each with the header's name in small letters.
    pub headers: Said<BTreeMap<String, String>>,
    /// The variable that is the whole body; `None` where members of the body are variables.
    pub body: Option<Said<String>>,
    /// The path of the answer's body in the operation's data; empty for all data.
    pub result: Said<Vec<String>>,
    /// The status of success, if it is said.
    pub status: Option<Said<u16>>,
    /// The status where the result is null, if it is said.
    pub empty: Option<Said<u16>>,
    /// The statuses of errors by their codes, where they are not the usual ones.
    pub errors: Vec<(ErrorCode, u16)>,
}

impl Route {
    /// The path as OpenAPI writes it.
    pub fn template(&self) -> String {
        let segment = |segment: &Segment| match segment {
            Segment::Text(text) => format!("/{text}"),
            Segment::Variable(name) => format!("/{{{name}}}"),
        };
        self.path.value.iter().map(segment).collect()
    }

    /// The path without the names of its variables: routes that agree in it are reached by the same requests.
    pub fn pattern(&self) -> String {
        let segment = |(place, segment): (usize, &Segment)| match segment {
            Segment::Text(text) => format!("/{text}"),
            Segment::Variable(_) => format!("/{{{place}}}"),
        };
        self.path.value.iter().enumerate().map(segment).collect()
    }
}

/// The route of an annotation; everything that is wrong with it is noted.
pub(super) fn route(annotation: &Annotation, told: &mut Vec<Told>) -> Option<Route> {
    let known = told.len();
    for Argument { name, at, .. } in &annotation.arguments {
        if !ARGUMENTS.contains(&name.as_str()) {
            let suggestion = suggestion(name, ARGUMENTS);
            told.push(fault(*at, format!("`@rest` has no argument `{name}`"), &suggestion));
        }
    }
    let at = annotation.range.start;
    let mut missing = |name: &str| {
        let help = "write it like `@rest(method: GET, path: \"/books/{isbn}\")`";
        told.push(fault(at, format!("`@rest` needs `{name}`"), help));
    };
    let given = |name: &str| annotation.arguments.iter().find(|argument| argument.name == name);
    if given("method").is_none() {
        missing("method");
    }
    if given("path").is_none() {
        missing("path");
    }
    let mut reader = Reader { told };
    let method = given("method").and_then(|argument| reader.method(argument));
    let path = given("path").and_then(|argument| reader.path(argument));
    let query = given("query").and_then(|argument| reader.names(argument));
    let headers = given("headers").and_then(|argument| reader.headers(argument));
    let body = given("body").and_then(|argument| reader.text(argument, "the name of a variable"));
    let result = given("result").and_then(|argument| reader.result(argument));
    let status = given("status").and_then(|argument| reader.status(argument, 200..300));
    let empty = given("empty").and_then(|argument| reader.status(argument, 200..500));
    let errors = given("errors").map(|argument| reader.errors(argument)).unwrap_or_default();
    if told.len() > known {
        return None;
    }
    let headers = headers.unwrap_or(Said { value: BTreeMap::new(), at });
    let result = result.unwrap_or(Said { value: Vec::new(), at });
    Some(Route { at, method: method?, path: path?, query, headers, body, result, status, empty, errors })
}

/// Reads arguments, and notes what is wrong with them.
struct Reader<'a> {
    told: &'a mut Vec<Told>,
}

impl Reader<'_> {
    fn refuse<T>(&mut self, argument: &Argument, message: String, help: &str) -> Option<T> {
        self.told.push(fault(argument.value_at, message, help));
        None
    }

    fn method(&mut self, argument: &Argument) -> Option<Method> {
        let name = argument.value.as_str().unwrap_or_default();
        let method = Method::ALL.into_iter().find(|method| method.as_str() == name);
        let help = "write GET, POST, PUT, PATCH or DELETE; HEAD and OPTIONS come with every path";
        method.or_else(|| self.refuse(argument, format!("{} is no method of a route", argument.value), help))
    }

    fn path(&mut self, argument: &Argument) -> Option<Said<Vec<Segment>>> {
        let path = self.text(argument, "a path")?;
        let Some(rest) = path.value.strip_prefix('/').filter(|rest| !rest.is_empty()) else {
            let help = "write it like \"/books/{isbn}\"; `/` alone is the editor's";
            return self.refuse(argument, format!("the path `{}` is none", path.value), help);
        };
        let mut segments = Vec::new();
        for part in rest.split('/') {
            let variable = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            let segment = match variable {
                Some(name) if is_name(name) => Segment::Variable(name.to_owned()),
                None if is_plain(part) => Segment::Text(part.to_owned()),
                _ => {
                    let help = "between two slashes stands a text of letters, digits, `-`, `.`, `_` and `~`, or a \
                                variable in braces like `{isbn}`";
                    return self.refuse(argument, format!("the path has a part `{part}`"), help);
                }
            };
            if matches!(segment, Segment::Variable(_)) && segments.contains(&segment) {
                let help = "each variable has one place";
                return self.refuse(argument, format!("the path has `{part}` twice"), help);
            }
            segments.push(segment);
        }
        if let Some(Segment::Text(first)) = segments.first()
            && TAKEN.contains(&first.as_str())
        {
            let help = "begin it with something else, like `/v1`";
            return self.refuse(argument, format!("the server has paths of its own at `/{first}`"), help);
        }
        Some(Said { value: segments, at: path.at })
    }

    /// A list of variables, or an object of variables and the names that they have outside.
    fn names(&mut self, argument: &Argument) -> Option<Said<BTreeMap<String, String>>> {
        let pair = |name: &str, outside: &Json| {
            let outside = outside.as_str().filter(|outside| !outside.is_empty())?;
            Some((name.to_owned(), outside.to_owned()))
        };
        let names: Option<BTreeMap<_, _>> = match &argument.value {
            Json::Array(items) => items.iter().map(|item| pair(item.as_str()?, item)).collect(),
            Json::Object(fields) => fields.iter().map(|(name, outside)| pair(name, outside)).collect(),
            _ => None,
        };
        let Some(value) = names else {
            let help =
                "write variables like [first, after], or with their names outside like {first: \"limit\"}";
            return self.refuse(argument, format!("`{}` has to be names", argument.name), help);
        };
        let mut outside: Vec<&String> = value.values().collect();
        outside.sort_unstable();
        if let Some(twice) = outside.windows(2).find(|pair| pair[0] == pair[1]) {
            let message = format!("two variables have the name `{}` outside", twice[0]);
            return self.refuse(argument, message, "give each a name of its own");
        }
        Some(Said { value, at: argument.value_at })
    }

    fn headers(&mut self, argument: &Argument) -> Option<Said<BTreeMap<String, String>>> {
        let mut names = self.names(argument)?;
        for name in names.value.values_mut() {
            name.make_ascii_lowercase();
            let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if !is_token || HEADERS_TAKEN.contains(&name.as_str()) {
                let help = "name a header of the application, like \"X-Device\"";
                let message = format!("the header `{name}` cannot be a variable");
                return self.refuse(argument, message, help);
            }
        }
        Some(names)
    }

    fn result(&mut self, argument: &Argument) -> Option<Said<Vec<String>>> {
        let path = self.text(argument, "a path in the data")?;
        let names: Vec<String> = path.value.split('.').map(str::to_owned).collect();
        if names.iter().all(|name| is_name(name)) {
            return Some(Said { value: names, at: path.at });
        }
        let help = "write the names of fields with points between them, like \"books.nodes\"";
        self.refuse(argument, format!("`{}` is no path in the data", path.value), help)
    }

    fn status(&mut self, argument: &Argument, range: std::ops::Range<i64>) -> Option<Said<u16>> {
        let status = argument.value.as_i64().filter(|status| range.contains(status));
        let status = status.and_then(|status| u16::try_from(status).ok());
        if let Some(value) = status.filter(|status| !matches!(status, 205 | 206 | 304)) {
            return Some(Said { value, at: argument.value_at });
        }
        let help = format!("write a status from {} to {}", range.start, range.end - 1);
        self.refuse(argument, format!("`{}` cannot be {}", argument.name, argument.value), &help)
    }

    fn errors(&mut self, argument: &Argument) -> Vec<(ErrorCode, u16)> {
        let Json::Object(fields) = &argument.value else {
            let help = "write codes and statuses, like {NOT_FOUND: 410}";
            self.refuse::<()>(argument, "`errors` has to be an object".to_owned(), help);
            return Vec::new();
        };
        let mut errors = Vec::new();
        for (name, status) in fields {
            let code = ErrorCode::parse(name);
            let status = status.as_u64().and_then(|status| u16::try_from(status).ok());
            match (code, status.filter(|status| (400..600).contains(status))) {
                (Some(code), Some(status)) => errors.push((code, status)),
                (None, _) => {
                    let help = suggestion(name, ErrorCode::ALL.iter().map(|code| code.as_str()));
                    self.refuse::<()>(argument, format!("there is no code `{name}`"), &help);
                }
                (_, None) => {
                    let help = "write a status from 400 to 599";
                    self.refuse::<()>(argument, format!("`{name}` cannot have this status"), help);
                }
            }
        }
        errors
    }

    fn text(&mut self, argument: &Argument, what: &str) -> Option<Said<String>> {
        match &argument.value {
            Json::String(text) => Some(Said { value: text.clone(), at: argument.value_at }),
            _ => {
                let message = format!("`{}` has to be {what}", argument.name);
                self.refuse(argument, message, "write a string in quotation marks")
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    text.bytes().next().is_some_and(is_letter)
        && text.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

/// Whether a text stands in an address as it is, and is no step to another folder.
fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_plain) && !text.bytes().all(|byte| byte == b'.')
}

fn fault(at: usize, message: String, help: &str) -> Told {
    Told { at, code: "rest", message, help: help.to_owned() }
}
