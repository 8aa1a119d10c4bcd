//! The cost of a plan: how many values its answer can have, computed before anything is read. `docs/limits.md` tells
//! clients how to compute it by hand.

use apollo_compiler::Schema;
use serde_json::{Map, Value as Json};

use super::arguments;
use super::error::ApiError;
use super::limits::ApiLimits;
use super::plan::{Args, Connection, Field, FieldKind, Plan, RootKind, Selection};
use super::resolve::Variables;
use crate::metrics::ErrorCode;

/// What a list or a look-up costs in addition to its result, in values.
const READ: u64 = 20;
/// So many values in the filter of a list, and so many rows before its `offset`, cost as much as one value of its result.
const FILTERED: u64 = 10;
const SKIPPED: u64 = 10;
/// What an `offset` costs at the most: how far a list may be skipped has a bound of its own.
const ALL_SKIPPED: u64 = 1_000;

/// What the cost of a plan depends on besides the plan.
pub(super) struct Costs<'c> {
    /// For the defaults of arguments.
    pub(super) schema: &'c Schema,
    /// What the API allows.
    pub(super) limits: &'c ApiLimits,
    /// The values of the operation's variables.
    pub(super) variables: &'c Variables,
}

impl Costs<'_> {
    /// The maximum number of values in the plan's answer, at least 1; an error when it is more than is allowed.
    pub(super) fn check(&self, plan: &Plan) -> Result<u64, ApiError> {
        let (cost, most) = (self.cost(plan).max(1), self.limits.complexity as u64);
        if cost <= most {
            return Ok(cost);
        }
        let message = format!(
            "The operation could answer {cost} values, more than the {most} allowed; ask for fewer rows or fields."
        );
        Err(ApiError::new(ErrorCode::TooComplex, message))
    }

    /// The maximum number of values in the answer.
    fn cost(&self, plan: &Plan) -> u64 {
        plan.roots.iter().map(|root| self.root_cost(&root.kind)).fold(0, u64::saturating_add)
    }

    fn root_cost(&self, kind: &RootKind) -> u64 {
        match kind {
            RootKind::Typename(_) | RootKind::Introspection { .. } => 1,
            RootKind::Rollup { fields, .. } => READ + fields.len() as u64,
            RootKind::Bulk { args, .. } => READ + filtered(&self.args(args)),
            RootKind::ById { selection, .. }
            | RootKind::ByUnique { selection, .. }
            | RootKind::WriteOne { selection, .. } => self.selection_cost(selection).saturating_add(READ),
            RootKind::CreateMany { args, selection, .. } => {
                let inputs = self.args(args).get("inputs").and_then(Json::as_array).map_or(0, Vec::len);
                self.selection_cost(selection).saturating_add(READ).saturating_mul(inputs as u64)
            }
            RootKind::List { args, connection, .. } => self.connection_cost(args, connection),
        }
    }

    fn connection_cost(&self, args: &Args, connection: &Connection) -> u64 {
        let args = self.args(args);
        let asked = |name: &str| args.get(name).and_then(Json::as_u64);
        let rows = asked("first").or(asked("last")).unwrap_or(self.limits.page_default);
        let row = connection.selections.iter().map(|selection| self.selection_cost(selection));
        let row = row.fold(1, u64::saturating_add);
        let skipped = (asked("offset").unwrap_or_default() / SKIPPED).min(ALL_SKIPPED);
        let before = connection.fields.len() as u64 + READ + skipped + filtered(&args);
        row.saturating_mul(rows).saturating_add(before)
    }

    /// The values of a field's arguments.
    fn args(&self, args: &Args) -> Map<String, Json> {
        arguments::of_field(self.schema, &args.0, self.variables)
    }

    fn selection_cost(&self, selection: &Selection) -> u64 {
        let field = |field: &Field| match &field.kind {
            FieldKind::One { selection, .. } => self.selection_cost(selection).saturating_add(1),
            FieldKind::Many { args, connection, .. } => self.connection_cost(args, connection),
            _ => 1,
        };
        let of_type = |fields: &[Field]| fields.iter().map(field).fold(0, u64::saturating_add);
        selection.types.iter().map(|selection| of_type(&selection.fields)).max().unwrap_or(0)
    }
}

/// What the filter among arguments costs.
fn filtered(args: &Map<String, Json>) -> u64 {
    args.get("where").map_or(0, values) / FILTERED
}

/// The scalars in a filter.
fn values(filter: &Json) -> u64 {
    match filter {
        Json::Array(items) => items.iter().map(values).sum(),
        Json::Object(fields) => fields.values().map(values).sum(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 1,
    }
}
