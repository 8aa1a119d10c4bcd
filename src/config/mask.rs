//! Addresses without their secrets, for messages and logs.
//!
//! Text that does not parse as an address is masked like one: a mistyped address still contains a password.
//! In doubt, too much is hidden.

use std::borrow::Cow;

/// Substrings of query keys with secret values.
const SECRET_KEYS: [&str; 9] = [
    "password",
    "passwd",
    "pwd",
    "token",
    "secret",
    "apikey",
    "api_key",
    "api-key",
    "authmechanismproperties",
];

/// The address with passwords and secret parameters replaced by `***`.
pub fn mask(address: &str) -> String {
    Parts::of(address).shown
}

/// The URL without user, password, query and fragment: what is called by it may take a secret in any of them, under any
/// name.
pub fn bare(url: &url::Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Neither can fail for http and https.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.into()
}

/// A message about an address, as those give it who were to use the address; not shown when it repeats anything of
/// what is secret there.
pub fn told<'m>(message: &'m str, address: &str) -> Cow<'m, str> {
    let secrets = Parts::of(address).secrets;
    let decoded: Vec<String> = secrets.iter().map(|secret| decoded(secret)).collect();
    let mut words = secrets
        .into_iter()
        .chain(decoded.iter().map(String::as_str))
        .flat_map(|secret| secret.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty());
    match words.any(|word| message.contains(word)) {
        true => "it cannot be read as such (user and password have to be percent-encoded)".into(),
        false => message.into(),
    }
}

/// An address taken apart.
struct Parts<'a> {
    shown: String,
    /// The pieces to hide.
    secrets: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(address: &'a str) -> Parts<'a> {
        let mut parts = Parts { shown: String::new(), secrets: Vec::new() };
        let end = |mark: &str| address.rfind(mark).map(|at| (at, at + mark.len()));
        if let Some((at, after)) = end("@").max(end("%40")) {
            parts.credentials(&address[..at]);
            parts.shown.push('@');
            parts.place(&address[after..]);
        } else if let Some((scheme, rest)) = address.split_once("://") {
            parts.shown = format!("{scheme}://");
            parts.place(rest);
        } else {
            parts.query(address);
        }
        parts
    }

    fn hide(&mut self, secret: &'a str) {
        self.shown.push_str("***");
        self.secrets.push(secret);
    }

    /// Masks the part before the `@`: only the scheme and the user stay visible, and only if they are
    /// certain.
    fn credentials(&mut self, text: &'a str) {
        let scheme = text.find(':').map(|colon| &text[..colon]).filter(|scheme| is_scheme(scheme));
        let Some(scheme) = scheme else { return self.hide(text) };
        let rest = &text[scheme.len() + 1..];
        self.shown = format!("{scheme}:");
        let Some(rest) = rest.strip_prefix("//") else { return self.hide(rest) };
        self.shown.push_str("//");
        match rest.split_once(':') {
            Some((user, password)) if !password.is_empty() && user.chars().all(is_plain) => {
                self.shown.push_str(user);
                self.shown.push(':');
                self.hide(password);
            }
            _ => self.hide(rest),
        }
    }

    /// Masks hosts, a path and a query. Text that is not a port may be the password of an address without a
    /// host.
    fn place(&mut self, text: &'a str) {
        let hosts = &text[..text.find(['/', '?', '#']).unwrap_or(text.len())];
        for (count, host) in hosts.split(',').enumerate() {
            let from = if host.starts_with('[') { host.find(']').unwrap_or(0) } else { 0 };
            let port = host[from..].find(':').map(|colon| from + colon + 1);
            let (name, port) = host.split_at(port.unwrap_or(host.len()));
            self.shown.push_str(if count > 0 { "," } else { "" });
            self.shown.push_str(name);
            match port.bytes().all(|byte| byte.is_ascii_digit()) {
                true => self.shown.push_str(port),
                false => self.hide(port),
            }
        }
        self.query(&text[hosts.len()..]);
    }

    /// Masks a path and a query.
    fn query(&mut self, text: &'a str) {
        let Some((path, query)) = text.split_once('?') else { return self.shown.push_str(text) };
        self.shown.push_str(path);
        self.shown.push('?');
        for parameter in query.split_inclusive(['&', ';']) {
            let (parameter, mark) = match parameter.strip_suffix(['&', ';']) {
                Some(bare) => (bare, &parameter[bare.len()..]),
                None => (parameter, ""),
            };
            match parameter.split_once('=').filter(|(key, _)| is_secret(key)) {
                Some((key, value)) => {
                    self.shown.push_str(key);
                    self.shown.push('=');
                    self.hide(value);
                }
                None => self.shown.push_str(parameter),
            }
            self.shown.push_str(mark);
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
}

/// Whether a character of a user name needs no encoding.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '+')
}

fn is_secret(key: &str) -> bool {
    let key = decoded(key).to_lowercase();
    SECRET_KEYS.iter().any(|secret| key.contains(secret))
}

/// A text with its percent encoding decoded.
fn decoded(text: &str) -> String {
    // As in a query, where each of these would end it.
    let text = text.replace(['&', '=', '+'], " ");
    url::form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hides_secrets_only() {
        for (address, masked) in [
            ("sqlite:data/oponn.db", "sqlite:data/oponn.db"),
            ("redis://127.0.0.1:6379/2", "redis://127.0.0.1:6379/2"),
            ("redis://[::1]:6379/2", "redis://[::1]:6379/2"),
            ("redis://:pa55@cache:6379", "redis://:***@cache:6379"),
            ("redis://ann:pa55@cache:6379", "redis://ann:***@cache:6379"),
            ("mongodb://ann:p@ss/wd@a:1,b:2/shop?w=1", "mongodb://ann:***@a:1,b:2/shop?w=1"),
            ("mongodb://ann:pw@a/?authSource=admin&w=1", "mongodb://ann:***@a/?authSource=admin&w=1"),
            (
                "mongodb://a/?tlsCertificateKeyFilePassword=x&w=1",
                "mongodb://a/?tlsCertificateKeyFilePassword=***&w=1",
            ),
            ("redis://TOKEN@host", "redis://***@host"),
            ("redis://TOKEN:@host", "redis://***@host"),
            ("redis:user:pw@h", "redis:***@h"),
            ("mongodb:/u:pw@h", "mongodb:***@h"),
            ("user:pw@h", "user:***@h"),
            ("U:pw@h", "***@h"),
            ("redis://u:pw%40h", "redis://u:***@h"),
            ("redis://u:pw", "redis://u:***"),
            ("redis://h?pass%77ord=x;user=ann", "redis://h?pass%77ord=***;user=ann"),
        ] {
            assert_eq!(mask(address), masked);
        }
    }

    #[test]
    fn a_bare_url_has_no_place_for_secrets() {
        for (url, shown) in [
            ("http://host:81/a/b", "http://host:81/a/b"),
            ("https://ann:S3CRET@host/a?key=S3CRET#S3CRET", "https://host/a"),
            ("https://S3CRET@host?S3CRET", "https://host/"),
        ] {
            assert_eq!(bare(&url::Url::parse(url).expect("a URL")), shown);
        }
    }

    #[test]
    fn messages_that_repeat_a_secret_are_not_shown() {
        let address = "mongodb://ann:s3%63ret/x@host:port/db";
        for message in ["illegal character in \"s3%63ret\"", "no such host x", "password is s3cret"] {
            assert!(told(message, address).starts_with("it cannot be read"), "{message}");
        }
        assert_eq!(told("no such hosts", address), "no such hosts");
        assert_eq!(told("x", "mongodb://host"), "x");
    }

    proptest! {
        #[test]
        fn nothing_before_the_host_is_shown(
            scheme in "(redis|mongodb|http|x\\+y|Redis|)(://|:/|:|//|:///|)",
            user in "(ann:|ann:[:/?#@&=%]{0,3}|[a-z]?)",
            before in "[a-z:/?#@&=%\\[\\], é]{0,6}",
            after in "([a-z:/?#@&=%\\[\\], é]{0,6}@|@|%40)",
            host in "[a-z]{0,5}(:[0-9]{0,4})?(/[a-z?=&]{0,5})?",
        ) {
            let address = format!("{scheme}{user}{before}S3CRET{after}{host}");
            // Before the first colon it would be the user's name.
            prop_assume!(!after.contains(':') || format!("{user}{before}").contains(':'));
            let masked = mask(&address);
            prop_assert!(!masked.contains("S3CRET"), "{} is shown as {}", address, masked);
            let message = format!("bad: {address}");
            prop_assert!(!told(&message, &address).contains("S3CRET"), "{}", address);
        }
    }
}
