//! A queue of Amazon SQS as a sink. A FIFO queue keeps the order of each document's events, and does not take one twice
//! that comes again within five minutes.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::MessageAttributeValue;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::sink::told;
use super::{Sink, Undelivered};
use crate::config::SqsSettings;
use crate::store::outbox::Outgoing;

/// Errors by which a queue refuses one message.
const OF_MESSAGE: [&str; 3] = ["InvalidMessageContents", "InvalidParameterValue", "UnsupportedOperation"];

/// Sends events to a queue.
pub(super) struct Sqs {
    settings: SqsSettings,
    timeout: Duration,
    /// Made at the first event: credentials are looked for then.
    client: OnceCell<Client>,
}

impl Sqs {
    pub(super) fn new(settings: &SqsSettings, timeout: Duration) -> Sqs {
        Sqs { settings: settings.clone(), timeout, client: OnceCell::new() }
    }

    async fn client(&self) -> &Client {
        let make = async || {
            let http = aws_smithy_http_client::Builder::new();
            let http = http.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
            let timeouts = TimeoutConfig::builder().operation_timeout(self.timeout).build();
            let mut config = aws_config::defaults(BehaviorVersion::latest())
                .http_client(http)
                .timeout_config(timeouts)
                // The relay tries again.
                .retry_config(RetryConfig::disabled());
            if let Some(region) = &self.settings.region {
                config = config.region(Region::new(region.clone()));
            }
            if let Some(endpoint) = &self.settings.endpoint {
                config = config.endpoint_url(endpoint.as_str());
            }
            Client::new(&config.load().await)
        };
        self.client.get_or_init(make).await
    }
}

#[async_trait]
impl Sink for Sqs {
    async fn deliver(&self, event: &Outgoing) -> Result<(), Undelivered> {
        let Outgoing { id, name, ty, payload, .. } = event;
        let mut message =
            self.client().await.send_message().queue_url(self.settings.queue.as_str()).message_body(payload);
        for (key, value) in [("id", id.to_string()), ("name", name.clone()), ("type", ty.clone())] {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
            let value = value.map_err(|error| Undelivered::Refused(error.to_string()))?;
            message = message.message_attributes(key, value);
        }
        if self.settings.is_fifo() {
            // Ids may have characters that names of groups may not.
            let group = hex::encode(Sha256::digest(event.lane().as_bytes()));
            message = message.message_group_id(group).message_deduplication_id(id.to_string());
        }
        match message.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let refused = error.code().is_some_and(|code| OF_MESSAGE.iter().any(|of| code.ends_with(of)));
                let told = match error.code() {
                    Some(code) => format!("{code}: {}", error.message().unwrap_or_default()),
                    None => told(&error),
                };
                Err(if refused { Undelivered::Refused(told) } else { Undelivered::Away(told) })
            }
        }
    }
}
