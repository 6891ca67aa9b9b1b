//! rustls' errors in words an operator can act on.

use super::verify::is_authority;
use crate::Reason;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, Error};
use std::io;

/// The reason where `error` is TLS's; `None` where it is the connection's own.
pub(crate) fn reason(error: &io::Error) -> Option<Reason> {
    let mut inner = error.get_ref()?;
    // Streams wrap errors of the connection in errors of the connection.
    while let Some(wrapped) = inner.downcast_ref::<io::Error>() {
        inner = wrapped.get_ref()?;
    }
    let error = inner.downcast_ref::<Error>()?;
    Some(Reason::Tls(match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(received) => alert(*received),
        Error::InvalidMessage(_) => "the server does not speak TLS on this port".to_owned(),
        Error::PeerIncompatible(why) => format!("no common TLS version or cipher: {}", spaced(&format!("{why:?}"))),
        Error::NoCertificatesPresented => "the server sent no certificate".to_owned(),
        other => format!("TLS: {other}"),
    }))
}

/// What the server says against us, and which directive answers it.
fn alert(alert: AlertDescription) -> String {
    let said = spaced(&format!("{alert:?}"));
    match alert {
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
            "the server requires a client certificate: none was given (tlscert, tlskey)".to_owned()
        }
        AlertDescription::BadCertificate => {
            "the server refuses our client certificate, or that there is none (tlscert, tlskey): bad certificate"
                .to_owned()
        }
        AlertDescription::UnknownCA => {
            "the server does not know the authority of our client certificate (tlscert)".to_owned()
        }
        AlertDescription::CertificateExpired => {
            "the server says that our client certificate has expired (tlscert)".to_owned()
        }
        AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::AccessDenied => format!("the server refuses our client certificate (tlscert): {said}"),
        AlertDescription::HandshakeFailure => format!(
            "TLS alert from the server: {said} (no common cipher, or it requires a client certificate: tlscert, tlskey)"
        ),
        AlertDescription::ProtocolVersion => {
            "no common TLS version: the server accepts neither TLS 1.2 nor 1.3".to_owned()
        }
        AlertDescription::UnrecognisedName => {
            "the server has no certificate for the name that it was asked for (tlsname, virtualhost)".to_owned()
        }
        _ => format!("TLS alert from the server: {said}"),
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired => "certificate expired".to_owned(),
        CertificateError::ExpiredContext { time, not_after } => {
            format!("certificate expired {} ago", span(seconds(time).saturating_sub(seconds(not_after))))
        }
        CertificateError::NotValidYet => "certificate not yet valid".to_owned(),
        CertificateError::NotValidYetContext { time, not_before } => {
            format!("certificate not valid for another {}", span(seconds(not_before).saturating_sub(seconds(time))))
        }
        CertificateError::NotValidForName => "certificate is for another name".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            let shown = match names.as_slice() {
                [] => "no name at all".to_owned(),
                [only] => (*only).to_owned(),
                [first, second] => format!("{first} and {second}"),
                [first, rest @ ..] => format!("{first} and {} other names", rest.len()),
            };
            format!("certificate is for {shown}, not {}", server(expected))
        }
        CertificateError::UnknownIssuer => {
            "certificate signed by an unknown authority (tlsca names the trusted ones)".to_owned()
        }
        authority if is_authority(authority) => {
            "certificate of an authority itself (self-signed), which tlsca does not list".to_owned()
        }
        CertificateError::BadSignature => {
            "certificate signed by an unknown authority of the same name as a trusted one".to_owned()
        }
        CertificateError::BadEncoding => "certificate that cannot be read".to_owned(),
        CertificateError::Revoked => "certificate revoked".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "certificate is not for a server".to_owned()
        }
        other => format!("certificate refused: {other}"),
    }
}

fn seconds(time: &UnixTime) -> u64 {
    time.as_secs()
}

/// A span of time in its largest unit.
fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `DnsName("a.example")`, as rustls presents names, without its wrapping.
fn bare(presented: &str) -> &str {
    let inner = presented.split_once('(').map_or(presented, |(_, rest)| rest.trim_end_matches(')'));
    inner.trim_matches('"')
}

fn server(name: &ServerName<'_>) -> String {
    match name {
        ServerName::DnsName(name) => name.as_ref().to_owned(),
        ServerName::IpAddress(address) => std::net::IpAddr::from(*address).to_string(),
        other => other.to_str().into_owned(),
    }
}

/// `HandshakeFailure` as `handshake failure`.
fn spaced(camel: &str) -> String {
    let mut words = String::new();
    for character in camel.chars() {
        if character.is_uppercase() && words.chars().last().is_some_and(char::is_lowercase) {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(error: Error) -> String {
        reason(&io::Error::new(io::ErrorKind::InvalidData, error)).unwrap().to_string()
    }

    #[test]
    fn dates_and_names_in_words() {
        let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let expired = CertificateError::ExpiredContext { time: at(1_000_000), not_after: at(1_000_000 - 3 * 86_400) };
        assert_eq!(words(expired.into()), "certificate expired 3 days ago");
        let early = CertificateError::NotValidYetContext { time: at(1000), not_before: at(1090) };
        assert_eq!(words(early.into()), "certificate not valid for another 90 seconds");
        let name = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("www.example").unwrap(),
            presented: vec!["DnsName(\"other.example\")".to_owned()],
        };
        assert_eq!(words(name.into()), "certificate is for other.example, not www.example");
    }

    #[test]
    fn alerts_name_the_directive_that_answers_them() {
        for (alert, said) in [
            (AlertDescription::HandshakeFailure, "TLS alert from the server: handshake failure (no common cipher, or"),
            (AlertDescription::CertificateRequired, "the server requires a client certificate"),
            (AlertDescription::UnknownCA, "the server does not know the authority of our client certificate"),
            (
                AlertDescription::CertificateRevoked,
                "the server refuses our client certificate (tlscert): certificate r",
            ),
            (AlertDescription::UnrecognisedName, "the server has no certificate for the name"),
            (AlertDescription::InternalError, "TLS alert from the server: internal error"),
        ] {
            let words = words(Error::AlertReceived(alert));
            assert!(words.starts_with(said), "{words}");
        }
    }

    #[test]
    fn an_error_of_the_connection_is_not_ours() {
        assert_eq!(reason(&io::ErrorKind::ConnectionReset.into()), None);
        assert_eq!(reason(&io::Error::other("something else")), None);
    }
}
