//! A whole schema from a small model: its SDL, and what the validator makes of requests.

use async_graphql::dynamic::Schema;
use async_graphql::parser::parse_schema;

use super::{builder, sdl};
use crate::engine::input::sample;
use crate::graphql::ApiLimits;

fn schema() -> Schema {
    executing(&ApiLimits::default())
}

/// A schema that answers introspection.
fn executing(limits: &ApiLimits) -> Schema {
    builder(&sample::model(), limits).finish().expect("the sample is a valid model")
}

#[test]
fn the_sdl_is_as_agreed() {
    let sdl = sdl(&schema());
    parse_schema(&sdl).expect("the SDL can be read back");
    insta::assert_snapshot!(sdl);
}

async fn errors(schema: &Schema, query: &str) -> Vec<String> {
    schema.execute(query).await.errors.into_iter().map(|error| error.message).collect()
}

#[tokio::test]
async fn the_usual_introspection_passes_the_limits() {
    // As deep as the deepest that tools send: nine levels of wrapped types.
    let wrapped = (0..9).fold("kind name".to_owned(), |inner, _| format!("kind name ofType {{ {inner} }}"));
    let query = format!("{{ __schema {{ types {{ fields {{ args {{ type {{ {wrapped} }} }} }} }} }} }}");
    assert_eq!(errors(&schema(), &query).await, [""; 0]);
}

#[tokio::test]
async fn introspection_can_be_turned_off() {
    let limits = ApiLimits { introspection: false, ..ApiLimits::default() };
    let schema = executing(&limits);
    assert_eq!(
        errors(&schema, "{ boks { totalCount } }").await,
        ["Unknown field \"boks\" on type \"Query\"."]
    );
    let answer = schema.execute("{ __schema { queryType { name } } }").await;
    assert!(!answer.data.to_string().contains("Query"), "{}", answer.data);
}

#[tokio::test]
async fn depth_is_limited() {
    let nested =
        (0..8).fold("id".to_owned(), |inner, _| format!("store {{ books {{ nodes {{ {inner} }} }} }}"));
    let query = format!("{{ books {{ nodes {{ {nested} }} }} }}");
    assert_eq!(errors(&schema(), &query).await, ["Query is nested too deep."]);
}
