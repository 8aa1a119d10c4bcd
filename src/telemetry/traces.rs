//! OpenTelemetry traces, sent in batches by OTLP over HTTP, by a thread of their own.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::KeyValue;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::{Builder, Handle, Runtime};
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::config::{bare, told};

/// The target of all traced spans.
pub const TRACES: &str = "traces";

/// Time limit for the collector's answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How long the end of the program waits for the last spans to be sent.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Where traces go.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceOptions {
    /// The collector's URL, with the path.
    pub endpoint: String,
    /// The share of the traces begun here that is sent; `None` for all, or for what OpenTelemetry's own variables say.
    pub ratio: Option<f64>,
}

/// The running export of traces. Dropping it sends the last spans.
pub struct Traces {
    provider: SdkTracerProvider,
    runtime: Option<Runtime>,
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_WAIT) {
            tracing::warn!(%error, "the last traces could not be sent");
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

pub(super) fn start<S>(options: &TraceOptions) -> Result<(Traces, impl Layer<S> + use<S>), String>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("traces")
        .enable_all()
        .build()
        .map_err(|error| format!("traces: the system gives no threads: {error}"))?;
    let url = Url::parse(&options.endpoint).map_err(|error| format!("traces: no URL: {error}"))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        // The exporter logs it, so it gets it without the secrets. The client has those.
        .with_endpoint(bare(&url))
        .with_http_client(Client::new(runtime.handle().clone(), url)?)
        .build()
        .map_err(|error| {
            let reason = error.to_string();
            format!("traces: they cannot be sent: {}", told(&reason, &options.endpoint))
        })?;
    let mut provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource());
    if let Some(ratio) = options.ratio {
        provider = provider.with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))));
    }
    let provider = provider.build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("oponn"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_filter(filter_fn(is_traced));
    Ok((Traces { provider, runtime: Some(runtime) }, layer))
}

/// Keeps the layers' spans, and the program's own warnings and errors.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    match metadata.is_span() {
        true => metadata.target() == TRACES,
        false => metadata.target().starts_with("oponn") && *metadata.level() <= Level::WARN,
    }
}

/// Makes a span continue the trace that the caller names in `traceparent`, if there is one.
pub fn follow(span: &Span, headers: &axum::http::HeaderMap) {
    if !span.is_disabled() {
        let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // Fails only when the span is already in use, and it is not.
        let _ = span.set_parent(caller);
    }
}

/// The program's attributes, sent with all its traces.
fn resource() -> Resource {
    let about =
        [KeyValue::new("service.name", "oponn"), KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
    let resource = Resource::builder_empty()
        .with_attributes(about)
        .with_detectors(&[Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())]);
    match std::env::var("OTEL_SERVICE_NAME") {
        Ok(name) if !name.is_empty() => resource.with_service_name(name).build(),
        _ => resource.build(),
    }
}

/// The program's own HTTP client, for a thread without a runtime.
struct Client {
    http: reqwest::Client,
    collector: Url,
    runtime: Handle,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("collector", &bare(&self.collector)).finish_non_exhaustive()
    }
}

impl Client {
    fn new(runtime: Handle, collector: Url) -> Result<Client, String> {
        // Fails when a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(ANSWER)
            .user_agent(concat!("oponn/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("traces: HTTP cannot be used: {error}"))?;
        Ok(Client { http, collector, runtime })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        // User and password of the URL become a header.
        let request = self.http.request(head.method, self.collector.clone()).headers(head.headers).body(body);
        let send = async move {
            // The URL may hold a secret.
            let response = request.send().await.map_err(reqwest::Error::without_url)?;
            let answer = Response::builder().status(response.status());
            Ok(answer.body(response.bytes().await.map_err(reqwest::Error::without_url)?)?)
        };
        self.runtime.spawn(send).await?
    }
}
