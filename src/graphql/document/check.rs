//! Turns a text into a valid document, or into all its faults.
//!
//! apollo-compiler parses and validates. The values that it does not check are left to [`coerce::check`], which also
//! says where in a value a fault is; rules that are in no specification are in the modules beside this one.

use apollo_compiler::ast;
use apollo_compiler::diagnostic::{Diagnostic, ToCliReport};
use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use apollo_compiler::introspection::check_max_depth;
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::{DiagnosticData, DiagnosticList, Valid};

use super::text::{Admitted, TOKENS, admit, syntax_error};
use super::{hint, lists, size};
use crate::graphql::coerce;
use crate::graphql::error::ApiError;
use crate::graphql::position::{Pos, Positions};
use crate::graphql::types::Definition;
use crate::metrics::ErrorCode;

/// Maximum number of errors reported for one document.
const TOLD: usize = 100;

/// A valid document with the positions of its text.
pub struct Checked {
    pub document: Valid<ExecutableDocument>,
    pub positions: Positions,
    pub tokens: usize,
}

/// Parses and validates a text.
pub fn check(definition: &Definition, text: &str) -> Result<Checked, Vec<ApiError>> {
    let Admitted { text, tokens } = admit(text).map_err(|error| vec![error])?;
    let positions = Positions::of(&text);
    let document = parse(definition, &text, &positions)?;
    let too_large = |message| vec![ApiError::new(ErrorCode::TooComplex, message)];
    size::check(&document, definition.depth).map_err(too_large)?;
    if !definition.introspection.is_open() {
        let found = introspection_fields(&document);
        let error =
            |pos| ApiError::new(ErrorCode::BadUserInput, "The schema cannot be asked for here.").at(pos);
        let errors: Vec<ApiError> = found.into_iter().map(|span| error(positions.of_span(span))).collect();
        some(errors)?;
    }
    let mut faults = Vec::new();
    for operation in document.operations.iter() {
        let found = coerce::check(&definition.schema, &document, operation);
        faults.extend(found.into_iter().map(|fault| fault.into_error(&positions)));
        faults.truncate(TOLD);
    }
    some(faults)?;
    let document = document
        .validate(&definition.schema)
        .map_err(|invalid| of_diagnostics(definition, &invalid.errors, &positions))?;
    if let Some(found) = lists::with_lists_as_texts(&document, &definition.schema) {
        let conflicts =
            found.iter().filter(|found| found.error.unstable_error_name() == Some(lists::CONFLICT));
        some(of_found(definition, conflicts, &positions))?;
    }
    for operation in document.operations.iter() {
        check_max_depth(&document, operation).map_err(|_| {
            let message = "The schema is asked for too deep; ask for each type on its own.";
            vec![ApiError::new(ErrorCode::TooComplex, message)]
        })?;
    }
    Ok(Checked { document, positions, tokens })
}

fn some(errors: Vec<ApiError>) -> Result<(), Vec<ApiError>> {
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Parses the text and looks its names up in the schema.
fn parse(
    definition: &Definition,
    text: &str,
    positions: &Positions,
) -> Result<ExecutableDocument, Vec<ApiError>> {
    let parsed: Result<ast::Document, _> = Parser::new().token_limit(TOKENS + 1).parse_ast(text, "operation");
    let parsed = parsed.map_err(|faulty| {
        // Later errors are often consequences of the first.
        let first = faulty.errors.iter().next();
        let pos = first.as_ref().map_or(Pos::START, |first| positions.of_span(first.error.location()));
        let message = first.map_or_else(String::new, |first| first.error.to_string());
        vec![syntax_error(message.trim_start_matches("syntax error: ").trim_end_matches('.')).at(pos)]
    })?;
    parsed
        .to_executable(&definition.schema)
        .map_err(|faulty| of_diagnostics(definition, &faulty.errors, positions))
}

fn of_diagnostics(definition: &Definition, found: &DiagnosticList, positions: &Positions) -> Vec<ApiError> {
    of_found(definition, found.iter(), positions)
}

fn of_found<'f>(
    definition: &Definition,
    found: impl Iterator<Item = Diagnostic<'f, DiagnosticData>>,
    positions: &Positions,
) -> Vec<ApiError> {
    let error = |diagnostic: Diagnostic<'_, DiagnosticData>| {
        let fault = diagnostic.error;
        let message = hint::complete(definition, &fault.to_string());
        ApiError::new(ErrorCode::BadUserInput, message).at(positions.of_span(fault.location()))
    };
    found.take(TOLD).map(error).collect()
}

/// The positions of `__schema` and `__type` among the root fields.
fn introspection_fields(document: &ExecutableDocument) -> Vec<Option<apollo_compiler::parser::SourceSpan>> {
    fn visit(set: &SelectionSet, found: &mut Vec<Option<apollo_compiler::parser::SourceSpan>>) {
        for item in &set.selections {
            match item {
                Selection::Field(field) if matches!(field.name.as_str(), "__schema" | "__type") => {
                    found.push(field.name.location());
                }
                Selection::InlineFragment(fragment) => visit(&fragment.selection_set, found),
                Selection::Field(_) | Selection::FragmentSpread(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    document.operations.iter().for_each(|operation| visit(&operation.selection_set, &mut found));
    document.fragments.values().for_each(|fragment| visit(&fragment.selection_set, &mut found));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::input::sample;
    use crate::graphql::{ApiLimits, types};
    use crate::schema::Surface;

    fn errors(limits: &ApiLimits, query: &str) -> Vec<String> {
        let definition = types::build(&sample::model(), Surface::whole().into(), limits)
            .expect("the sample is a valid model");
        let errors = check(&definition, query).err().unwrap_or_default();
        errors.into_iter().map(|error| error.message).collect()
    }

    #[test]
    fn the_usual_introspection_passes_the_limits() {
        // As deep as the deepest introspection that tools send: nine levels of wrapped types.
        let wrapped =
            (0..9).fold("kind name".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
        let query = format!("{{ __schema {{ types {{ fields {{ args {{ type {{ {wrapped} }} }} }} }} }} }}");
        assert_eq!(errors(&ApiLimits::default(), &query), [""; 0]);
    }

    #[test]
    fn the_schema_can_be_kept_to_oneself() {
        let closed = ApiLimits { introspection: false, ..ApiLimits::default() };
        let unknown = "Type `Query` does not have a field `boks`";
        assert_eq!(errors(&closed, "{ boks { totalCount } }"), [format!("{unknown}.")]);
        let hint = format!("{unknown}; did you mean `books`?");
        assert_eq!(errors(&ApiLimits::default(), "{ boks { totalCount } }"), [hint]);
        for query in [
            "{ __schema { queryType { name } } }",
            "{ ...A } fragment A on Query { __type(name: \"A\") { name } }",
        ] {
            assert_eq!(errors(&closed, query), ["The schema cannot be asked for here."]);
        }
        assert_eq!(errors(&closed, "{ __typename }"), [""; 0]);
    }

    #[test]
    fn depth_is_limited() {
        let nested =
            (0..8).fold("id".to_owned(), |inner, _| format!("store {{ books {{ nodes {{ {inner} }} }} }}"));
        let query = format!("{{ books {{ nodes {{ {nested} }} }} }}");
        let message = "The document is nested too deep: 27 levels of fields, but at most 16 are allowed.";
        assert_eq!(errors(&ApiLimits::default(), &query), [message]);
    }

    #[test]
    fn lists_of_different_lengths_do_not_merge() {
        let ask = |one: &str, other: &str| {
            let list = |value: &str| format!("books(where: {value}) {{ totalCount }}");
            // Operations that are not carried out are checked too.
            format!(
                "query A {{ __typename }} query B {{ {} ...F }} fragment F on Query {{ {} }}",
                list(one),
                list(other)
            )
        };
        let ids = |values: &str| format!("{{ id: {{ in: {values} }} }}");
        for (one, other) in [("[]", "[1]"), ("[1]", "[1, 2]"), ("[1, 2]", "[1]")] {
            let found = errors(&ApiLimits::default(), &ask(&ids(one), &ids(other)));
            assert!(found.len() == 1 && found[0].contains("conflicting"), "{one} {other}: {found:?}");
        }
        let (one, other) = (
            "{ or: [{ id: { eq: 1 }, not: { id: { eq: 2 } } }] }",
            "{ or: [{ not: { id: { eq: 2 } }, id: { eq: 1 } }] }",
        );
        assert_eq!(errors(&ApiLimits::default(), &ask(one, other)), [""; 0]);
        assert_eq!(errors(&ApiLimits::default(), &ask(&ids("[1, 2]"), &ids("[1, 2]"))), [""; 0]);
    }

    #[test]
    fn errors_are_not_told_without_end() {
        let query = format!("{{ {} }}", (0..1_000).map(|n| format!("a{n} ")).collect::<String>());
        assert_eq!(errors(&ApiLimits::default(), &query).len(), TOLD);
    }
}
