//! Makes strings comparable for unique keys.

use crate::schema::Normalizer;

/// Applies the steps in the order given.
pub fn normalize(text: &str, steps: &[Normalizer]) -> String {
    let _ = (text, steps);
    unimplemented!()
}
