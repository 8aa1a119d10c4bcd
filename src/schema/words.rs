//! English and letter case: how names of the API are made from names of the schema file.

/// The plural of a word that ends a name: `Category` gives `Categories`.
pub fn plural(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
    // A final `y` changes after a consonant only: categories, but days.
    let consonant_y = lower.ends_with('y') && !ends(&["ay", "ey", "iy", "oy", "uy"]) && lower.len() > 1;
    if consonant_y {
        format!("{}ies", &name[..name.len() - 1])
    } else if ends(&["s", "x", "z", "ch", "sh"]) {
        format!("{name}es")
    } else {
        format!("{name}s")
    }
}

/// `Book` becomes `book`, `HTTPServer` becomes `httpServer`.
pub fn lower_camel(name: &str) -> String {
    let capitals = name.bytes().take_while(u8::is_ascii_uppercase).count();
    // The last capital of several begins the next word, unless the name or the word ends there.
    let next_word = capitals > 1 && name[capitals..].starts_with(|c: char| c.is_ascii_lowercase());
    let (head, tail) = name.split_at(if next_word { capitals - 1 } else { capitals });
    head.to_ascii_lowercase() + tail
}

/// `storeId` becomes `StoreId`.
pub fn upper_first(name: &str) -> String {
    let mut text = name.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// `storeId` becomes `STORE_ID`: how fields and unique keys are named as enum values.
pub fn screaming_snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).map(|before| chars[before]);
        let follows_word = before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let follows_capital = before.is_some_and(|c| c.is_ascii_uppercase());
        let begins_word = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (follows_word || (follows_capital && begins_word)) {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals() {
        for (one, many) in [
            ("Book", "Books"),
            ("Category", "Categories"),
            ("Box", "Boxes"),
            ("Day", "Days"),
            ("Person", "Persons"),
            ("Branch", "Branches"),
            ("Address", "Addresses"),
            ("Fruit", "Fruits"),
            ("Apple", "Apples"),
        ] {
            assert_eq!(plural(one), many);
        }
    }

    #[test]
    fn cases() {
        for (name, lower, upper, snake) in [
            ("Book", "book", "Book", "BOOK"),
            ("storeId", "storeId", "StoreId", "STORE_ID"),
            ("HTTPServer", "httpServer", "HTTPServer", "HTTP_SERVER"),
            ("URL", "url", "URL", "URL"),
            ("isbn13", "isbn13", "Isbn13", "ISBN13"),
            ("store_id", "store_id", "Store_id", "STORE_ID"),
            ("A", "a", "A", "A"),
        ] {
            assert_eq!((&*lower_camel(name), &*upper_first(name), &*screaming_snake(name)), (lower, upper, snake));
        }
    }
}
