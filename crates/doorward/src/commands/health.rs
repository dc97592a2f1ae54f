use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use doorward_core::settings::{Listen, Settings};
use http::{Request, StatusCode, header::HOST};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, DigitallySignedStruct, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, ServerName, UnixTime},
    },
};

use super::{CommandError, Context, Outcome, exit::Exit, output};

/// The longest wait for one address; the server gives its database two seconds of it.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any probe answers.
const MOST_BYTES: usize = 65_536;

/// What the server said of itself.
struct Health {
    well: bool,
    /// Its answer, and under `address` where it gave it.
    document: Value,
}

/// Asks the server that serves with this configuration, at the first of its addresses that answers.
pub(super) async fn run(ready: bool, context: &Context) -> Outcome {
    let settings = &context.loaded.settings;
    let path = if ready { "/readyz" } else { "/healthz" };
    let mut refusals = Vec::new();
    for listen in &settings.listen {
        let place = place(listen, settings);
        let refusal = match timeout(PATIENCE, ask(listen, path, settings)).await {
            Ok(Ok((status, answer))) => match health(status, answer, &place) {
                Some(health) => return Ok(tell(&health, context.json)),
                None => format!("{place}: what answers there is no Doorward ({status})"),
            },
            Ok(Err(error)) => format!("{place}: {error}"),
            Err(_) => format!("{place}: no answer within {} s", PATIENCE.as_secs()),
        };
        refusals.push(refusal);
    }
    Err(CommandError::elsewhere(
        "no_answer",
        refusals.join("\n"),
        "start `doorward serve`, or correct `listen`, which says where it is asked",
    ))
}

/// The address as a person would write it.
fn place(listen: &Listen, settings: &Settings) -> String {
    match listen {
        Listen::Tcp(address) if settings.has_tls() => format!("https://{address}"),
        Listen::Tcp(address) => format!("http://{address}"),
        Listen::Unix(path) => format!("unix:{}", path.display()),
    }
}

/// Reads an answer; none where it isn't one of Doorward's.
fn health(status: StatusCode, mut answer: Value, place: &str) -> Option<Health> {
    answer.get("status")?.as_str()?;
    answer.as_object_mut()?.insert("address".into(), place.into());
    Some(Health { well: status.is_success(), document: answer })
}

fn tell(health: &Health, json: bool) -> Exit {
    let Health { well, document } = health;
    if json {
        output::print_json(document);
    } else {
        output::print(&output::plain(document["status"].as_str().unwrap_or_default()));
        for (check, state) in document["checks"].as_object().into_iter().flatten() {
            if *state != json!("ok") {
                output::print(&output::plain(&format!("{check}: {}", state.as_str().unwrap_or_default())));
            }
        }
    }
    if *well { Exit::Done } else { Exit::Failed }
}

async fn ask(listen: &Listen, path: &str, settings: &Settings) -> Result<(StatusCode, Value), Box<dyn Error>> {
    match listen {
        Listen::Tcp(address) if address.port() == 0 => {
            Err("port 0 is a different one at each start; name a port in `listen`".into())
        }
        Listen::Tcp(address) => {
            let address = reachable(*address);
            let stream = TcpStream::connect(address).await?;
            if settings.has_tls() {
                let name = ServerName::IpAddress(address.ip().into());
                get(TlsConnector::from(Arc::new(tls()?)).connect(name, stream).await?, path).await
            } else {
                get(stream, path).await
            }
        }
        Listen::Unix(socket) => get(UnixStream::connect(socket).await?, path).await,
    }
}

/// `0.0.0.0` and `[::]` are every address of this machine, and none to connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

async fn get(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    path: &str,
) -> Result<(StatusCode, Value), Box<dyn Error>> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the sender; what goes wrong on it is told there.
    tokio::spawn(connection);
    // Probes are answered under any name.
    let request = Request::get(path).header(HOST, "localhost").body(Empty::<Bytes>::new())?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|error| error.to_string())?;
    // Whether it is one of Doorward's answers is judged by what it holds.
    Ok((head.status, serde_json::from_slice(&body.to_bytes()).unwrap_or_default()))
}

/// Without a look at the certificate: nothing secret is sent, and it names the public host, not the
/// address that is asked here.
fn tls() -> Result<ClientConfig, tokio_rustls::rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    Ok(config)
}

#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, tokio_rustls::rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, tokio_rustls::rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, tokio_rustls::rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
