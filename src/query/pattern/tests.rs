//! Patterns mean what they meant, in every form.
use proptest::prelude::*;
use regex::RegexBuilder;

use super::*;

fn regex(text: &str) -> Pattern {
    Pattern::regex(text, false).expect("the pattern is valid")
}

#[test]
fn prints_patterns_without_flags() {
    let cases = [
        ("abc", "abc"),
        ("^a.c$", r"\Aa[^\x{a}]c\z"),
        ("(?i)k", "[Kk\u{212a}]"),
        (r"(?P<x>a|b+?)c{2,3}", "(?:a|b+)c{2,3}"),
        (r"a\.b|c d", r"a\.b|c d"),
        (r"[^a]", "[^a]"),
        (r"\x00", r"\x{0}"),
        ("(?:ab)*", "(?:ab)*"),
        ("(?s).", "[\\x{0}-\u{10ffff}]"),
        ("[a&&b]", NOTHING),
        ("", ""),
        ("(?:)", ""),
        ("[ab-]", r"[\-ab]"),
    ];
    use super::print::NOTHING;
    for (given, printed) in cases {
        let pattern = regex(given);
        assert_eq!(pattern.as_str(), printed, "{given}");
        let again = regex(pattern.as_str());
        assert_eq!(again.as_str(), printed, "a canonical text is its own");
    }
}

#[test]
fn says_what_to_write_instead() {
    let long = "a".repeat(1001);
    let classes = r"\w".repeat(9);
    let cases = [
        (r"\bword", "[\\s,.]"),
        ("(?m)^a", "m and R"),
        ("a(", "not valid"),
        ("(?=a)", "not valid"),
        (r"(a)\1", "not valid"),
        (r"(?-u)\xff", "not valid"),
        ("((a{1,100}){1,100}){1,100}", "smaller counts"),
        (long.as_str(), "shorter"),
        (classes.as_str(), "[A-Za-z0-9_]"),
    ];
    for (given, part) in cases {
        let message = Pattern::regex(given, false).expect_err(given).0;
        assert!(message.contains(part), "{given}: {message}");
    }
}

#[test]
fn matches_literals_where_asked() {
    let any = Pattern::literal("a.b", false, false, false);
    assert!(any.is_match("xa.by") && !any.is_match("xaxby") && !any.is_match("A.B"));
    let loose = Pattern::literal("straße", true, true, true);
    assert!(loose.is_match("STRAßE") && loose.is_match("Straẞe") && !loose.is_match("strasse"));
    let start = Pattern::literal("ab", true, false, false);
    assert!(start.is_match("abc") && !start.is_match("xab"));
    let end = Pattern::literal("b\n", false, true, false);
    assert!(end.is_match("ab\n") && !end.is_match("ab\n\n"));
    assert!(Pattern::literal("", true, true, false).is_match(""));
    assert!(!Pattern::literal("", true, true, false).is_match("a"));
    let nothing = regex("[a&&b]");
    assert!(!nothing.is_match("a") && !nothing.is_match(""));
}

#[test]
fn knows_what_all_matches_begin_with() {
    let cases = [
        ("^ab", Some("ab")),
        (r"^a\.b+", Some("a.")),
        ("^ab?", Some("a")),
        ("^ab$", Some("ab")),
        ("^a|b", None),
        ("^(?:a|b)", None),
        ("ab", None),
        ("(?i)^ab", None),
        ("^", None),
    ];
    for (given, prefix) in cases {
        assert_eq!(regex(given).prefix().as_deref(), prefix, "{given}");
    }
    assert_eq!(Pattern::literal("é.", true, false, false).prefix().as_deref(), Some("é."));
}

proptest! {
    #[test]
    fn a_canonical_text_matches_what_the_pattern_matched(
        pattern in r"(\^)?([a-cß\.]|\(a\|b\)|\[\^a-c\]|\[ab\]|\\d|\\s|[ab]\*|(ab|c)\?|.\{1,2\}){0,5}(\$)?",
        text in "[a-dABß1 \n]{0,6}",
        insensitive: bool,
    ) {
        let flagged = RegexBuilder::new(&pattern).case_insensitive(insensitive).build();
        if let (Ok(canonical), Ok(original)) = (Pattern::regex(&pattern, insensitive), flagged) {
            prop_assert_eq!(canonical.is_match(&text), original.is_match(&text));
            let back = Pattern::from_canonical(canonical.as_str());
            prop_assert_eq!(back.map(|back| back.is_match(&text)), Some(original.is_match(&text)));
        }
    }

    #[test]
    fn literals_find_themselves(text in "\\PC{0,6}|[a-c\0\\\\.^$#& -]{0,6}", start: bool, end: bool, loose: bool) {
        let pattern = Pattern::literal(&text, start, end, loose);
        prop_assert!(pattern.is_match(&text));
        // A character that no text above has, in either case.
        let other = '\u{e000}';
        prop_assert_eq!(pattern.is_match(&format!("{text}{other}")), !end || text.is_empty() && !start);
        prop_assert_eq!(pattern.is_match(&format!("{other}{text}")), !start || text.is_empty() && !end);
        prop_assert!(Pattern::from_canonical(pattern.as_str()).is_some());
    }

    #[test]
    fn no_text_is_a_panic(text in "\\PC{0,20}|[()\\[\\]{}|*+?^$\\\\a-c0-9,:<=!-]{0,20}") {
        let _ = Pattern::regex(&text, true);
    }
}
