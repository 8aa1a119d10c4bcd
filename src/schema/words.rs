//! English: the plural of a type's name, and its form with a small first letter.

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
    fn first_words_become_small() {
        for (name, lower) in [
            ("Book", "book"),
            ("BookStore", "bookStore"),
            ("HTTPServer", "httpServer"),
            ("URL", "url"),
            ("A", "a"),
        ] {
            assert_eq!(lower_camel(name), lower);
        }
    }
}
