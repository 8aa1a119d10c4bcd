//! Just enough of PromQL to tell which series an expression asks for.

use std::collections::BTreeSet;

/// What an expression asks for.
#[derive(Debug, Default)]
pub struct Asked {
    pub selectors: Vec<Selector>,
    /// Labels that are grouped by.
    pub grouped: BTreeSet<String>,
}

/// Series of one name.
#[derive(Debug)]
pub struct Selector {
    pub metric: String,
    /// Labels with the values that are named; none where a variable stands.
    pub matchers: Vec<(String, Vec<String>)>,
}

/// Words that group; labels in parentheses follow.
const GROUPING: [&str; 5] = ["by", "without", "on", "ignoring", "group_left"];
const OTHER_WORDS: [&str; 6] = ["and", "or", "unless", "bool", "offset", "group_right"];

/// Reads an expression; `None` when it is none.
pub fn asked(expression: &str) -> Option<Asked> {
    let mut asked = Asked::default();
    let mut rest = expression;
    let mut depth = 0_i32;
    while let Some(first) = rest.trim_start().chars().next() {
        rest = rest.trim_start();
        if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after.trim_start();
            if GROUPING.contains(&word) {
                let (labels, after) = rest.strip_prefix('(')?.split_once(')')?;
                let labels = labels.split(',').map(str::trim).filter(|label| !label.is_empty());
                asked.grouped.extend(labels.map(str::to_owned));
                rest = after;
            } else if !rest.starts_with('(') && !OTHER_WORDS.contains(&word) && !groups(rest) {
                let matchers;
                (matchers, rest) = match rest.strip_prefix('{') {
                    Some(inside) => {
                        let (inside, after) = inside.split_once('}')?;
                        (inside.split(',').map(matcher).collect::<Option<_>>()?, after)
                    }
                    None => (Vec::new(), rest),
                };
                asked.selectors.push(Selector { metric: word.to_owned(), matchers });
            }
        } else if first == '[' {
            rest = rest.split_once(']')?.1;
        } else {
            depth += i32::from(first == '(') - i32::from(first == ')');
            if depth < 0 || !(first.is_ascii_digit() || "().,+-*/%^<>=!".contains(first)) {
                return None;
            }
            rest = &rest[1..];
        }
    }
    (depth == 0 && !asked.selectors.is_empty()).then_some(asked)
}

/// Whether a word that groups comes next: then the one before it is an aggregation.
fn groups(rest: &str) -> bool {
    rest.split([' ', '(']).next().is_some_and(|word| GROUPING.contains(&word))
}

fn matcher(text: &str) -> Option<(String, Vec<String>)> {
    let (label, value) = text.trim().split_once(['=', '!'])?;
    let value = value.trim_start_matches(['=', '~']).strip_prefix('"')?.strip_suffix('"')?;
    let values = match value.contains('$') {
        true => Vec::new(),
        false => value.split('|').map(str::to_owned).collect(),
    };
    Some((label.to_owned(), values))
}
