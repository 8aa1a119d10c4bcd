//! Addresses of stores and caches in settings.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::mask;

/// Where documents live.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreAddress {
    /// `sqlite:PATH`
    Sqlite(PathBuf),
    /// `mongodb://...` or `mongodb+srv://...`
    Mongo(String),
}

/// Where entities and batches are cached.
#[derive(Clone, PartialEq, Eq)]
pub enum CacheAddress {
    /// `memory:`
    Memory,
    /// `redis://...` or `rediss://...`
    Redis(String),
    /// `none:`
    None,
}

impl StoreAddress {
    /// Reads an address. The error says what would be one.
    pub fn parse(text: &str) -> Result<StoreAddress, String> {
        let remedy = "`sqlite:PATH`, `mongodb://HOST/DATABASE` or `mongodb+srv://HOST/DATABASE`";
        match text.split_once(':') {
            Some(("sqlite", path)) if !path.trim_start_matches("//").is_empty() => {
                Ok(StoreAddress::Sqlite(path.strip_prefix("//").unwrap_or(path).into()))
            }
            Some(("mongodb" | "mongodb+srv", rest)) if leads_somewhere(rest) => {
                Ok(StoreAddress::Mongo(text.to_owned()))
            }
            _ => Err(format!("{remedy} {ENCODED}")),
        }
    }

    /// Separates this address's documents from others in a shared cache: 16 hexadecimal digits derived from
    /// the database's name or the file's path. Hosts are left out, because servers may spell them
    /// differently; so is the schema, because during a rollout servers with the old and the new schema must
    /// see each other's writes.
    pub fn database(&self) -> String {
        let name = match self {
            // However it is spelled; a file that is not there yet is where its folder is.
            StoreAddress::Sqlite(path) => std::path::absolute(path)
                .map(|path| path.canonicalize().unwrap_or(path))
                .unwrap_or_else(|_| path.clone())
                .to_string_lossy()
                .into_owned(),
            StoreAddress::Mongo(url) => {
                let address = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
                let address = address.split('?').next().unwrap_or_default();
                let name = address.rsplit_once('/').map_or("", |(_, name)| name);
                if name.is_empty() { "oponn".to_owned() } else { name.to_owned() }
            }
        };
        hex::encode(&Sha256::digest(name.as_bytes())[..8])
    }
}

impl CacheAddress {
    /// Reads an address. The error says what would be one.
    pub fn parse(text: &str) -> Result<CacheAddress, String> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(CacheAddress::Memory),
            Some(("none", "")) => Ok(CacheAddress::None),
            Some(("redis" | "rediss", rest)) if leads_somewhere(rest) => {
                Ok(CacheAddress::Redis(text.to_owned()))
            }
            _ => Err(format!("`memory:`, `redis://HOST:PORT`, `rediss://HOST:PORT` or `none:` {ENCODED}")),
        }
    }
}

/// The advice on encoding for messages about addresses.
const ENCODED: &str = "(with `/`, `?`, `#`, `@` and `%` of a user, password or option percent-encoded)";

/// Whether the host is where it seems to be in the text after the scheme. If a password has an unencoded
/// special character, or the `@` before the host is encoded, part of the password would be taken for a host
/// name, and shown when that host is not found.
fn leads_somewhere(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix("//").filter(|rest| !rest.is_empty()) else { return false };
    let (hosts, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = hosts.rsplit('@').next().unwrap_or_default();
    let path = after.split('?').next().unwrap_or_default();
    !host.contains("%40") && !path.contains("%40") && !after.contains('@')
}

/// The address as in a setting, with secrets masked.
impl std::fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StoreAddress::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            StoreAddress::Mongo(url) => f.write_str(&mask(url)),
        }
    }
}

impl std::fmt::Display for CacheAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CacheAddress::Memory => f.write_str("memory:"),
            CacheAddress::None => f.write_str("none:"),
            CacheAddress::Redis(url) => f.write_str(&mask(url)),
        }
    }
}

impl std::fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Debug for CacheAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// Parses an address to listen on: a host and a port.
pub(super) fn listen(text: &str) -> Result<String, String> {
    let fits = text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok() && (!host.contains(':') || host.starts_with('['))
    });
    match fits {
        true => Ok(text.to_owned()),
        false => Err("a host and a port such as `127.0.0.1:8080`, `0.0.0.0:80` or `[::1]:8080`".to_owned()),
    }
}

/// Parses an origin as browsers send it, or `*`.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let fits = text == "*"
        || url::Url::parse(text).is_ok_and(|url| {
            url.host().is_some() && url.origin().ascii_serialization() == text.to_lowercase()
        });
    match fits {
        true => Ok(text.to_owned()),
        false => {
            Err("an origin such as `https://app.example.com` (no path, no `/` at the end), or `*`".to_owned())
        }
    }
}

/// Parses the URL of a trace collector; a missing path becomes the usual one.
pub(super) fn collector(text: &str) -> Result<String, String> {
    let remedy = || "`http://HOST:PORT` or `https://HOST:PORT` of an OTLP collector".to_owned();
    let mut url = url::Url::parse(text).map_err(|_| remedy())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(remedy());
    }
    if url.path() == "/" {
        url.set_path("/v1/traces");
    }
    Ok(url.into())
}

/// Parses an address that is fetched by HTTP.
pub(super) fn web(text: &str) -> Result<url::Url, String> {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| "`https://HOST/PATH`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses() {
        assert_eq!(StoreAddress::parse("sqlite:a/b.db"), Ok(StoreAddress::Sqlite("a/b.db".into())));
        assert_eq!(StoreAddress::parse("sqlite:///a/b.db"), Ok(StoreAddress::Sqlite("/a/b.db".into())));
        assert!(StoreAddress::parse("mongodb+srv://u:p@host/shop").is_ok());
        for wrong in ["", "sqlite:", "sqlite://", "mongodb:", "mongo://host", "postgres://host", "data.db"] {
            assert!(StoreAddress::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(CacheAddress::parse("memory:"), Ok(CacheAddress::Memory));
        assert!(CacheAddress::parse("redis://u:p%40q@host/0?a=%40").is_ok());
        for wrong in
            ["", "memory", "none:x", "redis:", "http://host", "redis://u:p%40host", "redis://h/p%40q"]
        {
            assert!(CacheAddress::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reads_places_to_listen() {
        for right in ["127.0.0.1:0", "[::1]:80", "localhost:8080"] {
            assert!(listen(right).is_ok(), "{right}");
        }
        for wrong in ["8080", ":8080", "::1:80", "host:99999", "host"] {
            assert!(listen(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reads_origins() {
        for right in ["*", "https://app.example.com", "http://localhost:3000"] {
            assert!(origin(right).is_ok(), "{right}");
        }
        for wrong in ["app.example.com", "https://app.example.com/", "https://a/b", ""] {
            assert!(origin(wrong).is_err(), "{wrong}");
        }
    }
}
