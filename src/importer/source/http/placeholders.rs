//! `${NAME}` in a text: the environment variable of that name, or the secret in the file that `NAME_FILE` names.

use crate::config::secret_of;
use crate::importer::Env;

/// The text with every placeholder filled. The error says which cannot be.
pub(super) fn fill(text: &str, env: Env<'_>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or("a `${` has no `}`")?;
        let value = secret_of(name, env)?;
        filled.push_str(before);
        filled.push_str(&value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_what_is_set() {
        let env: Env<'_> = &|name| (name == "TOKEN").then(|| "a}b".to_owned());
        assert_eq!(fill("Bearer ${TOKEN}!${TOKEN}", env), Ok("Bearer a}b!a}b".into()));
        assert_eq!(fill("$plain {text}", env), Ok("$plain {text}".into()));
        assert!(fill("${OTHER}", env).is_err());
        assert!(fill("${TOKEN", env).is_err());
    }
}
