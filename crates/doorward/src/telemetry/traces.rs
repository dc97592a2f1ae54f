//! Traces for an OpenTelemetry collector, by OTLP over HTTP.
//!
//! Spans are handed to a thread of the OpenTelemetry SDK, which sends them in batches and keeps
//! 2,048 at most: a collector that is slow or dead costs dropped spans, never a request.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use opentelemetry::context::FutureExt as _;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::runtime::Handle;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::{TelemetryError, TracesConfig, masked};

/// For one batch to be taken by the collector.
const SEND_LIMIT: Duration = Duration::from_secs(5);

/// Traces that have begun.
#[derive(Debug)]
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// Must be called inside a Tokio runtime, which sends the batches.
    pub(super) fn begin(config: &TracesConfig) -> Result<Self, TelemetryError> {
        let refuse = |reason: String| TelemetryError::Endpoint { endpoint: masked(&config.endpoint), reason };
        let endpoint = traces_endpoint(&config.endpoint).map_err(refuse)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(CollectorClient::new(&endpoint).map_err(|error| refuse(error.to_string()))?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&endpoint)
            .with_timeout(SEND_LIMIT)
            .build()
            .map_err(|error| refuse(error.to_string()))?;
        let sampler = Sampler::TraceIdRatioBased(config.sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_resource(Resource::builder().with_service_name(config.service_name.clone()).build())
            .with_sampler(Sampler::ParentBased(Box::new(sampler)))
            .with_batch_exporter(exporter)
            .build();
        Ok(Self(provider))
    }

    /// The layer that turns this process's spans into traces.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("doorward"))
            .with_filter(filter_fn(|about| *about.level() <= Level::INFO))
    }

    /// Sends what is left, for as long as the limit allows.
    pub(super) async fn shutdown(self, limit: Duration) {
        // The SDK waits by blocking, and the sending needs a thread of the runtime meanwhile.
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(limit)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last traces did not reach the collector");
        }
    }
}

fn traces_endpoint(endpoint: &str) -> Result<String, String> {
    let uri: axum::http::Uri = endpoint.parse().map_err(|error| format!("{error}"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
        return Err("it must begin with `http://` or `https://` and a host".to_owned());
    }
    // It would not be sent, and the client's own log would show it.
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("leave out what stands before the `@`, and give the collector's name and password as \
                    `authorization=Basic …` in OTEL_EXPORTER_OTLP_HEADERS"
            .to_owned());
    }
    let base = endpoint.trim_end_matches('/');
    Ok(if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") })
}

/// Sends batches on the runtime's threads: the SDK's own thread has none of Tokio's timers and
/// sockets.
#[derive(Debug)]
struct CollectorClient {
    http: HyperClient<HttpsConnector<HttpConnector>>,
    runtime: Handle,
    endpoint: String,
    failing: AtomicBool,
}

impl CollectorClient {
    fn new(endpoint: &str) -> Result<Self, tokio_rustls::rustls::Error> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(aws_lc_rs::default_provider())?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            http: HyperClient::new(connector, SEND_LIMIT, None),
            runtime: Handle::current(),
            endpoint: masked(endpoint),
            failing: AtomicBool::new(false),
        })
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: axum::http::Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self
            .runtime
            .spawn(async move { http.send_bytes(request).await })
            .await
            .unwrap_or_else(|ended| Err(ended.into()));
        let trouble = match &sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(response.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        // Told once a change: a dead collector is no reason for a line every five seconds.
        let was_failing = self.failing.swap(trouble.is_some(), Relaxed);
        match trouble {
            Some(error) if !was_failing => tracing::warn!(
                endpoint = self.endpoint,
                error,
                "the collector doesn't take traces: they are dropped until it does"
            ),
            None if was_failing => {
                tracing::info!(endpoint = self.endpoint, "the collector takes traces again");
            }
            _ => {}
        }
        sent
    }
}

/// Lets the traces of requests that come with a `traceparent` header (W3C Trace Context) be part of
/// the trace that it names. Put it outside of the layer that makes the requests' spans.
pub fn continue_trace(router: Router) -> Router {
    router.layer(middleware::from_fn(async |request: Request, next: Next| {
        if !request.headers().contains_key("traceparent") {
            return next.run(request).await;
        }
        let context = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
        next.run(request).with_context(context).await
    }))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::{any, get};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;
    use tower::ServiceExt as _;
    use tracing::Instrument as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// A collector that keeps the bodies it is sent.
    async fn collector() -> (String, mpsc::UnboundedReceiver<(String, Bytes)>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let app = Router::new().fallback(any(async move |request: Request| {
            let path = request.uri().path().to_owned();
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
            sender.send((path, body)).unwrap();
        }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        (format!("http://{address}"), receiver)
    }

    fn config(endpoint: String) -> TracesConfig {
        TracesConfig { endpoint, service_name: "the-service".to_owned(), sample_ratio: 1.0 }
    }

    fn contains(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[tokio::test]
    async fn spans_reach_the_collector_at_the_latest_when_the_process_ends() {
        let (endpoint, mut received) = collector().await;
        let traces = Traces::begin(&config(endpoint)).unwrap();
        let subscriber = tracing_subscriber::registry().with(traces.layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info_span!("a-request", request_id = "r-1").in_scope(|| {
                tracing::debug_span!("too-fine").in_scope(|| {});
            });
        });
        traces.shutdown(super::super::FLUSH_LIMIT).await;
        let (path, body) = received.recv().await.unwrap();
        assert_eq!(path, "/v1/traces");
        for part in ["the-service", "a-request", "r-1"] {
            assert!(contains(&body, part.as_bytes()), "{part}");
        }
        assert!(!contains(&body, b"too-fine"));
    }

    #[tokio::test]
    async fn a_trace_that_began_elsewhere_goes_on() {
        let (endpoint, mut received) = collector().await;
        let traces = Traces::begin(&config(endpoint)).unwrap();
        let subscriber: tracing::Dispatch = tracing_subscriber::registry().with(traces.layer()).into();
        let app = continue_trace(Router::new().route("/", get("hello")).layer(middleware::from_fn(
            async |request: Request, next: Next| next.run(request).instrument(tracing::info_span!("a-request")).await,
        )));
        let request = Request::get("/")
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .body(Body::empty())
            .unwrap();
        {
            use tracing::instrument::WithSubscriber as _;
            app.oneshot(request).with_subscriber(subscriber).await.unwrap();
        }
        traces.shutdown(super::super::FLUSH_LIMIT).await;
        let (_, body) = received.recv().await.unwrap();
        assert!(contains(&body, b"a-request"));
        assert!(contains(&body, &0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()));
        assert!(contains(&body, &0xb7ad_6b71_6920_3331_u64.to_be_bytes()));
    }

    #[tokio::test]
    async fn a_collector_that_never_answers_delays_neither_spans_nor_the_end() {
        // Takes connections into the system's queue and leaves them there.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let traces = Traces::begin(&config(endpoint)).unwrap();
        let subscriber = tracing_subscriber::registry().with(traces.layer());
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..10_000 {
                tracing::info_span!("a-request", number).in_scope(|| {});
            }
        });
        let shutdown = traces.shutdown(Duration::from_millis(10));
        let ended = tokio::time::timeout(SEND_LIMIT / 2, shutdown).await;
        assert!(ended.is_ok(), "waited for an answer instead of the limit");
    }

    #[test]
    fn the_endpoint_is_a_base_or_the_whole_address() {
        for (given, used) in [
            ("http://localhost:4318", Ok("http://localhost:4318/v1/traces")),
            ("http://localhost:4318/", Ok("http://localhost:4318/v1/traces")),
            ("https://host/otlp/v1/traces", Ok("https://host/otlp/v1/traces")),
            ("localhost:4318", Err(())),
            ("grpc://localhost:4317", Err(())),
            ("", Err(())),
        ] {
            let endpoint = traces_endpoint(given).map_err(|_| ());
            assert_eq!(endpoint.as_deref(), used.as_ref().copied(), "{given}");
        }
    }
}
