//! How large a document is once its fragments are put in: few lines can mean billions of selections,
//! and async-graphql's validation would visit them one by one.

use std::collections::HashMap;

use async_graphql::Name;
use async_graphql::parser::types::{ExecutableDocument, Selection, SelectionSet};

/// Selections of a document at the most, fragments put in.
const SELECTIONS: u64 = 20_000;
/// Levels of selections at the most: this walk and those after it recur. The API's own limit is less.
const LEVELS: usize = 500;

/// Whether the document may be validated; the message is for the client. Takes time in proportion to
/// the document's text.
pub fn check(document: &ExecutableDocument) -> Result<(), String> {
    let mut count = Count { document, known: HashMap::new() };
    let mut total: u64 = 0;
    // Fragments that no operation uses are visited too.
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    for set in operations.chain(fragments) {
        total = total.saturating_add(count.selections(set, LEVELS)?);
    }
    if total > SELECTIONS {
        return Err(format!(
            "The document has more than {SELECTIONS} selections when its fragments are put in; ask for less at once."
        ));
    }
    Ok(())
}

struct Count<'a> {
    document: &'a ExecutableDocument,
    /// Selections of the fragments counted so far; `None` while one is being counted.
    known: HashMap<&'a Name, Option<u64>>,
}

impl<'a> Count<'a> {
    fn selections(&mut self, set: &'a SelectionSet, levels: usize) -> Result<u64, String> {
        let levels = levels.checked_sub(1).ok_or("The document is nested too deep.")?;
        let mut total: u64 = 0;
        for item in &set.items {
            let inside = match &item.node {
                Selection::Field(field) => self.selections(&field.node.selection_set.node, levels)?,
                Selection::InlineFragment(fragment) => {
                    self.selections(&fragment.node.selection_set.node, levels)?
                }
                Selection::FragmentSpread(spread) => {
                    self.fragment(&spread.node.fragment_name.node, levels)?
                }
            };
            total = total.saturating_add(inside).saturating_add(1);
        }
        Ok(total)
    }

    fn fragment(&mut self, name: &'a Name, levels: usize) -> Result<u64, String> {
        match self.known.get(name) {
            Some(Some(count)) => return Ok(*count),
            Some(None) => return Err(format!("The fragment {name} spreads itself.")),
            None => {}
        }
        // That a fragment is missing is for the validator to say.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(0) };
        self.known.insert(name, None);
        let count = self.selections(&fragment.node.selection_set.node, levels)?;
        self.known.insert(name, Some(count));
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn verdict(query: &str) -> Result<(), String> {
        check(&parse_query(query).expect("the test's query is well formed"))
    }

    #[test]
    fn ordinary_documents_pass() {
        assert_eq!(verdict("{ a { ...F ...F ... on T { b } } } fragment F on T { c d { e } }"), Ok(()));
        assert_eq!(verdict("{ a { ...Missing } }"), Ok(()));
    }

    #[test]
    fn fragments_that_double_are_refused() {
        let doubling = |levels: usize| {
            let one = |level| format!("fragment F{level} on T {{ ...F{} ...F{} }}", level + 1, level + 1);
            let fragments: Vec<String> = (0..levels).map(one).collect();
            format!("{{ ...F0 }} {} fragment F{levels} on T {{ a }}", fragments.join(" "))
        };
        assert_eq!(verdict(&doubling(8)), Ok(()));
        assert!(verdict(&doubling(20)).is_err());
        assert_eq!(verdict(&doubling(5_000)), Err("The document is nested too deep.".to_owned()));
    }

    #[test]
    fn fragments_that_spread_themselves_are_refused() {
        let message = "The fragment A spreads itself.".to_owned();
        assert_eq!(
            verdict("{ ...A } fragment A on T { b { ...B } } fragment B on T { ...A ...A }"),
            Err(message)
        );
    }

    #[test]
    fn long_documents_are_refused() {
        assert!(verdict(&format!("{{ {} }}", "a ".repeat(30_000))).is_err());
    }
}
