//! Webhooks as <https://www.standardwebhooks.com> specifies them: a POST of the payload, signed with its id and the time.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use ring::hmac;

use super::sink::told;
use super::{Sink, Undelivered};
use crate::config::WebhookSettings;
use crate::store::outbox::Outgoing;

/// An endpoint that takes webhooks.
pub(super) struct Webhook {
    http: reqwest::Client,
    url: url::Url,
    key: hmac::Key,
}

impl Webhook {
    pub(super) fn new(settings: &WebhookSettings, timeout: Duration) -> Result<Webhook, String> {
        let secret = settings.secret.0.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let secret = secret.ok_or("`secret` is none")?;
        // Fails when it is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .timeout(timeout)
            // Events are for the address in the settings, and for no other.
            .redirect(Policy::none())
            .user_agent(concat!("oponn/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &settings.ca_file {
            let unusable = |error: String| format!("`ca_file` {} cannot be used: {error}", path.display());
            let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
            let certificates =
                reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
            if certificates.is_empty() {
                return Err(unusable("it has no certificate in PEM".to_owned()));
            }
            http = http.tls_certs_merge(certificates);
        }
        let http = http.build().map_err(|error| format!("HTTP cannot be used: {error}"))?;
        Ok(Webhook { http, url: settings.url.clone(), key: hmac::Key::new(hmac::HMAC_SHA256, &secret) })
    }

    fn signature(&self, id: &str, at: u64, payload: &str) -> String {
        let signed = hmac::sign(&self.key, format!("{id}.{at}.{payload}").as_bytes());
        format!("v1,{}", STANDARD.encode(signed))
    }
}

#[async_trait]
impl Sink for Webhook {
    async fn deliver(&self, event: &Outgoing) -> Result<(), Undelivered> {
        let id = event.id.to_string();
        let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        let request = self.http.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let request = request
            .header("webhook-id", &id)
            .header("webhook-timestamp", now)
            .header("webhook-signature", self.signature(&id, now, &event.payload));
        let sent = request.body(event.payload.clone()).send().await;
        // The address may have a secret in it.
        let response = sent.map_err(|error| Undelivered::Away(told(&error.without_url())))?;
        let status = response.status();
        let told = format!("the endpoint answers with status {}", status.as_u16());
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Err(Undelivered::Away(told)),
            _ if status.is_redirection() => {
                Err(Undelivered::Refused(format!("{told}, and redirects are not followed")))
            }
            _ => Err(Undelivered::Refused(told)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    /// The example of the specification's own libraries.
    #[test]
    fn signatures_are_those_of_the_specification() {
        let settings = WebhookSettings {
            url: url::Url::parse("https://localhost").expect("it is a URL"),
            secret: Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
            ca_file: None,
        };
        let webhook = Webhook::new(&settings, Duration::from_secs(1)).expect("the settings are right");
        let signature =
            webhook.signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
