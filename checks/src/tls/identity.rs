//! Our own certificate, for servers that ask for one. Nothing of the key comes into words, not even where it cannot be read.

use super::unreadable;
use crate::{Identity, Reason};
use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, Error, InconsistentKeys};
use std::io::Read;
use std::path::Path;

/// A file of more than this is no certificate and no key.
const LIMIT: u64 = 1 << 20;

/// The configuration that shows this certificate. Errors: a file that cannot be read, has nothing of its kind in it, or a key
/// that does not fit.
pub(super) fn config(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: &Identity,
) -> Result<ClientConfig, Reason> {
    let (path, key_path) = (identity.certificate.as_path(), identity.key.as_path());
    let chain = CertificateDer::pem_slice_iter(&read("tlscert", path)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| unreadable("tlscert", path, &"it is not PEM"))?;
    if chain.is_empty() {
        return Err(unreadable("tlscert", path, &"there is no certificate in it"));
    }
    let pem = read("tlskey", key_path)?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        let locked = memchr::memmem::find(&pem, b"ENCRYPTED").is_some();
        let why = if locked {
            "its key is encrypted; write it without a passphrase"
        } else {
            "there is no private key in it"
        };
        unreadable("tlskey", key_path, &why)
    })?;
    builder.with_client_auth_cert(chain, key).map_err(|error| {
        Reason::Tls(match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                format!("tlskey {} does not fit the certificate in tlscert {}", key_path.display(), path.display())
            }
            Error::InvalidCertificate(_) => format!("tlscert {} holds no certificate that can be read", path.display()),
            _ => format!(
                "tlskey {} holds no key that can be used: RSA, ECDSA P-256 or P-384, Ed25519",
                key_path.display()
            ),
        })
    })
}

#[allow(clippy::disallowed_methods, reason = "a certificate and its key are read where a check is prepared")]
fn read(what: &str, path: &Path) -> Result<Vec<u8>, Reason> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(what, path, &error))?;
    if bytes.len() as u64 > LIMIT {
        return Err(unreadable(what, path, &"it is larger than 1 MiB"));
    }
    Ok(bytes)
}
