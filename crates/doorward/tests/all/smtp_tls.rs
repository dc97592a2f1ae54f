//! Mail over TLS, against a mail server with a certificate of an authority of its own.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer},
};

use crate::program::{Folder, Run};

/// `doorward` and `open sesame` as RFC 4616 has them, in base64.
const CREDENTIALS: &str = "AGRvb3J3YXJkAG9wZW4gc2VzYW1l";

/// How a mail server begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    /// In the clear, and offers STARTTLS (RFC 3207).
    Clear,
    /// In the clear, and offers nothing: somebody on the way took the offer out.
    Stripped,
    /// Encrypted (RFC 8314 §3.3).
    Encrypted,
}

/// What a mail server heard.
#[derive(Debug, Default)]
struct Heard {
    clear: Vec<String>,
    encrypted: Vec<String>,
    handshake: Option<Result<(), String>>,
}

struct MailServer {
    address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    _runtime: Runtime,
}

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl MailServer {
    fn start(begins: Begins, tls: TlsAcceptor) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Heard>>::default();
        let hearing = Arc::clone(&heard);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, heard) = (tls.clone(), Arc::clone(&hearing));
                tokio::spawn(async move { drop(serve(stream, begins, tls, heard).await) });
            }
        });
        Self { address, heard, _runtime: runtime }
    }

    /// Sends a test mail to it by the name `localhost`.
    fn test(&self, folder: &Folder, scheme: &str, settings: &str) -> Run {
        let url = format!("{scheme}://doorward:open%20sesame@localhost:{}", self.address.port());
        folder.run(format!("--json mail test you@example.com --set mail.smtp_url={url} {settings}").trim_end())
    }

    /// That nothing but a greeting was said to it.
    fn was_told_nothing(&self) {
        let heard = self.heard.lock().unwrap();
        for line in heard.clear.iter().chain(&heard.encrypted) {
            assert!(["EHLO", "STARTTLS", "QUIT", "RSET"].iter().any(|verb| line.starts_with(verb)), "{heard:?}");
        }
    }
}

async fn serve(stream: TcpStream, begins: Begins, tls: TlsAcceptor, heard: Arc<Mutex<Heard>>) -> std::io::Result<()> {
    let mut stream = stream;
    if begins != Begins::Encrypted {
        let offer = if begins == Begins::Clear { "250-mail.test\r\n250 STARTTLS" } else { "250 mail.test" };
        if !converse(&mut stream, true, offer, &|line| heard.lock().unwrap().clear.push(line)).await? {
            return Ok(());
        }
    }
    let accepted = tls.accept(stream).await;
    heard.lock().unwrap().handshake = Some(accepted.as_ref().map(|_| ()).map_err(ToString::to_string));
    let offer = "250-mail.test\r\n250 AUTH PLAIN";
    let greets = begins == Begins::Encrypted;
    converse(&mut accepted?, greets, offer, &|line| heard.lock().unwrap().encrypted.push(line)).await?;
    Ok(())
}

/// Answers until the client wants to go on encrypted, or is gone. Answers whether it is the former.
async fn converse(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    greets: bool,
    offer: &str,
    hear: &impl Fn(String),
) -> std::io::Result<bool> {
    let (reading, mut writing) = tokio::io::split(stream);
    let mut lines = BufReader::new(reading).lines();
    if greets {
        writing.write_all(b"220 mail.test ESMTP\r\n").await?;
    }
    while let Some(line) = lines.next_line().await? {
        hear(line.clone());
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => offer,
            "STARTTLS" => {
                writing.write_all(b"220 go on\r\n").await?;
                return Ok(true);
            }
            "AUTH" if line.ends_with(CREDENTIALS) => "235 2.7.0 welcome",
            "AUTH" => "535 5.7.8 who are you?",
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    hear(line);
                }
                "250 2.0.0 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        writing.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(false)
}

fn folder_with(authority: &Authority) -> Folder {
    let folder = Folder::new();
    std::fs::write(folder.path("ca.pem"), authority.0.pem()).unwrap();
    folder
}

#[test]
fn a_mail_goes_encrypted_to_a_server_of_a_trusted_authority() {
    let authority = Authority::new();
    let folder = folder_with(&authority);
    for (begins, scheme, settings) in [
        (Begins::Clear, "smtp", "--set mail.smtp_ca=ca.pem --set mail.smtp_tls=required"),
        (Begins::Encrypted, "smtps", "--set mail.smtp_ca=ca.pem"),
    ] {
        let server = MailServer::start(begins, authority.issue("localhost", |_| {}));
        let run = server.test(&folder, scheme, settings);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{begins:?}");
        assert_eq!(run.answer()["answer"], "2.0.0 taken");
        let heard = server.heard.lock().unwrap();
        assert_eq!(heard.handshake, Some(Ok(())));
        let verbs: Vec<_> = heard.clear.iter().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(verbs, if begins == Begins::Clear { &["EHLO", "STARTTLS"][..] } else { &[] }, "{heard:?}");
        for line in [&format!("AUTH PLAIN {CREDENTIALS}"), "To: you@example.com", "RCPT TO:<you@example.com>"] {
            assert!(heard.encrypted.iter().any(|it| it == line), "no {line}: {heard:?}");
        }
    }
}

#[test]
fn i_a_server_whose_certificate_is_not_trusted_is_told_nothing() {
    let (authority, other) = (Authority::new(), Authority::new());
    let folder = folder_with(&authority);
    let trusting = "--set mail.smtp_ca=ca.pem";
    let outdated = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    for (what, certificate, settings) in [
        ("of a public authority alone", authority.issue("localhost", |_| {}), ""),
        ("of another authority", other.issue("localhost", |_| {}), trusting),
        ("for another name", authority.issue("mail.example.com", |_| {}), trusting),
        ("outdated", authority.issue("localhost", outdated), trusting),
    ] {
        for (begins, scheme) in [(Begins::Clear, "smtp"), (Begins::Encrypted, "smtps")] {
            let server = MailServer::start(begins, certificate.clone());
            let run = server.test(&folder, scheme, &format!("--set mail.smtp_tls=required {settings}"));
            assert_eq!((run.code, run.out.as_str()), (1, ""), "{what} {scheme}");
            let message = run.error()["message"].as_str().unwrap().to_lowercase();
            assert!(message.contains("certificate"), "{what} {scheme}: {message}");
            assert!(!run.err.contains("sesame"), "{}", run.err);
            assert!(server.heard.lock().unwrap().encrypted.is_empty(), "{what} {scheme}");
            server.was_told_nothing();
        }
    }
}

#[test]
fn i_a_server_without_starttls_is_told_nothing_where_it_is_required() {
    let authority = Authority::new();
    let folder = folder_with(&authority);
    let server = MailServer::start(Begins::Stripped, authority.issue("localhost", |_| {}));
    let run = server.test(&folder, "smtp", "--set mail.smtp_ca=ca.pem --set mail.smtp_tls=required");
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.error()["message"].as_str().unwrap().contains("STARTTLS"), "{}", run.err);
    assert_eq!(server.heard.lock().unwrap().handshake, None);
    server.was_told_nothing();
}

#[test]
fn a_file_that_is_no_authority_is_named() {
    let folder = Folder::new();
    std::fs::write(folder.path("ca.pem"), "Dear diary").unwrap();
    for file in ["ca.pem", "nothing.pem"] {
        let line = format!("mail test you@example.com --set mail.smtp_url=smtps://localhost --set mail.smtp_ca={file}");
        let run = folder.run(&format!("--json {line}"));
        let error: Value = run.error();
        assert_eq!(run.code, 1, "{error}");
        assert!(error["message"].as_str().unwrap().contains(&format!("`mail.smtp_ca` {file}")), "{error}");
        assert_eq!(error["way_out"], "name a file in PEM");
    }
}
