//! Operation texts, parsed and validated once and kept.
//!
//! async-graphql validates: an extension that answers in place of its executor turns
//! `Schema::execute` into a pure parse-and-validate. The same door lets introspection through to it.

use std::sync::Arc;

use async_graphql::dynamic::Schema;
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
};
use async_graphql::{Request, Response, ServerError, Value, async_trait};
use quick_cache::sync::Cache;

use super::coerce;
use super::error::ApiError;
use super::plan::{Flags, Plan, Planner, Refusal, flag_names};
use super::size;
use crate::metrics::{ErrorCode, KeptKind, KeptResult, Metrics};

/// Bytes of the texts that are kept, at the most: one use of much longer texts shall not push the
/// others out.
const KEPT_BYTES: u64 = 16 << 20;
/// Plans of one text that are kept: one per combination of its `@skip` and `@include` variables.
const KEPT_PLANS: usize = 16;

/// Marks a request that async-graphql is to execute: introspection.
struct Introspect;

/// Answers in place of async-graphql's executor.
pub(super) struct ValidateOnly;

impl ExtensionFactory for ValidateOnly {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(ValidateOnly)
    }
}

#[async_trait::async_trait]
impl Extension for ValidateOnly {
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        match ctx.data_opt::<Introspect>() {
            Some(_) => next.run(ctx, operation_name).await,
            None => Response::new(Value::Null),
        }
    }
}

/// A valid text with its plans.
pub(super) struct Document {
    parsed: ExecutableDocument,
    flags: Vec<String>,
    plans: Cache<(Option<String>, Flags), Arc<Plan>>,
}

/// What came of a text: a document, or what is wrong with it.
pub(super) type Outcome = Result<Arc<Document>, Arc<Vec<ApiError>>>;

/// The texts seen lately.
pub(super) struct Documents {
    kept: Cache<Arc<str>, Outcome, TextWeight>,
    metrics: Arc<Metrics>,
}

#[derive(Clone)]
struct TextWeight;

impl quick_cache::Weighter<Arc<str>, Outcome> for TextWeight {
    fn weight(&self, text: &Arc<str>, _: &Outcome) -> u64 {
        // A parsed document takes several times its text.
        text.len() as u64 * 8 + 1_024
    }
}

impl Documents {
    pub(super) fn new(metrics: Arc<Metrics>) -> Documents {
        Documents { kept: Cache::with_weighter(4_096, KEPT_BYTES * 4, TextWeight), metrics }
    }

    /// The document of a text.
    pub(super) async fn get(&self, schema: &Schema, text: &str) -> Outcome {
        if let Some(known) = self.kept.get(text) {
            self.metrics.graphql_kept(KeptKind::Document, KeptResult::Hit);
            return known;
        }
        self.metrics.graphql_kept(KeptKind::Document, KeptResult::Miss);
        let outcome = validate(schema, text).await.map(Arc::new).map_err(Arc::new);
        self.kept.insert(text.into(), outcome.clone());
        outcome
    }
}

async fn validate(schema: &Schema, text: &str) -> Result<Document, Vec<ApiError>> {
    let parsed = parse_query(text).map_err(|error| {
        // The parser quotes the whole line, which may be the whole document; what it expected is its last
        // line.
        let text = error.to_string();
        let expected =
            text.lines().rev().find_map(|line| line.trim().strip_prefix("= ")).unwrap_or("another text");
        let expected = expected.chars().take(300).collect::<String>();
        let mut api =
            ApiError::new(ErrorCode::BadUserInput, format!("The document does not parse: {expected}."));
        api.pos = error.positions().next();
        vec![api]
    })?;
    size::check(&parsed).map_err(|message| vec![ApiError::new(ErrorCode::TooComplex, message)])?;
    let mut request = Request::new(text);
    request.set_parsed_query(parsed.clone());
    if let DocumentOperations::Multiple(operations) = &parsed.operations
        && let Some(any) = operations.keys().next()
    {
        // All are validated, whichever is named.
        request = request.operation_name(any.as_str());
    }
    let response = schema.execute(request).await;
    let mut errors: Vec<ApiError> = response.errors.iter().map(of_validation).collect();
    if errors.is_empty() {
        // Only of what is otherwise valid can the types of arguments be judged.
        for (_, operation) in parsed.operations.iter() {
            let faults = coerce::check(schema, &parsed, &operation.node);
            errors.extend(
                faults.into_iter().map(|fault| ApiError::input(fault.message, &fault.path).at(fault.at)),
            );
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let flags = flag_names(&parsed);
    Ok(Document { parsed, flags, plans: Cache::new(KEPT_PLANS) })
}

fn of_validation(error: &ServerError) -> ApiError {
    let too_complex =
        ["too deep", "too complex", "too many"].iter().any(|words| error.message.contains(words));
    let code = if too_complex { ErrorCode::TooComplex } else { ErrorCode::BadUserInput };
    let mut api = ApiError::new(code, error.message.clone());
    api.pos = error.locations.first().copied();
    api
}

impl Document {
    /// The operation to execute.
    pub(super) fn operation(&self, name: Option<&str>) -> Result<&OperationDefinition, ApiError> {
        let bad = |message: String| Err(ApiError::new(ErrorCode::BadUserInput, message));
        match (&self.parsed.operations, name) {
            (DocumentOperations::Single(operation), None) => Ok(&operation.node),
            (DocumentOperations::Single(_), Some(name)) => bad(format!(
                "There is no operation {name}: the document's only operation has no name; leave operationName out."
            )),
            (DocumentOperations::Multiple(all), Some(name)) => match all.get(name) {
                Some(operation) => Ok(&operation.node),
                None => bad(format!("There is no operation {name} in the document.")),
            },
            (DocumentOperations::Multiple(all), None) if all.len() == 1 => all
                .values()
                .next()
                .map(|operation| &operation.node)
                .ok_or_else(|| ApiError::internal("an empty document")),
            (DocumentOperations::Multiple(_), None) => {
                bad("The document has several operations; name one of them in operationName.".into())
            }
        }
    }

    /// The plan of an operation for values of its variables.
    pub(super) fn plan(
        &self,
        planner: &Planner,
        metrics: &Metrics,
        operation: &OperationDefinition,
        name: Option<&str>,
        variables: &coerce::Variables,
    ) -> Result<Arc<Plan>, ApiError> {
        let key = (name.map(str::to_owned), Flags::of(&self.flags, variables));
        if let Some(plan) = self.plans.get(&key) {
            metrics.graphql_kept(KeptKind::Plan, KeptResult::Hit);
            return Ok(plan);
        }
        metrics.graphql_kept(KeptKind::Plan, KeptResult::Miss);
        let plan = Arc::new(self.new_plan(planner, operation, variables)?);
        self.plans.insert(key, plan.clone());
        Ok(plan)
    }

    /// The same, made anew.
    pub(super) fn new_plan(
        &self,
        planner: &Planner,
        operation: &OperationDefinition,
        variables: &coerce::Variables,
    ) -> Result<Plan, ApiError> {
        match planner.plan(&self.parsed, operation, &Flags::of(&self.flags, variables)) {
            Ok(plan) => Ok(plan),
            Err(Refusal::TooLarge) => Err(ApiError::new(
                ErrorCode::TooComplex,
                "The operation selects too many fields once its fragments are dissolved.",
            )),
            Err(Refusal::Unknown) if operation.ty == OperationType::Subscription => {
                Err(ApiError::new(ErrorCode::BadUserInput, "There are no subscriptions in this API."))
            }
            Err(Refusal::Unknown) => Err(ApiError::internal("a valid operation has no plan")),
        }
    }

    /// Has async-graphql answer the introspection fields of the operation.
    pub(super) async fn introspect(
        &self,
        schema: &Schema,
        name: Option<&str>,
        variables: &coerce::Variables,
    ) -> Response {
        let mut parsed = self.parsed.clone();
        let only_introspection = |operation: &mut OperationDefinition| {
            operation.selection_set.node.items.retain(|item| match &item.node {
                async_graphql::parser::types::Selection::Field(field) => {
                    field.node.name.node.starts_with("__")
                }
                // A fragment can hold such fields too; its other fields resolve to nothing.
                _ => true,
            });
        };
        match &mut parsed.operations {
            DocumentOperations::Single(operation) => only_introspection(&mut operation.node),
            DocumentOperations::Multiple(all) => {
                all.values_mut().for_each(|operation| only_introspection(&mut operation.node));
            }
        }
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let mut request = Request::new("")
            .variables(async_graphql::Variables::from_json(serde_json::Value::Object(variables)))
            .data(Introspect);
        request.set_parsed_query(parsed);
        if let Some(name) = name {
            request = request.operation_name(name);
        }
        schema.execute(request).await
    }
}
