//! Finds the known name that a wrong one probably stands for.

/// The closest of the names, if it is close enough to suggest.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    names
        .into_iter()
        .map(|name| (distance(&wrong, &name.to_lowercase()), name))
        .min()
        .filter(|(distance, name)| *distance <= name.chars().count().max(wrong.chars().count()) / 3)
        .map(|(_, name)| name)
}

/// The end of a message: `did you mean ...?`, or the list of known names.
pub fn suggestion<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(wrong, names.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
            match names.is_empty() {
                true => "there are none".to_owned(),
                false => format!("known are {}", names.join(", ")),
            }
        }
    }
}

/// Number of single-character edits, including swapped neighbours, between two texts.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["schema", "store", "cache", "api.page_max"];
        assert_eq!(nearest("shcema", names), Some("schema"));
        assert_eq!(nearest("Stor", names), Some("store"));
        assert_eq!(nearest("api.pagemax", names), Some("api.page_max"));
        assert_eq!(nearest("something else", names), None);
        assert_eq!(nearest("b", ["a"]), None);
    }
}
