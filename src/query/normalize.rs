//! Normalises strings for comparison in unique keys.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

use crate::schema::Normalizer;

/// Applies the steps in the order given. White space is as defined by Unicode. Every step is idempotent.
pub fn normalize(text: &str, steps: &[Normalizer]) -> String {
    steps.iter().fold(text.to_owned(), |text, step| match step {
        Normalizer::Trim => text.trim().to_owned(),
        Normalizer::CollapseSpaces => collapse_spaces(&text),
        Normalizer::Casefold => casefold(text),
    })
}

fn collapse_spaces(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if !c.is_whitespace() => collapsed.push(c),
            _ if !collapsed.ends_with(' ') => collapsed.push(' '),
            _ => {}
        }
    }
    collapsed
}

/// Case folding can break the normal form, and the normal form can reintroduce capitals, so both repeat
/// until nothing changes: twice for almost every text.
fn casefold(text: String) -> String {
    let mut folded = fold_once(&text);
    loop {
        let again = fold_once(&folded);
        if again == folded {
            return folded;
        }
        folded = again;
    }
}

fn fold_once(text: &str) -> String {
    text.nfkc().default_case_fold().nfkc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Normalizer; 3] = [Normalizer::Trim, Normalizer::CollapseSpaces, Normalizer::Casefold];

    #[test]
    fn makes_equal_what_people_hold_for_equal() {
        let same = [
            ("  Straße\u{a0}\u{2003}des\n17. Juni ", "STRASSE DES 17. JUNI"),
            ("ﬁne", "FINE"),
            ("Ａｂｃ", "abc"),
            ("ΌΣΟΣ", "όσος"),
            ("e\u{301}", "É"),
        ];
        for (a, b) in same {
            assert_eq!(normalize(a, &ALL), normalize(b, &ALL), "{a:?} and {b:?}");
        }
        assert_ne!(normalize("resume", &ALL), normalize("résumé", &ALL));
    }

    #[test]
    fn does_only_what_was_asked_for() {
        assert_eq!(normalize(" A  B ", &[]), " A  B ");
        assert_eq!(normalize(" A  B ", &[Normalizer::Trim]), "A  B");
        assert_eq!(normalize(" A \t B ", &[Normalizer::CollapseSpaces]), " A B ");
        assert_eq!(normalize(" A  B ", &[Normalizer::Casefold]), " a  b ");
    }

    #[test]
    fn no_character_needs_more_than_one_pass() {
        for c in '\0'..=char::MAX {
            let once = normalize(&c.to_string(), &[Normalizer::Casefold]);
            assert_eq!(normalize(&once, &[Normalizer::Casefold]), once, "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn every_step_is_idempotent(text in "\\PC{0,12}|[ \u{345}\u{3b1}\u{301}İIıſßΣς\u{1e9e}\u{a8}]{0,8}") {
            for step in ALL {
                let once = normalize(&text, &[step]);
                prop_assert_eq!(normalize(&once, &[step]), once);
            }
        }
    }
}
