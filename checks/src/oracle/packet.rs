//! Packets of TNS, the protocol below everything that Oracle speaks: a header of eight bytes with length and type, numbers with
//! the most significant byte first. Up to version 314 lengths have two bytes; no later one is offered here.

use crate::bytes::Bytes;
use crate::line::short;
use std::net::IpAddr;

pub(super) const CONNECT: u8 = 1;
pub(super) const ACCEPT: u8 = 2;
pub(super) const REFUSE: u8 = 4;
pub(super) const REDIRECT: u8 = 5;
pub(super) const DATA: u8 = 6;
pub(super) const RESEND: u8 = 11;
/// The highest type that is known.
const LAST: u8 = 19;

/// Length of the header.
pub(super) const HEADER: usize = 8;
/// The newest version that is offered (Oracle 11), and the oldest that will do.
const VERSIONS: (u16, u16) = (314, 300);
/// Where the descriptor begins in a connect packet of these versions.
const OFFSET: u16 = 58;
/// A longer descriptor follows in a packet of its own.
const LONGEST_INSIDE: usize = 230;
/// What the session could do, had it begun: units of 8 kB, any transport, no native encryption.
const ANY_SERVICE: u16 = 1;
const SESSION_UNIT: u16 = 8192;
const TRANSPORT_UNIT: u16 = 0xffff;
const CHARACTERISTICS: u16 = 0x4f98;
const NO_NATIVE_SERVICES: u8 = 0x04;
/// Ends an accepted session: a data packet with nothing but the flag for the end.
pub(super) const GOODBYE: [u8; 10] = [0, 10, 0, 0, DATA, 0, 0, 0, 0, 0x40];

/// What a descriptor asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted<'a> {
    /// Nothing that has a name.
    Any,
    /// A service.
    Service(&'a str),
    /// An instance, the older way.
    Sid(&'a str),
}

/// The descriptor that names whom and what to connect to.
pub(super) fn descriptor(wanted: Wanted<'_>, address: IpAddr, port: u16) -> Vec<u8> {
    let name = match wanted {
        Wanted::Any => String::new(),
        Wanted::Service(name) => format!("(SERVICE_NAME={name})"),
        Wanted::Sid(name) => format!("(SID={name})"),
    };
    format!(
        "(DESCRIPTION=(CONNECT_DATA={name}(CID=(PROGRAM=ldirectord-rs)(HOST=ldirectord)(USER=ldirectord)))\
         (ADDRESS=(PROTOCOL=TCP)(HOST={address})(PORT={port})))"
    )
    .into_bytes()
}

/// The packet (two, where the descriptor is long) that asks for a connection; none where it is too long for any.
pub(super) fn connect(descriptor: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(descriptor.len()).ok().filter(|length| *length < SESSION_UNIT - 16)?;
    let mut body = Vec::new();
    for number in [
        VERSIONS.0,
        VERSIONS.1,
        ANY_SERVICE,
        SESSION_UNIT,
        TRANSPORT_UNIT,
        CHARACTERISTICS,
        // Turnaround; a one in this machine's order of bytes.
        0,
        1,
        length,
        OFFSET,
    ] {
        body.extend(number.to_be_bytes());
    }
    // The longest answer with data (any); flags, twice; numbers of a trace, of which there is none.
    body.extend([0; 4]);
    body.extend([NO_NATIVE_SERVICES; 2]);
    body.resize(usize::from(OFFSET) - HEADER, 0);
    if descriptor.len() <= LONGEST_INSIDE {
        body.extend(descriptor);
        return packet(CONNECT, &body);
    }
    let mut both = packet(CONNECT, &body)?;
    both.extend(packet(DATA, &[&[0, 0], descriptor].concat())?);
    Some(both)
}

fn packet(kind: u8, body: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(HEADER + body.len()).ok()?;
    let [high, low] = length.to_be_bytes();
    Some([&[high, low, 0, 0, kind, 0, 0, 0], body].concat())
}

/// Type of a packet and length of what follows its header.
pub(super) fn header(header: [u8; HEADER]) -> Option<(u8, usize)> {
    let [high, low, _, _, kind, ..] = header;
    let length = usize::from(u16::from_be_bytes([high, low])).checked_sub(HEADER)?;
    (CONNECT..=LAST).contains(&kind).then_some((kind, length))
}

/// The version that an accept packet agrees to, if it is one of those that were offered.
pub(super) fn accepted(body: &[u8]) -> Option<u16> {
    let mut bytes = Bytes(body);
    let version = bytes.u16()?;
    // Options, units, a one, length and place of data, flags.
    bytes.take(14)?;
    (VERSIONS.1..=VERSIONS.0).contains(&version).then_some(version)
}

/// Why a connection was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// ORA-…; unset: it named none.
    pub(super) code: Option<u32>,
    /// What it said, short.
    pub(super) text: String,
}

/// A refuse packet: two reasons, and a text such as `(DESCRIPTION=(ERR=12514)…)`.
pub(super) fn refused(body: &[u8]) -> Option<Refusal> {
    let mut bytes = Bytes(body);
    bytes.take(2)?;
    let length = usize::from(bytes.u16()?);
    let text = bytes.0.get(..length).unwrap_or(bytes.0);
    let code = value(text, b"ERR").or_else(|| value(text, b"CODE"));
    let code = code.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).filter(|code| *code != 0);
    Some(Refusal { code, text: short(text) })
}

impl Refusal {
    /// For a person.
    pub(super) fn words(&self, name: &str) -> String {
        let Some(code) = self.code else {
            return if self.text.is_empty() { "without a word of why".to_owned() } else { self.text.clone() };
        };
        let words = match code {
            12_504 => "the descriptor names no service, and the listener has no default",
            12_505 => "the listener does not know the SID",
            12_514 => "the listener does not know the service",
            12_516 | 12_519 | 12_520 => "the service has no free handler: its processes or sessions are used up",
            12_518 => "the listener cannot hand the connection over",
            12_521 => "the listener does not know the instance",
            12_525 => "the listener did not get the request in time",
            12_526 | 12_527 => "all instances of the service are in restricted mode",
            12_528 => "all instances of the service block new connections: starting, mounting or stopping",
            12_529 => "the listener's filter rejects the connection",
            _ => return format!("ORA-{code:05}: {}", self.text),
        };
        match code {
            12_505 | 12_514 => format!("ORA-{code}: {words} {name:?}"),
            _ => format!("ORA-{code:05}: {words}"),
        }
    }
}

/// Where a redirect packet leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) protocol: String,
    pub(super) host: String,
    pub(super) port: u16,
    /// What to ask for there; empty: the same as here.
    pub(super) descriptor: Vec<u8>,
}

/// How much text a redirect packet announces, and what of it is in it.
pub(super) fn announced(body: &[u8]) -> Option<(usize, &[u8])> {
    let mut bytes = Bytes(body);
    let length = usize::from(bytes.u16()?);
    Some((length, bytes.0.get(..length).unwrap_or(bytes.0)))
}

/// An address such as `(ADDRESS=(PROTOCOL=tcp)(HOST=…)(PORT=…))`, and behind a NUL another descriptor.
pub(super) fn redirect(text: &[u8]) -> Option<Redirect> {
    let mut parts = text.splitn(2, |byte| *byte == 0);
    let address = parts.next().unwrap_or_default();
    let port = std::str::from_utf8(value(address, b"PORT")?).ok()?.parse().ok().filter(|port| *port != 0)?;
    let protocol = value(address, b"PROTOCOL").map(short).unwrap_or_default().to_ascii_lowercase();
    let host = value(address, b"HOST").map(short).unwrap_or_default();
    let descriptor = parts.next().unwrap_or_default().to_vec();
    Some(Redirect { protocol, host, port, descriptor })
}

/// The value behind the first `(KEY=`, in upper or lower case and with blanks around it or without.
fn value<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'(').find_map(|piece| {
        let equals = piece.iter().position(|byte| *byte == b'=')?;
        let (name, behind) = piece.split_at_checked(equals)?;
        let end = behind.iter().position(|byte| *byte == b')').unwrap_or(behind.len());
        name.trim_ascii().eq_ignore_ascii_case(key).then(|| behind.get(1..end).unwrap_or_default().trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_connect_packet_says_where_its_descriptor_is() {
        let wanted = descriptor(Wanted::Service("shop"), [10, 0, 0, 1].into(), 1521);
        let packet = connect(&wanted).unwrap();
        assert_eq!(
            packet[..14],
            [0, u8::try_from(packet.len()).unwrap(), 0, 0, CONNECT, 0, 0, 0, 1, 0x3a, 1, 0x2c, 0, 1]
        );
        assert_eq!(packet[24..28], [0, u8::try_from(wanted.len()).unwrap(), 0, 58]);
        assert_eq!(&packet[58..], &wanted[..]);
        assert!(wanted.starts_with(b"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=shop)(CID="));
        let long = vec![b'x'; 231];
        let packet = connect(&long).unwrap();
        assert_eq!(packet[..2], [0, 58]);
        assert_eq!(packet[58..68], [0, 241, 0, 0, DATA, 0, 0, 0, 0, 0]);
        assert_eq!(packet[68..], long[..]);
        assert!(connect(&vec![b'x'; 9000]).is_none());
    }

    #[test]
    fn headers_of_other_protocols_are_none() {
        assert_eq!(header(*b"\0\x08\0\0\x0b\0\0\0"), Some((RESEND, 0)));
        assert_eq!(header(*b"\xff\xff\0\0\x02\0\0\0"), Some((ACCEPT, 65_527)));
        for other in [*b"\0\x07\0\0\x02\0\0\0", *b"\0\x09\0\0\0\0\0\0", *b"\0\x09\0\0\x20\0\0\0", *b"220 smtp"] {
            assert_eq!(header(other), None);
        }
    }

    #[test]
    fn refusals_in_words() {
        let words = |text: &str| {
            let [high, low] = u16::try_from(text.len()).unwrap().to_be_bytes();
            refused(&[&[0x22, 0, high, low], text.as_bytes()].concat()).unwrap().words("shop")
        };
        let text = "(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=12514)(ERROR_STACK=(ERROR=(CODE=12514)(EMFI=4))))";
        assert_eq!(words(text), "ORA-12514: the listener does not know the service \"shop\"");
        assert_eq!(
            words("(ERROR_STACK=(ERROR=(CODE=12505)(EMFI=4)))"),
            "ORA-12505: the listener does not know the SID \"shop\""
        );
        assert!(words("(DESCRIPTION=( err = 12528 ))").starts_with("ORA-12528: all instances"));
        assert_eq!(words("(ERR=1153)"), "ORA-01153: (ERR=1153)");
        assert_eq!(words("nonsense"), "nonsense");
        assert_eq!(words(""), "without a word of why");
        assert_eq!(refused(b"\0\0\xff\xff(ERR=12514)").unwrap().code, Some(12_514), "longer than it is");
        assert!(refused(b"\0\0\0").is_none());
    }

    #[test]
    fn redirects() {
        let found = redirect(b"(ADDRESS=(PROTOCOL=tcp)(HOST=db1)(PORT=36211))\0(DESCRIPTION=(X=))").unwrap();
        assert_eq!(
            (found.host.as_str(), found.port, &found.descriptor[..]),
            ("db1", 36_211, &b"(DESCRIPTION=(X=))"[..])
        );
        let found = redirect(b"( Address = (Port = 1 ) (host=10.0.0.1)").unwrap();
        assert_eq!((found.host.as_str(), found.port, found.protocol.as_str()), ("10.0.0.1", 1, ""));
        for broken in [&b""[..], b"(PORT=)", b"(PORT=0)", b"(PORT=65536)", b"(HOST=a)", b"PORT"] {
            assert_eq!(redirect(broken), None);
        }
        assert_eq!(announced(b"\0\x05abc"), Some((5, &b"abc"[..])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_understood_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (accepted(&bytes), redirect(&bytes), announced(&bytes));
            if let Some(refusal) = refused(&bytes) {
                prop_assert!(refusal.words("x").chars().count() < 150);
            }
        }
    }
}
