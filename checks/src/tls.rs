//! TLS towards a real server: one rustls configuration for each distinct setting, the handshake, and its errors in words.
//! Sessions are never resumed: a ticket of one real must not be offered to another one under the same name.

mod identity;
mod verify;
mod words;

pub(crate) use words::reason;

use crate::net::{Progress, reason_of};
use crate::{Failure, Identity, Reason, Tls, Verify};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use std::collections::HashMap;
use std::future::poll_fn;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::task::Poll;
use std::time::SystemTime;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use verify::Verifier;

/// What makes configurations differ: the setting, HTTP/2 in ALPN, and its files as they are now.
type Key = (Tls, bool, Vec<Stamp>);
/// Length and time of change of a file.
type Stamp = (u64, Option<SystemTime>);

/// The configurations in use. Weak: the last probe of a setting takes it along, and a reload reads a changed file anew.
static CONFIGURATIONS: LazyLock<Mutex<HashMap<Key, Weak<ClientConfig>>>> = LazyLock::new(Mutex::default);

/// The configuration for `tls`, shared by all who ask for the same one. Errors: the authorities or the client certificate
/// cannot be used.
pub(crate) fn config(tls: &Tls, http2: bool) -> Result<Arc<ClientConfig>, Reason> {
    if let Some(name) = tls.name.as_deref().filter(|name| ServerName::try_from(*name).is_err()) {
        return Err(Reason::Tls(format!("tlsname {name:?} is not a host name")));
    }
    // The name is given with each handshake; it does not make another configuration.
    let setting = Tls { name: None, ..tls.clone() };
    let authorities = tls.authorities.as_deref().filter(|_| tls.verify != Verify::None);
    let identity = tls.identity.as_deref();
    let mut stamps = Vec::new();
    let own = identity.map(|own| [("tlscert", own.certificate.as_path()), ("tlskey", own.key.as_path())]);
    for (what, path) in authorities.map(|path| ("tlsca", path)).into_iter().chain(own.into_iter().flatten()) {
        stamps.push(stamp(what, path)?);
    }
    let key = (setting, http2, stamps);
    let mut configurations = CONFIGURATIONS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(config) = configurations.get(&key).and_then(Weak::upgrade) {
        return Ok(config);
    }
    let config = Arc::new(build(tls.verify, authorities, identity, http2)?);
    configurations.retain(|_, config| config.strong_count() > 0);
    configurations.insert(key, Arc::downgrade(&config));
    Ok(config)
}

#[allow(clippy::disallowed_methods, reason = "a changed file makes another configuration")]
fn stamp(what: &str, path: &Path) -> Result<Stamp, Reason> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(what, path, &error))?;
    Ok((metadata.len(), metadata.modified().ok()))
}

/// A file that a directive names and that cannot be used.
fn unreadable(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Reason {
    Reason::Tls(format!("{what} {} cannot be read: {error}", path.display()))
}

fn build(
    verify: Verify,
    authorities: Option<&Path>,
    identity: Option<&Identity>,
    http2: bool,
) -> Result<ClientConfig, Reason> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(verify, authorities, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Reason::Tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match identity {
        Some(identity) => identity::config(builder, identity)?,
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    if http2 {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    Ok(config)
}

/// The handshake. `name` goes into SNI and, where names are verified, must be in the certificate; without one no SNI is
/// sent and the address counts.
pub(crate) async fn handshake(
    config: Arc<ClientConfig>,
    name: Option<&str>,
    address: IpAddr,
    stream: TcpStream,
    progress: &mut Progress,
) -> Result<TlsStream<TcpStream>, Failure> {
    progress.securing();
    let server = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
    let server = server.unwrap_or_else(|| ServerName::IpAddress(address.into()));
    match TlsConnector::from(config).connect(server, stream).await {
        Ok(stream) => {
            progress.secured();
            Ok(stream)
        }
        Err(error) => Err(progress.failure(reason(&error).unwrap_or_else(|| reason_of(&error, 0)))),
    }
}

/// Says goodbye (close_notify) as far as that goes without waiting.
pub(crate) async fn close(stream: &mut TlsStream<TcpStream>) {
    poll_fn(|context| {
        let _ = Pin::new(&mut *stream).poll_shutdown(context);
        Poll::Ready(())
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn equal_settings_share_one_configuration() {
        let setting = Tls { name: Some("a.example".to_owned()), ..Tls::default() };
        let first = config(&setting, false).unwrap();
        let other_name = Tls { name: Some("b.example".to_owned()), ..Tls::default() };
        assert!(Arc::ptr_eq(&first, &config(&other_name, false).unwrap()));
        assert!(!Arc::ptr_eq(&first, &config(&setting, true).unwrap()));
    }

    #[test]
    fn unusable_settings_are_named() {
        let missing = Tls {
            verify: Verify::Chain,
            authorities: Some(PathBuf::from("/nowhere/ca.pem")),
            name: None,
            identity: None,
        };
        assert!(config(&missing, false).unwrap_err().to_string().starts_with("tlsca /nowhere/ca.pem cannot be read"));
        let unnamed = Tls { name: Some("two words".to_owned()), ..Tls::default() };
        assert!(config(&unnamed, false).unwrap_err().to_string().contains("not a host name"));
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = Tls { verify: Verify::Full, authorities: Some(file.path().to_owned()), name: None, identity: None };
        assert!(config(&empty, false).unwrap_err().to_string().contains("no certificate"));
    }
}
