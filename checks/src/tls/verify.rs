//! What is looked at in a server's certificate: nothing, the chain and the dates, or the name as well.

use super::unreadable;
use crate::{Reason, Verify};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

/// The verifier of one configuration.
#[derive(Debug)]
pub(super) struct Verifier {
    verify: Verify,
    algorithms: WebPkiSupportedAlgorithms,
    roots: RootCertStore,
    /// The certificates of the `tlsca` file: a server's own may stand there.
    listed: Vec<CertificateDer<'static>>,
}

impl Verifier {
    /// Loads the authorities where they are needed: the PEM file, else the system's store.
    pub(super) fn new(verify: Verify, file: Option<&Path>, provider: &Arc<CryptoProvider>) -> Result<Self, Reason> {
        let algorithms = provider.signature_verification_algorithms;
        let mut verifier = Self { verify, algorithms, roots: RootCertStore::empty(), listed: Vec::new() };
        match (verify, file) {
            (Verify::None, _) => {}
            (Verify::Chain | Verify::Full, Some(path)) => {
                let pem = CertificateDer::pem_file_iter(path).map_err(|error| unreadable("tlsca", path, &error))?;
                verifier.listed = pem.collect::<Result<_, _>>().map_err(|error| unreadable("tlsca", path, &error))?;
                verifier.roots.add_parsable_certificates(verifier.listed.iter().cloned());
                if verifier.roots.is_empty() {
                    return Err(unreadable("tlsca", path, &"there is no certificate in it"));
                }
            }
            (Verify::Chain | Verify::Full, None) => {
                let system = rustls_native_certs::load_native_certs();
                verifier.roots.add_parsable_certificates(system.certs);
                if verifier.roots.is_empty() {
                    let why = system.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
                    return Err(Reason::Tls(format!(
                        "this system has no trusted authorities{why}: install ca-certificates or set tlsca"
                    )));
                }
            }
        }
        Ok(verifier)
    }
}

/// webpki's objection to a server that presents an authority's certificate; it comes as an error of another crate.
pub(super) fn is_authority(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity")
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.verify == Verify::None {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let chain = verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            self.algorithms.all,
        );
        match chain {
            Ok(()) => {}
            // `openssl req -x509` makes an authority of every self-signed certificate. One that stands in tlsca itself is
            // trusted as what it is, as OpenSSL does; its dates were looked at before these two objections.
            Err(Error::InvalidCertificate(objection))
                if (objection == CertificateError::UnknownIssuer || is_authority(&objection))
                    && self.listed.iter().any(|listed| listed == end_entity) => {}
            Err(error) => return Err(error),
        }
        if self.verify == Verify::Full {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.verify {
            // Old and weak keys included: nothing is verified, so nothing is refused.
            Verify::None => Ok(HandshakeSignatureValid::assertion()),
            Verify::Chain | Verify::Full => verify_tls12_signature(message, certificate, signature, &self.algorithms),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self.verify {
            Verify::None => Ok(HandshakeSignatureValid::assertion()),
            Verify::Chain | Verify::Full => verify_tls13_signature(message, certificate, signature, &self.algorithms),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        if self.verify == Verify::None {
            schemes.extend([
                SignatureScheme::ECDSA_NISTP521_SHA512,
                SignatureScheme::ED448,
                SignatureScheme::RSA_PKCS1_SHA1,
                SignatureScheme::ECDSA_SHA1_Legacy,
            ]);
        }
        schemes
    }
}
