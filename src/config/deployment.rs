//! The name of a deployment: what keeps the keys of one application apart from those of others in a shared cache.
//!
//! A name in the cache is the setting `deployment`, a dot, and what sets the database apart.

use super::StoreAddress;

/// Characters of a name in the cache at the most.
const LONGEST: usize = 64;
/// Characters that stand behind the setting there: the dot and [`StoreAddress::database`].
const DATABASE: usize = 17;

/// The setting.
pub(super) fn setting(text: &str) -> Result<String, String> {
    check(text, LONGEST - DATABASE).map(str::to_owned)
}

/// The name in the cache, for the setting and the store whose documents are cached.
pub fn deployment_of(setting: &str, store: &StoreAddress) -> String {
    format!("{setting}.{}", store.database())
}

/// A name in the cache, which must not be able to end the prefix of a key early or to be a pattern. The error says
/// what would be one.
pub fn deployment(name: &str) -> Result<&str, String> {
    check(name, LONGEST)
}

fn check(text: &str, longest: usize) -> Result<&str, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match (1..=longest).contains(&text.len()) && text.chars().all(is_plain) {
        true => Ok(text),
        false => Err(format!("1 to {longest} letters, digits, `-`, `_` and `.`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_setting_is_a_name_in_the_cache() {
        let longest = setting(&"a".repeat(LONGEST - DATABASE)).expect("a setting");
        let name = deployment_of(&longest, &StoreAddress::Sqlite("x.db".into()));
        assert_eq!(name.len(), LONGEST);
        assert_eq!(deployment(&name), Ok(&*name));
        assert!(setting(&"a".repeat(LONGEST - DATABASE + 1)).is_err());
        assert!(deployment(&format!("{name}a")).is_err());
    }

    #[test]
    fn names_are_plain() {
        for wrong in ["", "a b", "a:b", "{a}", "a*", "é"] {
            assert!(setting(wrong).is_err() && deployment(wrong).is_err(), "{wrong}");
        }
        assert_eq!(setting("shop_1.Test-2"), Ok("shop_1.Test-2".to_owned()));
    }
}
