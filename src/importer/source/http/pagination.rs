//! Requests an API's pages one after the other; one file per style.

use reqwest::Url;

use super::ends::Ends;
use crate::importer::definition::{Definition, choose};

mod page;

/// The state of reading page by page.
pub(super) trait Pagination: Send {
    /// Query parameters of the next page, after a page of `last` records; `None` at the end. The error ends
    /// the loader.
    fn next(&mut self, last: Option<usize>) -> Result<Option<Parameters>, String>;
}

/// Names and values in a query string.
pub(super) type Parameters = Vec<(String, String)>;

type Define = fn(&mut Definition<'_>) -> Option<Box<dyn Pagination>>;

const STYLES: [(&str, Define); 1] = [("page", page::define)];

/// Reads `[source.pagination]`.
pub(super) fn define(definition: &mut Definition<'_>) -> Option<(Box<dyn Pagination>, Ends)> {
    let style = definition.required("style", "write `page`")?;
    match choose(&style, &STYLES) {
        Ok(define) => {
            let ends = Ends::define(definition);
            Some((define(definition)?, ends))
        }
        Err(message) => {
            definition.fault("style", message);
            definition.rest();
            None
        }
    }
}

/// A single request.
pub(super) fn none() -> (Box<dyn Pagination>, Ends) {
    struct Once;
    impl Pagination for Once {
        fn next(&mut self, last: Option<usize>) -> Result<Option<Parameters>, String> {
            Ok(last.is_none().then(Parameters::new))
        }
    }
    (Box::new(Once), Ends::default())
}

/// The address with these parameters, which replace any of the same names; the others stay as written.
pub(super) fn with(url: &Url, parameters: &Parameters) -> Url {
    let mut url = url.clone();
    if parameters.is_empty() {
        return url;
    }
    let is_replaced = |pair: &str| {
        let name = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name);
        parameters.iter().any(|(parameter, _)| name.as_deref() == Some(parameter))
    };
    let query = url.query().unwrap_or_default().to_owned();
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !is_replaced(pair)).collect();
    url.set_query(Some(&kept.join("&")).filter(|kept| !kept.is_empty()).map(|kept| kept.as_str()));
    url.query_pairs_mut().extend_pairs(parameters);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_take_the_place_of_those_that_are_there() {
        let parameters = vec![("page".to_owned(), "2".to_owned()), ("n".to_owned(), "10".to_owned())];
        for (url, expected) in [
            ("http://a/b", "http://a/b?page=2&n=10"),
            ("http://a/b?", "http://a/b?page=2&n=10"),
            ("http://a/b?page=1&x=%20+y&&page=3&p%61ge=4", "http://a/b?x=%20+y&page=2&n=10"),
            ("http://a/b?pages=1&n", "http://a/b?pages=1&page=2&n=10"),
            ("http://a/b?page=1#x", "http://a/b?page=2&n=10#x"),
        ] {
            let url = Url::parse(url).expect("an address");
            assert_eq!(with(&url, &parameters).as_str(), expected);
            assert_eq!(with(&url, &Vec::new()), url);
        }
    }
}
