//! Which Redis it is, and whether it will do.

use crate::cache::CacheError;

/// Reads the answer to `INFO server`: the run id of a server that has what the scripts need.
pub(super) fn check(info: &str, server: &str) -> Result<String, CacheError> {
    let field = |name: &str| {
        let of = |line: &'_ str| line.trim_end().strip_prefix(name)?.strip_prefix(':').map(str::to_owned);
        info.lines().find_map(of)
    };
    let version = field("redis_version").unwrap_or_default();
    let major: u32 = version.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    if major < 7 {
        return Err(CacheError::Internal(format!(
            "Redis at {server} has version {version:?}, but 7.0 or newer is needed: upgrade it, or use the memory cache"
        )));
    }
    field("run_id").ok_or_else(|| CacheError::Internal(format!("Redis at {server} does not tell its run id")))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_new_enough_server_gives_its_run_id() {
        let info = "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n";
        assert_eq!(check(info, "here").unwrap(), "abc");
    }

    #[test]
    fn an_old_server_is_refused_with_its_version() {
        let error = check("redis_version:6.2.6\r\nrun_id:abc\r\n", "here:1").unwrap_err().to_string();
        assert!(error.contains("6.2.6") && error.contains("7.0") && error.contains("here:1"), "{error}");
    }
}
