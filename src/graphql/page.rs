//! Arguments of lists: turns what the client gave into a list and its window.

use serde_json::{Map, Value as Json};

use super::cursor::read_cursor;
use super::error::ApiError;
use super::limits::{ApiLimits, max_offset};
use super::plan::{Connection, PageInfoField, Source};
use crate::engine::input::{self, FilterBudget, FilterLimits};
use crate::engine::{InputFault, List, Step, Window};
use crate::query::{Filter, Order};
use crate::schema::Model;

/// The parsed arguments of a list.
#[derive(Clone, Debug)]
pub(super) struct ListArgs {
    /// The list that `where` and `orderBy` ask for.
    pub(super) list: List,
    /// The part of the list that the other arguments ask for.
    pub(super) window: Window,
}

/// Parses the arguments of a list, or reports everything that is wrong with them.
pub(super) fn list_args(
    (model, limits, budget): (&Model, &ApiLimits, &FilterBudget),
    source: &Source,
    connection: &Connection,
    args: &Map<String, Json>,
) -> Result<ListArgs, Vec<ApiError>> {
    let bounds = FilterLimits::default();
    let mut errors = Vec::new();
    let given = |name: &str| args.get(name).filter(|value| !value.is_null());
    let mut keep = |name: &str, faults: Vec<InputFault>| errors.extend(ApiError::of_argument(name, faults));
    let filter = match given("where").map(|w| input::filter_within(model, &source.on, w, &bounds, budget)) {
        None => Filter::all(),
        Some(Ok(filter)) => filter,
        Some(Err(faults)) => {
            keep("where", faults);
            Filter::all()
        }
    };
    let order = match given("orderBy").map(|order| input::order(model, &source.on, order)) {
        None => Order::default(),
        Some(Ok(order)) => order,
        Some(Err(faults)) => {
            keep("orderBy", faults);
            Order::default()
        }
    };
    let window = window(limits, source, connection, &order, args, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let (on, types) = (source.on.clone(), source.types.clone());
    Ok(ListArgs { list: List { on, types, filter, order }, window })
}

fn window(
    limits: &ApiLimits,
    source: &Source,
    connection: &Connection,
    order: &Order,
    args: &Map<String, Json>,
    errors: &mut Vec<ApiError>,
) -> Window {
    let mut fault = |name: &str, message: String| {
        errors.push(ApiError::input(message, &[Step::Key(name.to_owned())]));
    };
    let mut number = |name: &str, most: u64| {
        let value = args.get(name).filter(|value| !value.is_null())?;
        match value.as_i64().and_then(|n| u64::try_from(n).ok()) {
            Some(n) if n <= most => Some(n),
            Some(n) => {
                let what = if name == "offset" { "passed over" } else { "asked for" };
                let message =
                    format!("{name} is {n}, but at most {most} rows can be {what} at once; page with after.");
                fault(name, message);
                None
            }
            None => {
                fault(name, format!("{name} is {value}, but it must be 0 or more."));
                None
            }
        }
    };
    let first = number("first", limits.page_max);
    let last = number("last", limits.page_max);
    let offset = number("offset", max_offset(source.types.len()));
    if first.is_some() && last.is_some() {
        fault("last", "first and last cannot be given together; give one of them.".into());
    }
    if last.is_some() && offset.is_some() {
        fault("offset", "offset counts from the start; give it with first, not with last.".into());
    }
    let mut cursor = |name: &str| {
        let text = args.get(name).and_then(Json::as_str)?;
        let key = read_cursor(text, &source.types, order);
        if key.is_none() {
            let message = format!(
                "{name} is not a cursor of this list and order; use an endCursor or startCursor of the same list."
            );
            fault(name, message);
        }
        key
    };
    Window {
        after: cursor("after"),
        before: cursor("before"),
        offset: offset.unwrap_or(0),
        limit: if connection.wants_rows() { first.or(last).unwrap_or(limits.page_default) } else { 0 },
        from_end: last.is_some(),
        total: connection.wants_total(),
        previous: connection.tells(PageInfoField::HasPrevious),
        next: connection.tells(PageInfoField::HasNext),
    }
}
