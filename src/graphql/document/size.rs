//! Measures how large and how deep a document is once its fragments are expanded: few lines can mean billions of
//! selections.

use apollo_compiler::executable::{ExecutableDocument, Selection, SelectionSet};
use apollo_compiler::{Name, collections::HashMap};

/// Maximum number of selections in a document, with fragments expanded.
const SELECTIONS: u64 = 20_000;
/// Maximum levels of nested selections, of fields and of fragments, for this walk and those after it.
const LEVELS: usize = 200;

/// Checks whether the document may be validated and executed; the message is for the client. `depth` is the maximum
/// number of levels of fields. Takes time proportional to the length of the document's text.
pub fn check(document: &ExecutableDocument, depth: usize) -> Result<(), String> {
    let mut count = Count { document, known: HashMap::default(), level: 0 };
    let (mut total, mut deepest) = (0_u64, 0);
    // Fragments that no operation uses are visited too.
    let fragments = document.fragments.values().map(|fragment| &fragment.selection_set);
    let operations = document.operations.iter().map(|operation| &operation.selection_set);
    for set in operations.chain(fragments) {
        let size = count.selections(set)?;
        total = total.saturating_add(size.selections);
        deepest = deepest.max(size.depth);
    }
    if total > SELECTIONS {
        return Err(format!(
            "The document has more than {SELECTIONS} selections when its fragments are put in; ask for less at once."
        ));
    }
    if deepest > depth {
        return Err(format!(
            "The document is nested too deep: {deepest} levels of fields, but at most {depth} are allowed."
        ));
    }
    Ok(())
}

#[derive(Clone, Copy, Default)]
struct Size {
    selections: u64,
    /// Levels of fields.
    depth: usize,
    /// Levels of fields and fragments.
    levels: usize,
}

struct Count<'a> {
    document: &'a ExecutableDocument,
    /// Sizes of the fragments counted so far; while a fragment is being counted, its size here is empty.
    known: HashMap<&'a Name, Size>,
    /// The current level of the walk.
    level: usize,
}

impl<'a> Count<'a> {
    fn selections(&mut self, set: &'a SelectionSet) -> Result<Size, String> {
        let mut total = Size::default();
        self.level += 1;
        if self.level > LEVELS {
            return Err(too_deep());
        }
        for item in &set.selections {
            let (inside, level) = match item {
                Selection::Field(field) => (self.selections(&field.selection_set)?, 1),
                Selection::InlineFragment(fragment) => (self.selections(&fragment.selection_set)?, 0),
                Selection::FragmentSpread(spread) => (self.fragment(&spread.fragment_name)?, 0),
            };
            total.selections = total.selections.saturating_add(inside.selections).saturating_add(1);
            total.depth = total.depth.max(inside.depth + level);
            total.levels = total.levels.max(inside.levels + 1);
        }
        self.level -= 1;
        if self.level + total.levels > LEVELS { Err(too_deep()) } else { Ok(total) }
    }

    fn fragment(&mut self, name: &'a Name) -> Result<Size, String> {
        if let Some(size) = self.known.get(name) {
            return Ok(*size);
        }
        // The validator reports missing fragments and fragments that spread themselves.
        let Some(fragment) = self.document.fragments.get(name) else { return Ok(Size::default()) };
        self.known.insert(name, Size::default());
        let size = self.selections(&fragment.selection_set)?;
        self.known.insert(name, size);
        Ok(size)
    }
}

fn too_deep() -> String {
    format!("The document is nested too deep: more than {LEVELS} levels of fields and fragments.")
}

#[cfg(test)]
mod tests {
    use apollo_compiler::Schema;

    use super::*;

    fn verdict(query: &str) -> Result<(), String> {
        let schema = Schema::parse_and_validate("type Query { a: Query b: Query c: Query d: Int }", "schema");
        let schema = schema.expect("the test's schema is valid");
        let document = ExecutableDocument::parse(&schema, query, "query");
        check(&document.expect("the test's query is well formed"), 10)
    }

    #[test]
    fn ordinary_documents_pass() {
        assert_eq!(verdict("{ a { ...F ...F ... on Query { d } } } fragment F on Query { c { d } }"), Ok(()));
        assert_eq!(verdict("{ a { ...Missing } }"), Ok(()));
    }

    #[test]
    fn fragments_that_double_are_refused() {
        let doubling = |levels: usize| {
            let one = |level| format!("fragment F{level} on Query {{ ...F{} ...F{} }}", level + 1, level + 1);
            let fragments: Vec<String> = (0..levels).map(one).collect();
            format!("{{ ...F0 }} {} fragment F{levels} on Query {{ d }}", fragments.join(" "))
        };
        assert_eq!(verdict(&doubling(8)), Ok(()));
        assert!(verdict(&doubling(20)).is_err());
        assert_eq!(verdict(&doubling(5_000)), Err(too_deep()));
    }

    #[test]
    fn fragments_that_spread_themselves_are_left_to_the_validator() {
        let query = "{ ...A } fragment A on Query { b { ...B } } fragment B on Query { ...A ...A }";
        assert_eq!(verdict(query), Ok(()));
    }

    #[test]
    fn long_and_deep_documents_are_refused() {
        assert!(verdict(&format!("{{ {} }}", "d ".repeat(30_000))).is_err());
        let deep = |levels: usize| format!("{{ {} d {} }}", "a {".repeat(levels), "}".repeat(levels));
        assert_eq!(verdict(&deep(9)), Ok(()));
        assert!(verdict(&deep(10)).is_err_and(|message| message.contains("11 levels")));
        let in_fragments =
            "{ a { ...F } } fragment F on Query { a { a { a { a { a { a { a { a { a { d } } } } } } } } } }";
        assert!(verdict(in_fragments).is_err());
    }
}
