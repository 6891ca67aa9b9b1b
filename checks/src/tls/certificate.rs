//! What stands in a server's certificate (X.509, RFC 5280), for a person. Nothing is decided by it: rustls does that.

use crate::bytes::Bytes;
use crate::ldap::ber::{SEQUENCE, expect, next};
use crate::line::short;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const SET: u8 = 0x31;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
/// `[0]` and `[3]` of a certificate: version, extensions.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// `[2]` and `[7]` of a general name.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;
/// 2.5.29.17
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// Names that are shown.
const NAMES: usize = 20;

/// Subject, issuer, dates and names, a line each. `others` certificates came along.
pub(super) fn words(certificate: &[u8], others: usize) -> String {
    let chain = match others {
        0 => "alone".to_owned(),
        1 => "with one other".to_owned(),
        others => format!("with {others} others"),
    };
    match read(certificate) {
        Some(facts) => format!(
            "certificate of {}\n  issued by {}\n  valid from {} to {}\n  for {}\n  sent {chain}",
            facts.subject,
            facts.issuer,
            facts.from,
            facts.to,
            if facts.names.is_empty() { "no name of its own".to_owned() } else { facts.names.join(", ") },
        ),
        None => format!("certificate that cannot be read, {} bytes", certificate.len()),
    }
}

struct Facts {
    subject: String,
    issuer: String,
    from: String,
    to: String,
    names: Vec<String>,
}

fn read(certificate: &[u8]) -> Option<Facts> {
    let mut whole = Bytes(expect(&mut Bytes(certificate), SEQUENCE)?);
    let mut fields = Bytes(expect(&mut whole, SEQUENCE)?);
    let (tag, _) = next(&mut fields)?;
    if tag == VERSION {
        next(&mut fields)?;
    }
    // The algorithm of the signature.
    expect(&mut fields, SEQUENCE)?;
    let issuer = name(expect(&mut fields, SEQUENCE)?)?;
    let mut dates = Bytes(expect(&mut fields, SEQUENCE)?);
    let (from, to) = (date(&mut dates)?, date(&mut dates)?);
    let subject = name(expect(&mut fields, SEQUENCE)?)?;
    let mut names = Vec::new();
    while let Some((tag, contents)) = next(&mut fields) {
        if tag == EXTENSIONS {
            names = alternative_names(contents).unwrap_or_default();
        }
    }
    Some(Facts { subject, issuer, from, to, names })
}

/// `O=Example, CN=www.example.org`
fn name(contents: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    let mut sets = Bytes(contents);
    while let Some((tag, set)) = next(&mut sets) {
        let mut pairs = Bytes(Some(set).filter(|_| tag == SET)?);
        while let Some((_, pair)) = next(&mut pairs) {
            let mut pair = Bytes(pair);
            let (_, kind) = next(&mut pair)?;
            let (tag, value) = next(&mut pair)?;
            let text = if tag == BMP_STRING {
                short(String::from_utf16_lossy(&value.chunks_exact(2).map(wide).collect::<Vec<_>>()).as_bytes())
            } else {
                short(value)
            };
            parts.push(format!("{}={text}", attribute(kind)));
        }
    }
    Some(if parts.is_empty() { "nobody (an empty subject)".to_owned() } else { parts.join(", ") })
}

fn wide(pair: &[u8]) -> u16 {
    pair.try_into().map(u16::from_be_bytes).unwrap_or_default()
}

/// The usual letters of an attribute's type (RFC 4514, section 3).
fn attribute(kind: &[u8]) -> &'static str {
    match kind {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 5] => "SERIALNUMBER",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "E",
        _ => "?",
    }
}

/// `2026-11-25 23:59:00 UTC`. Two digits of a year: from 50 on those of the last century (RFC 5280, 4.1.2.5.1).
fn date(dates: &mut Bytes<'_>) -> Option<String> {
    let (tag, contents) = next(dates)?;
    let text = std::str::from_utf8(contents).ok().filter(|text| text.is_ascii())?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            (format!("{}{year}", if year < "50" { "20" } else { "19" }), rest)
        }
        GENERALIZED_TIME => text.split_at_checked(4).map(|(year, rest)| (year.to_owned(), rest))?,
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()));
    year.bytes().all(|digit| digit.is_ascii_digit()).then_some(())?;
    let seconds = part(8).unwrap_or("00");
    Some(format!("{year}-{}-{} {}:{}:{seconds} UTC", part(0)?, part(2)?, part(4)?, part(6)?))
}

fn alternative_names(extensions: &[u8]) -> Option<Vec<String>> {
    let mut extensions = Bytes(expect(&mut Bytes(extensions), SEQUENCE)?);
    while let Some((_, extension)) = next(&mut extensions) {
        let mut extension = Bytes(extension);
        if next(&mut extension)?.1 != SUBJECT_ALT_NAME {
            continue;
        }
        // Between the two there may be a word whether it is critical.
        let mut value = next(&mut extension)?;
        if !extension.0.is_empty() {
            value = next(&mut extension)?;
        }
        let mut names = Bytes(expect(&mut Bytes(value.1), SEQUENCE)?);
        let mut found = Vec::new();
        let mut more = 0;
        while let Some((tag, contents)) = next(&mut names) {
            match general_name(tag, contents) {
                Some(name) if found.len() < NAMES => found.push(name),
                Some(_) => more += 1,
                None => {}
            }
        }
        if more > 0 {
            found.push(format!("{more} more"));
        }
        return Some(found);
    }
    None
}

fn general_name(tag: u8, contents: &[u8]) -> Option<String> {
    match tag {
        DNS_NAME => Some(short(contents)),
        IP_ADDRESS => {
            let four = <[u8; 4]>::try_from(contents).map(|bytes| IpAddr::from(Ipv4Addr::from(bytes)));
            let address = four.or_else(|_| <[u8; 16]>::try_from(contents).map(|bytes| Ipv6Addr::from(bytes).into()));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    fn certificate() -> Vec<u8> {
        let names = vec!["www.example.org".to_owned(), "192.0.2.1".to_owned(), "2001:db8::1".to_owned()];
        let mut parameters = CertificateParams::new(names).unwrap();
        parameters.distinguished_name.push(DnType::OrganizationName, "Example");
        parameters.distinguished_name.push(DnType::CommonName, "www.example.org");
        parameters.not_before = date_time_ymd(2020, 1, 2);
        parameters.not_after = date_time_ymd(2051, 3, 4);
        parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn what_stands_in_it() {
        let words = words(&certificate(), 2);
        for wanted in [
            "O=Example",
            "CN=www.example.org",
            "valid from 2020-01-02 00:00:00 UTC to 2051-03-04 00:00:00 UTC",
            "for www.example.org, 192.0.2.1, 2001:db8::1",
            "with 2 others",
        ] {
            assert!(words.contains(wanted), "{words}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_words(bytes in proptest::collection::vec(any::<u8>(), 0..300), place: usize, byte: u8) {
            let _ = words(&bytes, 0);
            let mut damaged = certificate();
            let place = place % damaged.len();
            damaged[place] = byte;
            prop_assert!(!words(&damaged, 0).is_empty());
        }
    }
}
