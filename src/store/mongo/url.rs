//! Keeps passwords of connection URLs out of messages.

/// The URL as a message may show it: the password replaced, the options left out, because some of them
/// are secrets too.
pub(super) fn masked(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").unwrap_or(("mongodb", url));
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{host}")
        }
        None => format!("{scheme}://{rest}"),
    }
}

/// The message with every occurrence of the URL's password replaced.
pub(super) fn scrubbed(message: &str, url: &str) -> String {
    let user = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
    match user.and_then(|(user, _)| user.split_once(':')) {
        Some((_, password)) if !password.is_empty() => message.replace(password, "***"),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let url = "mongodb+srv://ann:se:cr/et@db.example.org/shop?tlsCertificateKeyFilePassword=other";
        assert_eq!(masked(url), "mongodb+srv://ann:***@db.example.org/shop");
        assert_eq!(scrubbed("bad se:cr/et here", url), "bad *** here");
        assert_eq!(masked("mongodb://localhost:27017"), "mongodb://localhost:27017");
        assert_eq!(scrubbed("as it is", "mongodb://localhost"), "as it is");
    }
}
