//! The variables of an operation, from the path, the query string, the headers and the body of a request.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::http::{HeaderMap, Uri};
use serde_json::{Map, Number, Value as Json};

use super::problem::Problem;
use super::route::{From, Input, Served};
use crate::graphql::Text;
use crate::server::fault::{RequestFault, shown};
use crate::spelling::suggestion;
use crate::value::json;

/// The variables in the head of a request.
pub(super) fn of_head(route: &Served, uri: &Uri, headers: &HeaderMap) -> Result<Map<String, Json>, Problem> {
    let mut variables = Map::new();
    let mut query = query(route, uri)?;
    for input in &route.inputs {
        let texts: Vec<Cow<'_, str>> = match &input.from {
            From::Path(place) => vec![segment(input, uri, *place)?],
            From::Query(name) => query.remove(name.as_str()).unwrap_or_default(),
            From::Header(name) => {
                let read = |value: &axum::http::HeaderValue| match value.to_str() {
                    Ok(text) => Ok(Cow::from(text.to_owned())),
                    Err(_) => Err(fault(input, "has to be plain text")),
                };
                headers.get_all(name).iter().map(read).collect::<Result<_, _>>()?
            }
            From::Member | From::Body => continue,
        };
        if let Some(value) = value(input, texts)? {
            variables.insert(input.variable.name.clone(), value);
        }
    }
    Ok(variables)
}

/// Adds the variables in the body of a request.
pub(super) fn of_body(route: &Served, body: &[u8], variables: &mut Map<String, Json>) -> Result<(), Problem> {
    let whole = route.inputs.iter().find(|input| input.from == From::Body);
    let members: Vec<&Input> = route.inputs.iter().filter(|input| input.from == From::Member).collect();
    if body.is_empty() && whole.is_none_or(|whole| !whole.variable.required) {
        // What is required is missed when the operation is prepared.
        return Ok(());
    }
    let refuse = |message: String| Problem::of_fault(&RequestFault::bad_request(message));
    let json = json::parse(body).map_err(|error| refuse(format!("The body is not valid JSON: {error}.")))?;
    if let Some(whole) = whole {
        variables.insert(whole.variable.name.clone(), json);
        return Ok(());
    }
    let Json::Object(fields) = json else {
        return Err(refuse("The body has to be a JSON object.".to_owned()));
    };
    for (name, value) in fields {
        if !members.iter().any(|input| input.variable.name == name) {
            let message = match members.is_empty() {
                true => "There is nothing to say in the body here; leave it out.".to_owned(),
                false => {
                    let known = members.iter().map(|input| input.variable.name.as_str());
                    format!("The body has no member `{}`: {}.", shown(&name), suggestion(&name, known))
                }
            };
            return Err(refuse(message));
        }
        variables.insert(name, value);
    }
    Ok(())
}

/// The parameters in the query string.
fn query<'u>(route: &Served, uri: &'u Uri) -> Result<BTreeMap<Cow<'u, str>, Vec<Cow<'u, str>>>, Problem> {
    let mut found: BTreeMap<Cow<'u, str>, Vec<Cow<'u, str>>> = BTreeMap::new();
    let Some(text) = uri.query() else { return Ok(found) };
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        let known = route.inputs.iter().filter_map(|input| match &input.from {
            From::Query(name) => Some(name.as_str()),
            _ => None,
        });
        if !known.clone().any(|known| known == name) {
            let message = format!("There is no parameter `{}`: {}.", shown(&name), suggestion(&name, known));
            return Err(Problem::of_fault(&RequestFault::bad_request(message)));
        }
        found.entry(name).or_default().push(value);
    }
    Ok(found)
}

/// A part of the path.
fn segment<'u>(input: &Input, uri: &'u Uri, place: usize) -> Result<Cow<'u, str>, Problem> {
    let raw = uri.path().split('/').nth(place + 1).unwrap_or_default();
    percent_encoding::percent_decode_str(raw)
        .decode_utf8()
        .map_err(|_| fault(input, "is not UTF-8 in percent-encoding"))
}

/// The value of a variable, given as texts; `None` if it is not given.
fn value(input: &Input, texts: Vec<Cow<'_, str>>) -> Result<Option<Json>, Problem> {
    let read = |text: &str| match input.variable.text {
        Text::Plain | Text::None => Ok(Json::from(text)),
        Text::Boolean => match text {
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            _ => Err(fault(input, "has to be true or false")),
        },
        Text::Number => {
            let number = json::parse(text.as_bytes()).ok().filter(Json::is_number);
            // JSON may have blanks around a number.
            let number = number.filter(|_| text.parse::<Number>().is_ok());
            number.ok_or_else(|| fault(input, "has to be a number"))
        }
    };
    match (&texts[..], input.variable.is_list) {
        ([], _) => Ok(None),
        (texts, true) => {
            texts.iter().map(|text| read(text)).collect::<Result<_, _>>().map(Json::Array).map(Some)
        }
        ([text], false) => read(text).map(Some),
        (_, false) => Err(fault(input, "is given more than once")),
    }
}

fn fault(input: &Input, what: &str) -> Problem {
    let name = match &input.from {
        From::Query(name) => name,
        _ => &input.variable.name,
    };
    Problem::of_input(name, &input.from, &format!("`{name}` {what}."))
}
