//! Hosts and ports as they are written, judged as far as that is possible without asking anybody.

use crate::ipvs::Family;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// An address.
    Address(IpAddr),
    /// A name to resolve.
    Name(String),
}

/// A port as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// None given.
    None,
    /// A number.
    Number(u16),
    /// The name of a service.
    Name(String),
}

/// `HOST[:PORT]`, split but not judged.
pub(super) struct Split<'a> {
    /// The host; brackets kept.
    pub(super) host: &'a str,
    /// Byte offset of what follows the colon.
    pub(super) port_at: usize,
    /// What follows the colon; unset: there is none.
    pub(super) port: Option<&'a str>,
}

/// Splits at the colon behind the host; the colons of an address in brackets belong to the host.
pub(super) fn split(text: &str) -> Split<'_> {
    let from = if text.starts_with('[') { text.find(']').unwrap_or(0) } else { 0 };
    match text.get(from..).and_then(|rest| rest.find(':')) {
        Some(colon) => {
            let (host, port) = text.split_at(from + colon);
            Split { host, port_at: from + colon + 1, port: port.strip_prefix(':') }
        }
        None => Split { host: text, port_at: text.len(), port: None },
    }
}

/// Judges a host of a family; the error says what to write instead.
pub(super) fn host(text: &str, family: Family) -> Result<Host, String> {
    if let Some(inner) = text.strip_prefix('[') {
        let Some(inner) = inner.strip_suffix(']') else {
            return Err("close the bracket behind the address: [fd00::1]:80".to_owned());
        };
        let address: Ipv6Addr =
            inner.parse().map_err(|_| format!("{inner} is not an IPv6 address; write it like [fd00::1]"))?;
        return match family {
            Family::V6 => Ok(Host::Address(address.into())),
            Family::V4 => Err("an IPv6 address belongs under virtual6=".to_owned()),
        };
    }
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return match family {
            Family::V4 => Ok(Host::Address(address.into())),
            Family::V6 => {
                Err("an IPv4 address cannot stand here; write an IPv6 address in brackets: [fd00::1]".to_owned())
            }
        };
    }
    if text.is_empty() {
        return Err("write an address or a name before the port".to_owned());
    }
    if text.contains(':') || text.parse::<Ipv6Addr>().is_ok() {
        return Err(format!("write an IPv6 address in brackets: [{text}]"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(format!("{text} is not an IPv4 address: write four numbers from 0 to 255, without leading zeros"));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
    match text.char_indices().find(|(_, character)| !character.is_ascii() || !allowed(*character as u8)) {
        Some((_, character)) => Err(format!("'{}' cannot stand in a host name", character.escape_default())),
        None if text.len() > 253 => Err("a host name has at most 253 characters".to_owned()),
        None => Ok(Host::Name(text.to_owned())),
    }
}

/// Judges a port: a number up to 65535, or the name of a service. The error says what to write instead.
pub(super) fn port(text: &str) -> Result<Port, String> {
    if text.is_empty() {
        return Err("write a port after the colon, or leave the colon out".to_owned());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Port::Number).map_err(|_| "a port is a number from 0 to 65535".to_owned());
    }
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
        return Ok(Port::Name(text.to_owned()));
    }
    Err("a port is a number, or a name from /etc/services".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits() {
        for (text, parts) in [
            ("10.0.0.1:80", ("10.0.0.1", Some("80"))),
            ("10.0.0.1", ("10.0.0.1", None)),
            ("10.0.0.1:", ("10.0.0.1", Some(""))),
            ("10.0.0.1::80", ("10.0.0.1", Some(":80"))),
            ("[fd00::1]:80", ("[fd00::1]", Some("80"))),
            ("[fd00::1]", ("[fd00::1]", None)),
        ] {
            let found = split(text);
            assert_eq!((found.host, found.port), parts, "{text}");
        }
    }

    #[test]
    fn hosts() {
        assert_eq!(host("10.0.0.1", Family::V4), Ok(Host::Address("10.0.0.1".parse().unwrap())));
        assert_eq!(host("my_web", Family::V4), Ok(Host::Name("my_web".to_owned())));
        assert_eq!(host("[::1]", Family::V6), Ok(Host::Address("::1".parse().unwrap())));
        for (text, family) in [
            ("80", Family::V4),
            ("300.1.1.1", Family::V4),
            ("10.0.0.01", Family::V4),
            ("[::1]", Family::V4),
            ("10.0.0.1", Family::V6),
            ("", Family::V4),
            ("a/b", Family::V4),
        ] {
            assert!(host(text, family).is_err(), "{text}");
        }
    }

    #[test]
    fn ports() {
        assert_eq!(port("http-alt"), Ok(Port::Name("http-alt".to_owned())));
        assert_eq!(port("0"), Ok(Port::Number(0)));
        assert!(port("65536").is_err() && port("").is_err() && port(":80").is_err());
    }
}
