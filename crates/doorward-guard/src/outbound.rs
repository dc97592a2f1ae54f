//! Requests to URLs that an operator configured: bounded in time and length, redirects not followed.

use std::{error::Error as _, sync::OnceLock, time::Duration};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio_rustls::rustls::crypto::aws_lc_rs;

type HttpsClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// How long an idle connection is kept.
const KEEP_IDLE: Duration = Duration::from_secs(30);

/// What a request may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long it may take in all, from the look-up of the name to the answer's last byte.
    pub time: Duration,
    /// The longest body that is read, in bytes.
    pub body_bytes: usize,
}

/// What came back. Redirects are not followed: one is an answer like any other.
#[derive(Debug)]
pub struct OutboundAnswer {
    /// The status.
    pub status: StatusCode,
    /// The whole body.
    pub body: Bytes,
}

/// Why nothing came back. Says nothing of the URL, which may hold a secret.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// It took longer than [`Limits::time`].
    #[error("it took too long")]
    TimedOut,
    /// The body is longer than [`Limits::body_bytes`].
    #[error("the answer is too long")]
    TooLong,
    /// No connection came about, TLS among it, or it broke.
    #[error("the connection failed: {0}")]
    Connection(String),
}

/// The client: HTTP/1.1, with TLS by Mozilla's roots, through no proxy. Made at the first request.
#[derive(Default)]
pub struct Outbound {
    client: OnceLock<HttpsClient>,
}

impl Outbound {
    /// Sends `request`, whose URL is absolute, and reads the whole answer.
    pub async fn send(&self, request: Request<Full<Bytes>>, limits: Limits) -> Result<OutboundAnswer, OutboundError> {
        let exchange = async {
            let answer = self.client()?.request(request).await.map_err(|error| failed(&error))?;
            read(answer, limits.body_bytes).await
        };
        tokio::time::timeout(limits.time, exchange).await.map_err(|_| OutboundError::TimedOut)?
    }

    fn client(&self) -> Result<&HttpsClient, OutboundError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(aws_lc_rs::default_provider())
            .map_err(|error| OutboundError::Connection(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(KEEP_IDLE)
            .pool_max_idle_per_host(4)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(self.client.get_or_init(|| client))
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}

async fn read(answer: Response<Incoming>, most: usize) -> Result<OutboundAnswer, OutboundError> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), most).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            OutboundError::TooLong
        } else {
            OutboundError::Connection(error.to_string())
        }
    })?;
    Ok(OutboundAnswer { status, body: body.to_bytes() })
}

fn failed(error: &hyper_util::client::legacy::Error) -> OutboundError {
    OutboundError::Connection(error.source().map_or_else(|| error.to_string(), ToString::to_string))
}
