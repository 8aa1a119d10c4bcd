//! "Did you mean": finds the known name closest to a mistyped one.

/// Longer names are not compared: nobody mistypes those by a letter.
const MAX_LENGTH: usize = 64;

/// The closest of the names, if it is close enough to be the intended one.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if typed.len() > MAX_LENGTH {
        return None;
    }
    let lower = typed.to_lowercase();
    let allowed = (typed.len() / 3).clamp(1, 3);
    names
        .into_iter()
        .filter(|name| name.len() <= MAX_LENGTH && name.len().abs_diff(typed.len()) <= allowed)
        .map(|name| (distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be put in, left out, changed or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_nearest_name_or_none() {
        let names = ["String", "Int", "DateTime", "Date"];
        assert_eq!(nearest("Strng", names), Some("String"));
        assert_eq!(nearest("datetime", names), Some("DateTime"));
        assert_eq!(nearest("Dtae", names), Some("Date"));
        assert_eq!(nearest("Bookstore", names), None);
    }
}
