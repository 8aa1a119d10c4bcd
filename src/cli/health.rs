//! `oponn health`: asks the server with these settings how it is. It is the health check of images that have no other
//! program.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::failure::Failure;
use super::output::print;
use crate::config::{Config, duration};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Ask whether it can answer requests too: the store is there, and it is not being stopped
    #[arg(long)]
    ready: bool,
    /// How long the answer may take
    #[arg(long, value_name = "DURATION", default_value = "3s")]
    timeout: String,
}

pub(super) async fn run(config: &Config, arguments: Arguments) -> Result<(), Failure> {
    let timeout = duration(&arguments.timeout)
        .map_err(|remedy| Failure::Usage(format!("--timeout: it has to be {remedy}")))?;
    let url = format!("{}{}", base(config)?, if arguments.ready { "/readyz" } else { "/healthz" });
    let unhealthy = |why: String| Failure::Failed(format!("{url} {why}"));
    let away = |error: reqwest::Error| unhealthy(format!("does not answer: {}", cause(&error)));

    // Fails when it is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder()
        .no_proxy()
        .timeout(timeout)
        // The certificate is made out to the name that clients use, and nothing secret is said.
        .tls_danger_accept_invalid_certs(true)
        .build()
        .map_err(|error| Failure::Failed(format!("HTTP cannot be used: {error}")))?;
    let response = http.get(&url).send().await.map_err(away)?;
    let status = response.status();
    let body = response.text().await.map_err(away)?;
    match status.is_success() {
        true => print(&format!("{body}\n")),
        false => Err(unhealthy(format!("answers with {}: {body}", status.as_u16()))),
    }
}

/// Where probes are answered.
fn base(config: &Config) -> Result<String, Failure> {
    let (scheme, listen) = match &config.admin_listen {
        Some(admin) => ("http", admin),
        None if config.tls.is_some() => ("https", &config.listen),
        None => ("http", &config.listen),
    };
    if listen.ends_with(":0") {
        let why = format!("{listen} leaves the port to the system, so nobody else knows it; set a port");
        return Err(Failure::Usage(why));
    }
    Ok(format!("{scheme}://{}", reachable(listen)))
}

/// An address of this machine at which a server that listens there answers.
fn reachable(listen: &str) -> String {
    let Ok(mut address) = listen.parse::<SocketAddr>() else { return listen.to_owned() };
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address.to_string()
}

/// The last cause in the chain: the others repeat the address.
fn cause(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_address_is_asked_at_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("10.0.0.7:80", "10.0.0.7:80"),
            ("[fd00::1]:80", "[fd00::1]:80"),
            ("localhost:8080", "localhost:8080"),
        ] {
            assert_eq!(reachable(listen), asked);
        }
    }
}
