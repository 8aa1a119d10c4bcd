//! How an API is asked for one page after the other; one file per style.

use crate::importer::definition::{Definition, choose};

mod page;

/// The state of reading page by page.
pub(super) trait Pagination: Send {
    /// Query parameters of the next page, after one that had `last` records; none when that was the
    /// end. The error ends the loader.
    fn next(&mut self, last: Option<usize>) -> Result<Option<Parameters>, String>;
}

/// Names and values in a query string.
pub(super) type Parameters = Vec<(String, String)>;

type Define = fn(&mut Definition<'_>) -> Option<Box<dyn Pagination>>;

const STYLES: [(&str, Define); 1] = [("page", page::define)];

/// Reads `[source.pagination]`.
pub(super) fn define(definition: &mut Definition<'_>) -> Option<Box<dyn Pagination>> {
    let style = definition.required("style", "write `page`")?;
    match choose(&style, &STYLES) {
        Ok(define) => define(definition),
        Err(message) => {
            definition.fault("style", message);
            definition.rest();
            None
        }
    }
}

/// One request is all.
pub(super) fn none() -> Box<dyn Pagination> {
    struct Once;
    impl Pagination for Once {
        fn next(&mut self, last: Option<usize>) -> Result<Option<Parameters>, String> {
            Ok(last.is_none().then(Parameters::new))
        }
    }
    Box::new(Once)
}
