//! TLS from two PEM files, read again when they change.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// The PEM files of a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, followed by the intermediate ones up to (without) the root.
    pub certificate: PathBuf,
    /// The certificate's private key: PKCS#8, PKCS#1 (RSA) or SEC1 (EC), without a passphrase.
    pub key: PathBuf,
}

/// Why the certificate and key can't be used. Each names the file and the way out.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("can't read the TLS {what} `{}`: {source}; give Doorward's user the right to read it, or correct the path", path.display())]
    Read {
        /// `certificate` or `key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is no PEM file, or has nothing of what is needed in it.
    #[error("the TLS {what} `{}` can't be used: {reason}; {hint}", path.display())]
    Pem {
        /// `certificate` or `key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: pem::Error,
        /// What it should hold.
        hint: &'static str,
    },
    /// The certificate and the key don't fit together, or rustls can't use them.
    #[error("the TLS certificate `{}` and key `{}` can't be used together: {source}; give the key that the certificate was made for", certificate.display(), key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What rustls said.
        source: rustls::Error,
    },
}

const CERTIFICATE_HINT: &str = "it must hold the certificate and its chain as `-----BEGIN CERTIFICATE-----` sections";
const KEY_HINT: &str = "it must hold the private key, without a passphrase, as a `-----BEGIN PRIVATE KEY-----` section";

/// What tells one state of a file from another without reading it.
type Stamp = [Option<(u64, u64, i64, i64, i64, i64)>; 2];

/// The certificate in use. Handshakes take the newest; those that are under way keep theirs.
#[derive(Debug)]
pub(super) struct Certificate {
    files: TlsFiles,
    stamp: Stamp,
    current: watch::Sender<Arc<ServerConfig>>,
}

/// Gives out acceptors with the certificate of the moment.
#[derive(Clone, Debug)]
pub(super) struct Acceptor(watch::Receiver<Arc<ServerConfig>>);

impl Acceptor {
    pub(super) fn current(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.borrow()))
    }
}

impl Certificate {
    /// Reads both files.
    pub(super) fn load(files: TlsFiles) -> Result<Self, TlsError> {
        let stamp = stamp(&files);
        let config = server_config(&files)?;
        warn_of_open_key(&files.key);
        Ok(Self { files, stamp, current: watch::Sender::new(Arc::new(config)) })
    }

    pub(super) fn acceptor(&self) -> Acceptor {
        Acceptor(self.current.subscribe())
    }

    /// Reads the files again when they have changed since they were last read. A pair that can't be
    /// used is reported once and leaves the old one in use. Returns whether a new one is in use.
    pub(super) fn reload_if_changed(&mut self) -> bool {
        // Before reading: a change in between is then seen the next time.
        let stamp = stamp(&self.files);
        if stamp == self.stamp {
            return false;
        }
        self.stamp = stamp;
        match server_config(&self.files) {
            Ok(config) => {
                warn_of_open_key(&self.files.key);
                self.current.send_replace(Arc::new(config));
                tracing::info!(certificate = %self.files.certificate.display(), "TLS certificate read again");
                true
            }
            Err(error) => {
                tracing::error!(%error, "the changed TLS certificate can't be used: the old one stays in use");
                false
            }
        }
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    [&files.certificate, &files.key].map(|path| {
        std::fs::metadata(path).ok().map(|about| {
            (about.ino(), about.len(), about.mtime(), about.mtime_nsec(), about.ctime(), about.ctime_nsec())
        })
    })
}

fn server_config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let read = |what, path: &Path| {
        std::fs::read(path).map_err(|source| TlsError::Read { what, path: path.to_owned(), source })
    };
    let pem = |what, path: &Path, hint| {
        let path = path.to_owned();
        move |reason| TlsError::Pem { what, path, reason, hint }
    };

    let certificate = read("certificate", &files.certificate)?;
    let chain = CertificateDer::pem_slice_iter(&certificate)
        .collect::<Result<Vec<_>, _>>()
        .and_then(|chain| if chain.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(chain) })
        .map_err(pem("certificate", &files.certificate, CERTIFICATE_HINT))?;
    let key = PrivateKeyDer::from_pem_slice(&read("key", &files.key)?).map_err(pem("key", &files.key, KEY_HINT))?;

    // The provider is named, so that nothing depends on a process-wide default.
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|source| TlsError::Pair { certificate: files.certificate.clone(), key: files.key.clone(), source })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn warn_of_open_key(key: &Path) {
    if is_world_readable(key) {
        tracing::warn!(key = %key.display(), "every user of this machine can read the TLS key: run `chmod o= {}`", key.display());
    }
}

fn is_world_readable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|about| about.mode() & 0o004 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::super::tests::certificate::{self, write_pair};
    use super::*;

    #[test]
    fn an_unusable_pair_names_the_file_and_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let files = write_pair(folder.path(), &certificate::new());
        let other = tempfile::tempdir().unwrap();
        let other = write_pair(other.path(), &certificate::new());

        let mismatched = Certificate::load(TlsFiles { certificate: files.certificate.clone(), key: other.key.clone() });
        let message = mismatched.unwrap_err().to_string();
        assert!(message.contains("give the key that the certificate was made for"), "{message}");

        let swapped = Certificate::load(TlsFiles { certificate: files.key.clone(), key: files.certificate.clone() });
        let message = swapped.unwrap_err().to_string();
        assert!(message.contains(files.key.to_str().unwrap()) && message.contains(CERTIFICATE_HINT), "{message}");

        let missing =
            Certificate::load(TlsFiles { certificate: files.certificate, key: folder.path().join("nowhere.pem") });
        let message = missing.unwrap_err().to_string();
        assert!(message.contains("nowhere.pem") && message.contains("correct the path"), "{message}");
    }

    #[test]
    fn a_broken_new_pair_leaves_the_old_one_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let files = write_pair(folder.path(), &certificate::new());
        let mut certificate = Certificate::load(files.clone()).unwrap();
        let acceptor = certificate.acceptor();
        let first = Arc::clone(acceptor.current().config());
        assert!(!certificate.reload_if_changed(), "nothing has changed");

        std::fs::write(&files.certificate, "half a certif").unwrap();
        assert!(!certificate.reload_if_changed());
        assert!(Arc::ptr_eq(&first, acceptor.current().config()));

        write_pair(folder.path(), &certificate::new());
        assert!(certificate.reload_if_changed());
        assert!(!Arc::ptr_eq(&first, acceptor.current().config()));
        assert!(!certificate.reload_if_changed(), "read once");
    }

    #[test]
    fn a_key_that_everybody_can_read_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let key = write_pair(folder.path(), &certificate::new()).key;
        std::fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
        assert!(!is_world_readable(&key));
        std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        assert!(is_world_readable(&key));
    }
}
