//! `style = "page"`: pages have numbers.

use super::{Pagination, Parameters};
use crate::importer::definition::Definition;

struct PageNumber {
    param: String,
    /// Number of the next page.
    number: u64,
    size: Option<u64>,
    size_param: Option<String>,
    stop_when_short: bool,
    max_pages: u64,
    asked: u64,
}

pub(super) fn define(definition: &mut Definition<'_>) -> Option<Box<dyn Pagination>> {
    let param = definition.text("param").unwrap_or_else(|| "page".into());
    let number = definition.number("start", 0).unwrap_or(1);
    let size_param = definition.text("size_param");
    let size = definition.number("size", 1);
    let stop_when_short = definition.read("stop", |value| match value.as_str() {
        Some("empty") => Ok(false),
        Some("short") => Ok(true),
        _ => Err("`empty` or `short`".to_owned()),
    });
    let stop_when_short = stop_when_short.unwrap_or(false);
    let max_pages = definition.number("max_pages", 1).unwrap_or(10_000);
    if size.is_none() && (size_param.is_some() || stop_when_short) {
        definition.fault("size", "this is missing; `size_param` and `stop = \"short\"` need it");
        return None;
    }
    Some(Box::new(PageNumber { param, number, size, size_param, stop_when_short, max_pages, asked: 0 }))
}

impl Pagination for PageNumber {
    fn next(&mut self, last: Option<usize>) -> Result<Option<Parameters>, String> {
        let short =
            |records: usize| self.stop_when_short && self.size.is_some_and(|size| (records as u64) < size);
        if last.is_some_and(|records| records == 0 || short(records)) {
            return Ok(None);
        }
        if self.asked == self.max_pages {
            let max = self.max_pages;
            return Err(format!("there are more than {max} pages; raise `max_pages` or look at `stop`"));
        }
        self.asked += 1;
        let mut parameters = vec![(self.param.clone(), self.number.to_string())];
        if let (Some(param), Some(size)) = (&self.size_param, self.size) {
            parameters.push((param.clone(), size.to_string()));
        }
        self.number += 1;
        Ok(Some(parameters))
    }
}
