//! A whole schema from a small model.

use super::sdl;
use crate::engine::input::sample;
use crate::graphql::ApiLimits;
use crate::schema::Surface;

#[test]
fn the_sdl_is_as_agreed() {
    insta::assert_snapshot!(
        sdl(&sample::model(), &Surface::whole(), &ApiLimits::default()).expect("the sample is a valid model")
    );
}
