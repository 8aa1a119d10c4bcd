//! Whether senders of requests are identified: refused where it would not be safe, and said at the start.

use std::sync::Arc;

use tokio::net::TcpListener;

use super::failure::Failure;
use crate::auth::Authenticator;
use crate::config::{AuthMode, AuthSettings, Config, KeySource, bare};
use crate::metrics::Metrics;
use crate::schema::Model;

/// Refuses to believe tokens that anybody could send.
pub(super) fn check_network(config: &Config, listener: &TcpListener) -> Result<(), Failure> {
    let trusts =
        config.auth.as_ref().is_some_and(|auth| auth.mode == AuthMode::Trusted && !auth.trusted_network);
    match trusts && !is_loopback(listener) {
        true => Err(Failure::Usage(format!(
            "auth.mode is `trusted`: tokens are not checked, and whoever reaches {} could write one. Listen on \
             127.0.0.1; or, if only a gateway that checks tokens can reach this address, set `trusted_network = true` \
             in `[auth]`.",
            config.listen
        ))),
        false => Ok(()),
    }
}

/// The configured authenticator.
pub(super) fn authenticator(
    config: &Config,
    metrics: &Arc<Metrics>,
) -> Result<Option<Arc<Authenticator>>, Failure> {
    let auth = config.auth.as_ref().map(|settings| Authenticator::new(settings, metrics.clone()));
    auth.transpose().map(|auth| auth.map(Arc::new)).map_err(|faults| Failure::Usage(faults.join("\n")))
}

/// Refuses keys in the settings that no server could start with; asks no other server for keys.
pub(super) fn check_keys(config: &Config) -> Result<(), Failure> {
    let faults = config.auth.as_ref().map(Authenticator::faults).unwrap_or_default();
    if faults.is_empty() { Ok(()) } else { Err(Failure::Usage(faults.join("\n"))) }
}

/// Says who is let in.
pub(super) fn tell(config: &Config, listener: &TcpListener) {
    let Some(auth) = &config.auth else {
        match is_loopback(listener) {
            true => tracing::info!("identity is off: every request may do everything"),
            false => tracing::warn!(
                "identity is off: whoever reaches this server may read and write everything; `[auth]` in oponn.toml \
                 turns it on"
            ),
        }
        return;
    };
    let issuers: Vec<&str> = auth.issuers.iter().filter_map(|issuer| issuer.issuer.as_deref()).collect();
    let anonymous = auth.anonymous.as_deref().unwrap_or("refused");
    tracing::info!(issuers = issuers.join(", "), api_keys = auth.keys.len(), anonymous, "identity is on");
    if auth.mode == AuthMode::Trusted {
        tracing::warn!(
            "tokens are not checked (`auth.mode` is `trusted`): only a gateway that checks them may reach this server"
        );
    }
    for url in plain(auth) {
        tracing::warn!(
            url,
            "an issuer's keys are fetched without TLS: whoever is on the way can put others there"
        );
    }
}

/// Tells what identity and the schema's rules of access make of each other.
pub(super) fn tell_rules(config: &Config, model: &Model) {
    let of = |with: bool| {
        let types = model.collections.iter().filter(|collection| collection.access.is_empty() != with);
        types.map(|collection| &*collection.name).collect::<Vec<_>>().join(", ")
    };
    match &config.auth {
        Some(_) if !of(false).is_empty() => tracing::warn!(
            types = of(false),
            "no `@access` says who may read and write these types, so nobody may"
        ),
        None if !of(true).is_empty() => tracing::warn!(
            types = of(true),
            "identity is off, so the rules of access of these types have no effect"
        ),
        _ => {}
    }
}

/// Addresses of keys that are fetched without TLS from other machines.
fn plain(auth: &AuthSettings) -> Vec<String> {
    let url = |source: &KeySource| match source {
        KeySource::Jwks(jwks) if jwks.url.scheme() == "http" && !is_here(&jwks.url) => Some(bare(&jwks.url)),
        KeySource::Jwks(_) | KeySource::File(_) | KeySource::Given(_) => None,
    };
    auth.issuers.iter().filter_map(|issuer| url(issuer.key.as_ref()?)).collect()
}

fn is_here(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_loopback(listener: &TcpListener) -> bool {
    listener.local_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback())
}
