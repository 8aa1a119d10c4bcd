//! Lengths of time as schema files write them: `90s`, `15m`, `24h`, `7d`.

/// The longest, in seconds: MongoDB's limit for documents that expire.
const MOST: u64 = i32::MAX as u64;

const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];

/// The seconds of a text such as `7d`.
pub fn seconds(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let digits = text.strip_suffix(unit)?;
    let number: u64 =
        Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    number.checked_mul(*scale).filter(|seconds| (1..=MOST).contains(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_and_within_bounds() {
        assert_eq!(seconds("1s"), Some(1));
        assert_eq!(seconds("7d"), Some(604_800));
        assert_eq!(seconds("007m"), Some(420));
        assert_eq!(seconds("2147483647s"), Some(MOST));
        for wrong in [
            "",
            "d",
            "7",
            "0s",
            "-1s",
            "+1s",
            "1.5h",
            "7 d",
            "7D",
            "1w",
            "2147483648s",
            "99999999999999999999d",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
