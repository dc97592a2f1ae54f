use rcgen::{CertifiedKey, KeyPair};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::certificate::write_pair;
use super::*;

/// Connects as one who trusts this certificate alone.
async fn connect(
    server: &Running,
    trusted: &CertifiedKey<KeyPair>,
    protocols: &[&str],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.cert.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_the_protocol_is_agreed_upon() {
    let (folder, pair) = (tempfile::tempdir().unwrap(), certificate::new());
    let server = Running::start(ServeConfig { tls: Some(write_pair(folder.path(), &pair)), ..config() }).await;
    assert!(server.addresses[0].to_string().starts_with("https://127.0.0.1:"));

    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = connect(&server, &pair, &["h2", "http/1.1"], &[version]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));

        let stream = connect(&server, &pair, &["http/1.1"], &[version]).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let mut client = Client(stream);
        assert!(client.get().await.ends_with("hello"));
        client.send("GET /peer HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert!(client.answer().await.ends_with("tls: true }"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_certificate_is_taken_up_while_serving() {
    let (folder, old, new) = (tempfile::tempdir().unwrap(), certificate::new(), certificate::new());
    let server = Running::start(ServeConfig { tls: Some(write_pair(folder.path(), &old)), ..config() }).await;
    let mut before = Client(connect(&server, &old, &[], rustls::ALL_VERSIONS).await.unwrap());

    write_pair(folder.path(), &new);
    tokio::time::sleep(crate::serve::reload::CERTIFICATE_CHECK + SECOND).await;

    let mut after = Client(connect(&server, &new, &[], rustls::ALL_VERSIONS).await.unwrap());
    assert!(after.get().await.ends_with("hello"));
    assert!(connect(&server, &old, &[], rustls::ALL_VERSIONS).await.is_err());
    assert!(before.get().await.ends_with("hello"), "an open connection stays");
}

#[tokio::test]
async fn sighup_reads_the_certificate_at_once() {
    let (folder, old, new) = (tempfile::tempdir().unwrap(), certificate::new(), certificate::new());
    let server = Running::start(ServeConfig { tls: Some(write_pair(folder.path(), &old)), ..config() }).await;
    // The first answer shows that the server runs, and has taken the signal over.
    let mut client = Client(connect(&server, &old, &[], rustls::ALL_VERSIONS).await.unwrap());
    client.get().await;

    write_pair(folder.path(), &new);
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::HUP).unwrap();
    while connect(&server, &new, &[], rustls::ALL_VERSIONS).await.is_err() {}
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_come_is_given_up() {
    let (folder, pair) = (tempfile::tempdir().unwrap(), certificate::new());
    let server = Running::start(ServeConfig {
        tls: Some(write_pair(folder.path(), &pair)),
        handshake_timeout: 3 * SECOND,
        ..config()
    })
    .await;
    let begun = tokio::time::Instant::now();
    assert_eq!(server.connect().await.rest().await, "");
    assert_eq!(begun.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn an_unusable_certificate_stops_the_start() {
    let (_folder, path) = folder();
    let error = Server::bind(ServeConfig {
        tls: Some(crate::serve::TlsFiles { certificate: path.clone(), key: path }),
        ..config()
    })
    .await
    .unwrap_err();
    assert!(matches!(error, crate::serve::ServeError::Tls(_)), "{error}");
}
