//! Certificates made for one test.

use std::path::Path;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};

use crate::serve::TlsFiles;

/// A certificate for `localhost` that signs itself.
pub(in crate::serve) fn new() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

/// Writes it as the files that a server is given.
pub(in crate::serve) fn write_pair(folder: &Path, pair: &CertifiedKey<KeyPair>) -> TlsFiles {
    let files = TlsFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificate, pair.cert.pem()).unwrap();
    std::fs::write(&files.key, pair.signing_key.serialize_pem()).unwrap();
    files
}
