//! "Did you mean": finds the known name that a mistyped one was probably meant to be.

use strsim::osa_distance;

/// Names of more bytes are not compared: a client that can send one such name can send many, and comparing two names
/// takes time in the product of their lengths.
const LONGEST: usize = 64;
/// Maximum edit distance between a mistyped name and the one that was meant.
const FARTHEST: usize = 3;

/// The known name nearest to the typed one, if it is near enough: at most a third of its letters inserted, left out,
/// changed or swapped with a neighbour. Ignores case.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if typed.len() > LONGEST {
        return None;
    }
    let lower = typed.to_lowercase();
    let letters = lower.chars().count();
    let near = |name: &'a str| {
        let length = name.chars().count();
        let allowed = (length.max(letters) / 3).min(FARTHEST);
        // The lengths alone make the names differ by this much.
        if name.len() > LONGEST || length.abs_diff(letters) > allowed {
            return None;
        }
        let distance = osa_distance(&lower, &name.to_lowercase());
        (distance <= allowed).then_some((distance, name))
    };
    names.into_iter().filter_map(near).min().map(|(_, name)| name)
}

/// The end of a message about an unknown name: the name that was probably meant, or all known names.
pub fn suggestion<'a>(typed: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = nearest(typed, names.clone()) {
        return format!("did you mean `{name}`?");
    }
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.is_empty() {
        true => "there are none".to_owned(),
        false => format!("known are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_nearest_name_or_none() {
        let names = ["String", "Int", "DateTime", "Date", "schema", "store", "cache", "api.page_max"];
        for (typed, meant) in [
            ("Strng", Some("String")),
            ("datetime", Some("DateTime")),
            ("Dtae", Some("Date")),
            ("shcema", Some("schema")),
            ("Stor", Some("store")),
            ("api.pagemax", Some("api.page_max")),
            ("Bookstore", None),
            ("something else", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names), meant, "{typed}");
        }
        assert_eq!(nearest("b", ["a"]), None);
    }

    #[test]
    fn very_long_names_are_not_compared() {
        let (fits, long) = ("a".repeat(LONGEST), "a".repeat(LONGEST + 1));
        assert_eq!(nearest(&fits, [&*long, &*fits]), Some(&*fits));
        assert_eq!(nearest(&long, [&*long]), None);
    }

    #[test]
    fn a_suggestion_names_what_was_meant_or_all() {
        assert_eq!(suggestion("nmae", ["name", "id"]), "did you mean `name`?");
        assert_eq!(suggestion("title", ["name", "id"]), "known are `name`, `id`");
        assert_eq!(suggestion("title", []), "there are none");
    }
}
