//! Addresses without their secrets, for messages and logs.

/// Parts of a query string's keys whose values are secret.
const SECRET_KEYS: [&str; 5] = ["password", "passwd", "token", "secret", "authmechanismproperties"];

/// The address with passwords and secret parameters replaced by `***`. Works on addresses that are not
/// well-formed too, and then hides rather too much than too little.
pub fn mask(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (credentials, rest) = match rest.rfind('@') {
        Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
        None => (None, rest),
    };
    let user = credentials.map(|credentials| match credentials.split_once(':') {
        Some((user, _)) => format!("{user}:***@"),
        None => format!("{credentials}@"),
    });
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    let query =
        query.map(|query| format!("?{}", query.split('&').map(parameter).collect::<Vec<_>>().join("&")));
    format!("{scheme}://{}{place}{}", user.unwrap_or_default(), query.unwrap_or_default())
}

fn parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((key, _)) if SECRET_KEYS.iter().any(|secret| key.to_lowercase().contains(secret)) => {
            format!("{key}=***")
        }
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_secrets_only() {
        for (address, masked) in [
            ("sqlite:data/oponn.db", "sqlite:data/oponn.db"),
            ("redis://127.0.0.1:6379/2", "redis://127.0.0.1:6379/2"),
            ("redis://:pa55@cache:6379", "redis://:***@cache:6379"),
            ("mongodb://ann:p@ss/wd@a:1,b:2/shop?w=1", "mongodb://ann:***@a:1,b:2/shop?w=1"),
            (
                "mongodb://a/?tlsCertificateKeyFilePassword=x&w=1",
                "mongodb://a/?tlsCertificateKeyFilePassword=***&w=1",
            ),
        ] {
            assert_eq!(mask(address), masked);
        }
    }
}
