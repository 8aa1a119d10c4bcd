//! Where a claim stands in a token: `sub`, `realm_access.roles`, `$["https://shop.example/roles"]`, `groups[*].name`.

use std::fmt;

use serde_json::{Map, Value as Json};

/// Steps of a path at the most.
const STEPS: usize = 16;

/// A path from the claims of a token to a value in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath {
    text: String,
    /// The first is a name.
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
    /// All items of a list.
    Items,
}

impl ClaimPath {
    /// Reads a path. The error says what would be one.
    pub fn parse(text: &str) -> Result<ClaimPath, String> {
        let steps = steps(text.trim()).filter(|steps| steps.len() <= STEPS);
        let steps = steps.filter(|steps| matches!(steps.first(), Some(Step::Name(_))));
        let steps = steps.ok_or_else(|| {
            "the path of a claim: names with dots between them, a name with other characters than letters, digits, \
             `_`, `-`, `:` and `/` as `[\"https://shop.example/roles\"]`, an item of a list as `[0]`, all items as \
             `[*]`"
                .to_owned()
        })?;
        Ok(ClaimPath { text: text.trim().to_owned(), steps })
    }

    /// The path to the claim with this name, whatever its characters.
    pub fn of_name(name: &str) -> ClaimPath {
        ClaimPath { text: name.to_owned(), steps: vec![Step::Name(name.to_owned())] }
    }

    /// The value there; all that is found, as a list, when the path goes through all items of one.
    pub fn read(&self, claims: &Map<String, Json>) -> Option<Json> {
        let Some((Step::Name(name), steps)) = self.steps.split_first() else { return None };
        follow(claims.get(name)?, steps)
    }

    /// Puts a value there, with the objects that lead to it. `false` if there is something else on the way, or if the
    /// path goes through a list.
    pub fn write(&self, claims: &mut Map<String, Json>, value: Json) -> bool {
        let Some((Step::Name(last), way)) = self.steps.split_last() else { return false };
        let mut at = claims;
        for step in way {
            let Step::Name(name) = step else { return false };
            let next = at.entry(name.as_str()).or_insert_with(|| Json::Object(Map::new()));
            let Json::Object(next) = next else { return false };
            at = next;
        }
        at.insert(last.clone(), value);
        true
    }
}

impl fmt::Display for ClaimPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn follow(value: &Json, steps: &[Step]) -> Option<Json> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    match step {
        Step::Name(name) => follow(value.get(name)?, rest),
        Step::Index(index) => follow(value.get(index)?, rest),
        Step::Items => {
            Some(Json::Array(value.as_array()?.iter().filter_map(|item| follow(item, rest)).collect()))
        }
    }
}

fn steps(text: &str) -> Option<Vec<Step>> {
    let (mut steps, mut rest) = (Vec::new(), text);
    if let Some(after) = rest.strip_prefix('$').filter(|after| after.starts_with(['.', '['])) {
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    loop {
        let (step, after) =
            if let Some(inside) = rest.strip_prefix('[') { bracket(inside)? } else { name(rest)? };
        steps.push(step);
        rest = match after.strip_prefix('.') {
            Some(next) if !next.starts_with('[') => next,
            None if after.is_empty() => return Some(steps),
            None if after.starts_with('[') => after,
            _ => return None,
        };
    }
}

/// A name without quotes. An address in full would be taken apart at its dots, so `//` is none.
fn name(text: &str) -> Option<(Step, &str)> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '/');
    let (name, after) = text.split_at(text.find(|c| !is_plain(c)).unwrap_or(text.len()));
    (!name.is_empty() && !name.contains("//")).then(|| (Step::Name(name.to_owned()), after))
}

/// What stands in brackets, after the opening one.
fn bracket(text: &str) -> Option<(Step, &str)> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (name, after) = text[1..].split_once(quote)?;
        return Some((Step::Name(name.to_owned()), after.strip_prefix(']')?)).filter(|_| !name.is_empty());
    }
    let (inside, after) = text.split_once(']')?;
    match inside {
        "*" => Some((Step::Items, after)),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some((Step::Index(digits.parse().ok()?), after))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims() -> Map<String, Json> {
        let claims = json!({
            "sub": "ann",
            "realm_access": { "roles": ["a", "b"] },
            "https://shop.example/roles": ["c"],
            "cognito:groups": ["d"],
            "a.b": { "c d": 1 },
            "groups": [{ "name": "x" }, { "id": 7 }, { "name": "y" }],
            "deep": [[{ "v": [1] }], [{ "v": [2] }, {}]],
        });
        let Json::Object(claims) = claims else { panic!("an object") };
        claims
    }

    #[test]
    fn paths_lead_to_values() {
        for (path, value) in [
            ("sub", json!("ann")),
            ("$.sub", json!("ann")),
            ("realm_access.roles", json!(["a", "b"])),
            ("realm_access.roles[1]", json!("b")),
            ("realm_access['roles'][0]", json!("a")),
            ("[\"https://shop.example/roles\"]", json!(["c"])),
            ("$[\"https://shop.example/roles\"]", json!(["c"])),
            ("$['https://shop.example/roles'][0]", json!("c")),
            ("cognito:groups", json!(["d"])),
            ("[\"a.b\"][\"c d\"]", json!(1)),
            ("groups[*].name", json!(["x", "y"])),
            ("groups[2]", json!({ "name": "y" })),
            ("deep[*][0].v[0]", json!([1, 2])),
            ("deep[*][*].v", json!([[[1]], [[2]]])),
        ] {
            assert_eq!(ClaimPath::parse(path).expect(path).read(&claims()), Some(value), "{path}");
        }
        for path in ["other", "sub.name", "sub[0]", "sub[*]", "realm_access.roles[2]", "realm_access[0]"] {
            assert_eq!(ClaimPath::parse(path).expect(path).read(&claims()), None, "{path}");
        }
        assert_eq!(ClaimPath::of_name("a.b").read(&claims()), Some(json!({ "c d": 1 })));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let deep = "a.".repeat(STEPS) + "a";
        for path in [
            "",
            "$",
            ".",
            "a.",
            ".a",
            "a..b",
            "a.[0]",
            "a b",
            "a[",
            "a[]",
            "a[-1]",
            "a[x]",
            "a['']",
            "a['x",
            "a['x'",
            "[0]",
            "[*].a",
            "$.[0]",
            "https://shop.example/roles",
            "a]",
            "a\"b\"",
            "a[99999999999999999999]",
            &deep,
        ] {
            assert!(ClaimPath::parse(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_value_is_put_where_the_path_leads() {
        let mut claims = claims();
        let mut write = |path: &str| ClaimPath::parse(path).expect(path).write(&mut claims, json!(["z"]));
        assert!(
            write("app.roles") && write("realm_access.roles") && write("$['https://shop.example/roles']")
        );
        assert!(!write("sub.roles") && !write("groups[0].name") && !write("groups[*]"));
        for path in ["app.roles", "realm_access.roles", "$['https://shop.example/roles']"] {
            assert_eq!(ClaimPath::parse(path).expect(path).read(&claims), Some(json!(["z"])), "{path}");
        }
    }
}
