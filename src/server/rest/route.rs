//! Routes as they are served: what a saved operation says of itself, brought together with what it takes and gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::HeaderName;

use crate::graphql::{DataPath, Saved, Shape, Signature, Text, Variable};
use crate::metrics::ErrorCode;
use crate::operations::{Claim, Document, Method, Operations, Route, Said, Segment};
use crate::schema::Model;
use crate::spelling::suggestion;

/// All routes of an application.
#[derive(Debug, Default)]
pub struct Routes {
    /// By the pattern of their paths.
    pub(super) paths: BTreeMap<String, Vec<Arc<Served>>>,
}

/// What is wrong with a route.
#[derive(Debug, PartialEq, Eq)]
pub struct RouteFault {
    /// The place of its document among all.
    pub document: usize,
    /// The byte of the document's text at which it is wrong.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// A route that is served.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) method: Method,
    /// The path, with the names of its variables.
    pub(super) template: String,
    /// The name of the operation.
    pub(super) name: Arc<str>,
    /// The text of its document.
    pub(super) text: Arc<str>,
    pub(super) inputs: Vec<Input>,
    pub(super) claims: Vec<Claim>,
    /// Where the answer's body is in the data.
    pub(super) part: DataPath,
    /// What that is.
    pub(super) shape: Shape,
    pub(super) status: u16,
    /// The status where the result is null, if it is another one.
    pub(super) empty: Option<u16>,
    pub(super) errors: Vec<(ErrorCode, u16)>,
    pub(super) signature: Signature,
}

/// A variable that requests give.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) variable: Variable,
    pub(super) from: From,
}

/// Where a request gives a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// In this part of the path.
    Path(usize),
    /// In the query string, under this name.
    Query(String),
    Header(HeaderName),
    /// As the member of the body that has the variable's name.
    Member,
    /// As the body.
    Body,
}

/// Status of an answer without a body.
pub(super) const NO_CONTENT: u16 = 204;

impl Routes {
    /// The routes of saved operations, which have been prepared, and everything that is wrong with them.
    pub fn compile(model: &Model, operations: &Operations, saved: &Saved) -> (Routes, Vec<RouteFault>) {
        let (mut routes, mut faults) = (Routes::default(), Vec::new());
        for (place, document) in operations.documents().iter().enumerate() {
            if document.routes().is_empty() && document.claims().is_empty() {
                continue;
            }
            // What is wrong with the operation itself has been told.
            let Some(signature) = saved.signature(model, document.text()) else { continue };
            let mut refuse = |at: usize, message: String, help: String| {
                faults.push(RouteFault { document: place, at, message, help });
            };
            for claim in document.claims() {
                if !signature.variables.iter().any(|variable| variable.name == claim.variable) {
                    refuse(0, format!("there is no variable `${}`", claim.variable), "declare it".to_owned());
                }
            }
            for route in document.routes() {
                let Some(served) = served(document, route, &signature, &mut refuse) else { continue };
                let path = routes.paths.entry(route.pattern()).or_default();
                match path.iter().find(|other| other.method == served.method) {
                    Some(other) => refuse(
                        route.path.at,
                        format!(
                            "`{}` has the route {} {} already",
                            other.name,
                            other.method.as_str(),
                            other.template
                        ),
                        "give one of them another path or method".to_owned(),
                    ),
                    None => path.push(Arc::new(served)),
                }
            }
        }
        (routes, faults)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The number of routes.
    pub fn count(&self) -> usize {
        self.paths.values().map(Vec::len).sum()
    }

    /// All routes, in the order of their paths.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.paths.values().flatten()
    }
}

/// A route that can be served; what is wrong with it is told.
fn served(
    document: &Document,
    route: &Route,
    signature: &Signature,
    refuse: &mut impl FnMut(usize, String, String),
) -> Option<Served> {
    let mut fine = true;
    let mut refuse = |at: usize, message: String, help: &str| {
        fine = false;
        refuse(at, message, help.to_owned());
    };
    let method = route.method;
    match (signature.is_query, method) {
        (false, Method::Get) => {
            refuse(route.at, "a mutation cannot be a GET".to_owned(), "write POST, PUT, PATCH or DELETE");
        }
        (true, Method::Put | Method::Patch | Method::Delete) => {
            refuse(route.at, format!("a query cannot be a {}", method.as_str()), "write GET, or POST");
        }
        _ => {}
    }
    let places = Places { document, route, signature };
    let inputs = places.inputs(&mut refuse);
    let status = route.status.as_ref().map_or(200, |status| status.value);
    if status == NO_CONTENT && !route.result.value.is_empty() {
        let help = "leave `result` out, or write another status";
        refuse(route.result.at, "an answer with the status 204 has no body".to_owned(), help);
    }
    let shape = match signature.data.at(&route.result.value) {
        Ok(shape) => shape,
        Err(name) => {
            let depth = route.result.value.iter().position(|part| part == name).unwrap_or(0);
            let parent =
                signature.data.at(&route.result.value[..depth]).unwrap_or_else(|_| signature.data.clone());
            let help = suggestion(name, parent.keys());
            refuse(route.result.at, format!("there is no `{name}` in the data"), &help);
            signature.data.clone()
        }
    };
    if let Some(empty) = route.empty.as_ref().filter(|_| !shape.nullable) {
        let help = "leave `empty` out, or name a result that can be null";
        refuse(empty.at, "the result is never null".to_owned(), help);
    }
    fine.then(|| Served {
        method,
        template: route.template(),
        name: document.only().cloned().unwrap_or_default(),
        text: document.text().clone(),
        inputs,
        claims: document.claims().to_vec(),
        part: route.result.value.clone().into(),
        shape,
        status,
        empty: route.empty.as_ref().map(|empty| empty.value),
        errors: route.errors.clone(),
        signature: signature.clone(),
    })
}

/// Finds the place of each variable in a request.
struct Places<'a> {
    document: &'a Document,
    route: &'a Route,
    signature: &'a Signature,
}

impl Places<'_> {
    fn inputs(&self, refuse: &mut impl FnMut(usize, String, &str)) -> Vec<Input> {
        for (said, name) in self.named() {
            if !self.signature.variables.iter().any(|variable| variable.name == *name) {
                let known = self.signature.variables.iter().map(|variable| variable.name.as_str());
                refuse(said, format!("the operation has no variable `${name}`"), &suggestion(name, known));
            }
        }
        let mut inputs = Vec::new();
        for variable in &self.signature.variables {
            if let Some(from) = self.place(variable, refuse) {
                inputs.push(Input { variable: variable.clone(), from });
            }
        }
        inputs
    }

    /// The variables that `@rest` names, and where.
    fn named(&self) -> impl Iterator<Item = (usize, &String)> {
        let path = self.route.path.value.iter().filter_map(|segment| match segment {
            Segment::Variable(name) => Some((self.route.path.at, name)),
            Segment::Text(_) => None,
        });
        let of = |said: &Said<BTreeMap<String, String>>| said.at;
        let query =
            self.route.query.iter().flat_map(move |said| said.value.keys().map(move |name| (of(said), name)));
        let headers = self.route.headers.value.keys().map(|name| (self.route.headers.at, name));
        path.chain(query).chain(headers).chain(self.route.body.iter().map(|said| (said.at, &said.value)))
    }

    /// Where requests give a variable; `None` if they do not, or if something is wrong with it.
    fn place(&self, variable: &Variable, refuse: &mut impl FnMut(usize, String, &str)) -> Option<From> {
        let (route, name) = (self.route, &variable.name);
        let segment = Segment::Variable(name.clone());
        let in_path = route.path.value.iter().position(|other| *other == segment).map(From::Path);
        let in_query = route.query.as_ref().and_then(|query| query.value.get(name)).cloned().map(From::Query);
        let header = route.headers.value.get(name).and_then(|name| HeaderName::try_from(name.as_str()).ok());
        let in_header = header.map(From::Header);
        let is_body = route.body.as_ref().is_some_and(|body| body.value == *name).then_some(From::Body);
        let mut places: Vec<From> = [in_path, in_query, in_header, is_body].into_iter().flatten().collect();
        if self.document.claims().iter().any(|claim| claim.variable == *name) {
            if !places.is_empty() {
                let message =
                    format!("`${name}` is a claim of the sender, and `@rest` gives it another place");
                refuse(route.at, message, "take it out of `@rest`, or take `@claim` away");
            }
            return None;
        }
        if places.len() > 1 {
            refuse(route.at, format!("`${name}` has several places"), "name it once");
            return None;
        }
        let has_body = route.method.has_body();
        let from = places.pop().or_else(|| match (has_body, &route.body, &route.query) {
            (true, None, _) => Some(From::Member),
            (false, _, None) => Some(From::Query(name.clone())),
            _ => None,
        });
        let Some(from) = from else {
            let help = "name it in `path`, `query` or `headers`, or give it a default in the operation and take it out";
            refuse(route.at, format!("`${name}` has no place in a request"), help);
            return None;
        };
        let fault = match &from {
            From::Path(_) if variable.is_list => Some("a list does not fit into a path"),
            From::Header(_) if variable.is_list => Some("a list does not fit into a header"),
            From::Path(_) | From::Query(_) | From::Header(_) if variable.text == Text::None => {
                Some("a value of several parts does not fit into an address or a header")
            }
            From::Body if !has_body => Some("a request with this method has no body"),
            _ => None,
        };
        match fault {
            Some(fault) => {
                let help = "put it into the body";
                refuse(route.at, format!("`${name}: {}`: {fault}", variable.ty), help);
                None
            }
            None => Some(from),
        }
    }
}
