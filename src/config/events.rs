//! The table `[events]`: where events are delivered to.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::auth::Secret;
use super::reader::Reader;
use super::table::Table;
use super::{CacheAddress, address, duration, secret};

/// Tries of one event when nothing is configured: with the pauses between them, about half a day.
const TRIES: u32 = 24;
/// Longest time for one delivery, when nothing is configured and at the most.
const TIMEOUT: Duration = Duration::from_secs(10);
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes of a webhook's secret, as the specification has it.
const SECRET: std::ops::RangeInclusive<usize> = 24..=64;
/// Entries that a stream keeps when nothing is configured.
const LENGTH: u64 = 100_000;

/// `[events]`
#[derive(Clone, Debug)]
pub struct EventSettings {
    /// `events.tries`: how often the delivery of an event is tried before it is a dead letter.
    pub tries: u32,
    /// `[events.sinks.NAME]`, by name.
    pub sinks: Vec<SinkSettings>,
}

/// One of `[events.sinks.NAME]`.
#[derive(Clone, Debug)]
pub struct SinkSettings {
    /// Its name.
    pub name: String,
    /// How long one delivery may take.
    pub timeout: Duration,
    /// What it is.
    pub kind: SinkKind,
}

/// What a sink is.
#[derive(Clone, Debug)]
pub enum SinkKind {
    /// The server's own log.
    Log,
    /// An HTTP endpoint that takes webhooks.
    Webhook(WebhookSettings),
    /// A stream in a Redis.
    RedisStream(StreamSettings),
    /// A queue of Amazon SQS.
    Sqs(SqsSettings),
}

/// A sink of the type `webhook`.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Where events are sent to.
    pub url: url::Url,
    /// What they are signed with.
    pub secret: Secret,
    /// A PEM file with certificates to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// A sink of the type `redis-stream`.
#[derive(Clone, Debug)]
pub struct StreamSettings {
    /// The address of the Redis.
    pub url: Secret,
    /// The stream's key.
    pub stream: String,
    /// About how many entries it keeps; `None` for all.
    pub length: Option<u64>,
}

/// A sink of the type `sqs`.
#[derive(Clone, Debug)]
pub struct SqsSettings {
    /// The queue's URL.
    pub queue: url::Url,
    /// Its region; `None` to have it found as AWS does.
    pub region: Option<String>,
    /// Another endpoint than AWS.
    pub endpoint: Option<url::Url>,
}

impl Default for EventSettings {
    fn default() -> EventSettings {
        EventSettings { tries: TRIES, sinks: Vec::new() }
    }
}

impl SqsSettings {
    /// Whether the queue keeps an order.
    pub fn is_fifo(&self) -> bool {
        self.queue.path().ends_with(".fifo")
    }
}

pub(super) fn read(reader: &mut Reader) -> EventSettings {
    let tries =
        reader.number("events.tries", 1).map_or(TRIES, |tries| u32::try_from(tries).unwrap_or(u32::MAX));
    EventSettings { tries, sinks: reader.named("events.sinks", sink) }
}

fn sink(name: &str, table: &mut Table<'_>) -> Option<SinkSettings> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if !name.bytes().all(plain) {
        table.fault(
            "type",
            "belongs to a sink whose name has other characters than letters, digits, `_` and `-`",
        );
    }
    if !table.has("type") {
        table.fault("type", &format!("is missing; it has to be {KINDS}"));
    }
    let timeout = table.parsed("timeout", timeout).unwrap_or(TIMEOUT);
    let kind = match table.parsed("type", kind)? {
        "log" => SinkKind::Log,
        "webhook" => SinkKind::Webhook(webhook(table)?),
        "redis-stream" => SinkKind::RedisStream(stream(table)?),
        _ => SinkKind::Sqs(sqs(table)?),
    };
    Some(SinkSettings { name: name.to_owned(), timeout, kind })
}

const KINDS: &str = "`log`, `webhook`, `redis-stream` or `sqs`";

fn kind(text: &str) -> Result<&'static str, String> {
    let known = ["log", "webhook", "redis-stream", "sqs"];
    known.into_iter().find(|known| *known == text).ok_or_else(|| KINDS.to_owned())
}

fn timeout(text: &str) -> Result<Duration, String> {
    let fits = |time: &Duration| !time.is_zero() && *time <= LONGEST_TIMEOUT;
    duration(text).ok().filter(fits).ok_or_else(|| "a duration of 60s at the most, like `10s`".to_owned())
}

fn webhook(table: &mut Table<'_>) -> Option<WebhookSettings> {
    if !table.has("url") {
        table.fault("url", "is missing; it has to be the URL that takes the webhooks");
    }
    let (url, ca_file) = (table.parsed("url", address::web), table.path("ca_file"));
    let secret = given(table, ["secret", "secret_env", "secret_file"]);
    let decoded = secret.and_then(|(key, secret)| {
        let bytes = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        if !bytes.is_some_and(|bytes| SECRET.contains(&bytes.len())) {
            table.fault(
                key,
                "has to be `whsec_` and 24 to 64 random bytes in Base64; `openssl rand -base64 32` makes some",
            );
            return None;
        }
        Some(Secret(secret))
    });
    Some(WebhookSettings { url: url?, secret: decoded?, ca_file })
}

fn stream(table: &mut Table<'_>) -> Option<StreamSettings> {
    if !table.has("stream") {
        table.fault("stream", "is missing; it has to be the key of the stream");
    }
    let stream = table.text("stream");
    let length = table.value("length", |value| match value {
        toml::Value::Integer(number) => {
            u64::try_from(*number).map_err(|_| "0 for no bound, or a number".to_owned())
        }
        _ => Err("about how many entries the stream keeps; 0 for all".to_owned()),
    });
    let url = given(table, ["url", "url_env", "url_file"])?;
    if !matches!(CacheAddress::parse(&url.1), Ok(CacheAddress::Redis(_))) {
        table.fault(url.0, "has to be the address of a Redis: redis://... or rediss://...");
        return None;
    }
    let length = Some(length.unwrap_or(LENGTH)).filter(|length| *length > 0);
    Some(StreamSettings { url: Secret(url.1), stream: stream?, length })
}

fn sqs(table: &mut Table<'_>) -> Option<SqsSettings> {
    if !table.has("queue") {
        table.fault("queue", "is missing; it has to be the URL of the queue");
    }
    let (queue, endpoint) = (table.parsed("queue", address::web), table.parsed("endpoint", address::web));
    let region = table.text("region");
    Some(SqsSettings { queue: queue?, region, endpoint })
}

/// A secret that is given as itself, by an environment variable or by a file: the key, and the secret.
fn given(
    table: &mut Table<'_>,
    keys @ [itself, variable, file]: [&'static str; 3],
) -> Option<(&'static str, String)> {
    let named: Vec<&str> = keys.into_iter().filter(|key| table.has(key)).collect();
    match named[..] {
        [] => table.fault(itself, &format!("is missing; give one of `{itself}`, `{variable}` and `{file}`")),
        [_] => {}
        [first, second, ..] => {
            table.fault(second, &format!("is given beside `{first}`; keep one of them"));
        }
    }
    let text = table.text(itself).map(|text| (itself, text));
    let variable = table.variable(variable).map(|text| (variable, text));
    let path = table.path(file);
    let read = path.and_then(|path| match secret::read(&path) {
        Ok(text) => Some((file, text)),
        Err(fault) => {
            table.fault(file, &format!("cannot be used: {fault}"));
            None
        }
    });
    text.or(variable).or(read).filter(|_| named.len() == 1)
}
