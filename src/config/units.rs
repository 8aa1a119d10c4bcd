//! Durations such as `500ms` and sizes such as `256MB`.

use std::time::Duration;

const DURATIONS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)];

const SIZES: [(&str, f64); 7] = [
    ("B", 1.0),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];

/// Parses a duration. The error describes valid ones.
pub fn duration(text: &str) -> Result<Duration, String> {
    let seconds = scaled(text, &DURATIONS).filter(|seconds| *seconds < 1e10);
    seconds.map(Duration::from_secs_f64).ok_or_else(|| {
        "a duration: a number and one of `ms`, `s`, `m`, `h`, `d`, such as `500ms` or `24h`".to_owned()
    })
}

/// Parses a size in bytes; 0 needs no unit. The error describes valid sizes.
pub fn size(text: &str) -> Result<u64, String> {
    if text.trim() == "0" {
        return Ok(0);
    }
    let bytes = scaled(text, &SIZES).filter(|bytes| *bytes < 1e15);
    bytes.map(|bytes| bytes as u64).ok_or_else(|| {
        "a size: a number and one of `B`, `KB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`, such as `256MB`".to_owned()
    })
}

fn scaled(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let (_, scale) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    Some(number.parse::<f64>().ok()? * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations() {
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5 s"), Ok(Duration::from_millis(1_500)));
        for wrong in ["", "24", "h", "-1s", "1y", "1e3s", "99999999999d", "1..5s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reads_sizes() {
        assert_eq!(size("256MB"), Ok(256_000_000));
        assert_eq!(size("1MiB"), Ok(1 << 20));
        assert_eq!(size("10 b"), Ok(10));
        assert_eq!(size(" 0"), Ok(0));
        for wrong in ["", "256", "MB", "-1MB", "1TB", "9999999999GB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
