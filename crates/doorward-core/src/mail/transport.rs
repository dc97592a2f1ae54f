use std::{
    io::Write as _,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    transport::smtp::{
        self, PoolConfig,
        client::{Certificate, Tls, TlsParameters},
    },
};

use crate::{
    Error,
    settings::{ConnectionUrl, Profile, Settings, SmtpTls},
};

/// Replies of a mail server that refuse its user rather than the mail: 530, 534, 535, 538 (RFC 4954 §6).
/// An operator can mend that, so the mail waits.
const REFUSED_USER: [u16; 4] = [530, 534, 535, 538];

/// How a certificate begins in PEM (RFC 7468 §5.1).
const BEGIN_CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// The way that mails go.
pub(super) enum Transport {
    /// To a mail server.
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// Into a folder, for somebody to look at.
    Folder(PathBuf),
    /// Nowhere.
    None,
}

/// Why a mail was not sent.
#[derive(Debug)]
pub(super) struct Failure {
    /// Whether trying again is no use.
    pub(super) is_final: bool,
    /// What the server, or the machine, said.
    pub(super) words: String,
}

impl Failure {
    pub(super) fn forever(words: impl Into<String>) -> Self {
        Self { is_final: true, words: words.into() }
    }

    pub(super) fn now(words: impl Into<String>) -> Self {
        Self { is_final: false, words: words.into() }
    }
}

impl Transport {
    /// As the settings want it. Connects to nothing yet.
    pub(super) fn open(settings: &Settings) -> Result<Self, Error> {
        let mail = &settings.mail;
        match (&mail.smtp_url, &mail.folder) {
            (Some(_), _) => smtp_transport(settings).map(Self::Smtp),
            (None, Some(folder)) => Ok(Self::Folder(folder.clone())),
            (None, None) if settings.profile == Profile::Development => Ok(Self::Folder("mail".into())),
            (None, None) => Ok(Self::None),
        }
    }

    /// Sends it, within the time limit. Answers where it went.
    pub(super) async fn send(&self, message: &Message, name: &str, limit: Duration) -> Result<Sent, Failure> {
        match self {
            Self::Smtp(smtp) => {
                let answer = tokio::time::timeout(limit, smtp.send_raw(message.envelope(), &message.formatted())).await;
                match answer {
                    Ok(Ok(response)) => Ok(Sent::Taken(response.message().collect::<Vec<_>>().join(" "))),
                    Ok(Err(error)) => Err(failure(&error)),
                    Err(_) => Err(Failure::now(format!("the mail server took longer than {} s", limit.as_secs_f64()))),
                }
            }
            Self::Folder(folder) => {
                let (folder, name, bytes) = (folder.clone(), name.to_owned(), message.formatted());
                let written = tokio::task::spawn_blocking(move || write_file(&folder, &name, &bytes)).await;
                match written {
                    Ok(Ok(path)) => Ok(Sent::Written(path)),
                    Ok(Err(error)) => Err(Failure::now(format!("the mail can't be written: {error}"))),
                    Err(error) => Err(Failure::now(format!("the mail can't be written: {error}"))),
                }
            }
            Self::None => Err(Failure::now("nothing is configured to send mail: set `mail.smtp_url`")),
        }
    }
}

/// Where a mail went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The mail server took it, with these words.
    Taken(String),
    /// It stands in this file.
    Written(PathBuf),
}

fn failure(error: &smtp::Error) -> Failure {
    let refused_user = error.status().is_some_and(|code| REFUSED_USER.contains(&u16::from(code)));
    Failure { is_final: error.is_permanent() && !refused_user, words: error.to_string() }
}

fn smtp_transport(settings: &Settings) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
    let mail = &settings.mail;
    let url = mail.smtp_url.as_ref().map(ConnectionUrl::expose).unwrap_or_default();
    let wrong = |error: smtp::Error| {
        Error::startup(format!("`mail.smtp_url` can't be used: {error}"), "correct it, or `mail.smtp_ca`")
    };
    let from_start = url.starts_with("smtps://");
    let by_starttls = mail.requires_starttls();
    // It chooses the port where the URL has none.
    let spelled = if by_starttls { format!("{}?tls=required", url.trim_end_matches('/')) } else { url.to_owned() };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&spelled).map_err(wrong)?;
    let tls = match (from_start, by_starttls) {
        (false, false) => Tls::None,
        (true, _) => Tls::Wrapper(tls_parameters(settings)?),
        (false, true) => Tls::Required(tls_parameters(settings)?),
    };
    builder = builder
        .tls(tls)
        .timeout(Some(Duration::from_millis(mail.timeout_ms)))
        .pool_config(PoolConfig::new().max_size(mail.max_connections));
    Ok(builder.build())
}

fn tls_parameters(settings: &Settings) -> Result<TlsParameters, Error> {
    let host = settings.mail.smtp_host().unwrap_or_default();
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = &settings.mail.smtp_ca {
        let unfit = |why: String| {
            Error::startup(format!("`mail.smtp_ca` {} can't be used: {why}", path.display()), "name a file in PEM")
        };
        let pem = std::fs::read(path).map_err(|error| unfit(error.to_string()))?;
        // A file without any is read as no authority, and then the mail server is the one to blame.
        if !pem.windows(BEGIN_CERTIFICATE.len()).any(|window| window == BEGIN_CERTIFICATE) {
            return Err(unfit("there is no certificate in it".to_owned()));
        }
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| unfit(error.to_string()))?);
    }
    builder.build().map_err(|error| Error::startup(format!("mail by TLS: {error}"), "look at `mail.smtp_url`"))
}

/// Whole or not at all, readable by its owner only: the links in it open accounts. A second attempt
/// writes the same file.
fn write_file(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    let (path, making) = (folder.join(format!("{name}.eml")), folder.join(format!(".{name}.part")));
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let written = open.open(&making).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&making, &path)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&making);
    }
    written.map(|()| path)
}

impl crate::settings::Mail {
    /// The mail server's name.
    pub fn smtp_host(&self) -> Option<&str> {
        let (_, rest) = self.smtp_url.as_ref()?.expose().split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        authority.rsplit('@').next()?.split(':').next()
    }

    /// Whether the mail server is on this machine.
    pub fn is_smtp_local(&self) -> bool {
        self.smtp_host().is_some_and(|host| {
            host == "localhost" || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        })
    }

    /// Whether a mail is sent only once the connection is encrypted by STARTTLS (RFC 3207).
    pub fn requires_starttls(&self) -> bool {
        let in_the_clear = self.smtp_url.as_ref().is_some_and(|url| url.expose().starts_with("smtp://"));
        in_the_clear
            && match self.smtp_tls {
                SmtpTls::Auto => !self.is_smtp_local(),
                SmtpTls::Required => true,
                SmtpTls::Off => false,
            }
    }
}
