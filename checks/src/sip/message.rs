//! The OPTIONS request, and as much of a reply as is needed to know whether it answers that request.

use crate::line::short;
use crate::{Sip, Target, Transport};
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};

/// The port a SIP address means when it names none.
const STANDARD_PORT: u16 = 5060;

/// One request; every one has a branch, tag and Call-ID of its own, so that a late reply to an earlier check is told apart.
#[derive(Debug)]
pub(super) struct Request {
    uri: String,
    /// As it stands in Via.
    transport: &'static str,
    local: SocketAddr,
    branch: String,
    tag: String,
    call_id: String,
    sequence: u32,
}

/// The parts of a reply that matter.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) phrase: String,
    branch: String,
    call_id: String,
    sequence: String,
}

impl Request {
    /// `local`: the socket's own address, where the reply is to be sent.
    pub(super) fn new(spec: &Sip, target: Target, local: SocketAddr) -> Self {
        let uri = if spec.login.is_empty() {
            let host = host(target.address);
            let port = if target.port == STANDARD_PORT { String::new() } else { format!(":{}", target.port) };
            format!("sip:{host}{port}")
        } else {
            let login = encoded(&spec.login);
            if login.starts_with("sip:") || login.starts_with("sips:") { login } else { format!("sip:{login}") }
        };
        Self {
            uri,
            transport: match (spec.transport, &spec.tls) {
                (_, Some(_)) => "TLS",
                (Transport::Tcp, None) => "TCP",
                (Transport::Udp, None) => "UDP",
            },
            local,
            // The prefix says that the branch is unique, as RFC 3261 wants it (8.1.1.7).
            branch: format!("z9hG4bK{:016x}", random()),
            tag: format!("{:016x}", random()),
            call_id: format!("{:016x}{:016x}@{}", random(), random(), host(local.ip())),
            // Below 2^31 (8.1.1.5).
            sequence: u32::try_from(random() & 0xffff).unwrap_or_default() + 1,
        }
    }

    pub(super) fn text(&self) -> String {
        let Self { uri, branch, tag, call_id, sequence, .. } = self;
        let here = SocketAddr::new(self.local.ip(), self.local.port());
        // Where a sips URI is asked, the Contact is one as well (RFC 3261, 8.1.1.8).
        let contact = match self.transport {
            "TLS" if uri.starts_with("sips:") => format!("sips:{here}"),
            "UDP" => format!("sip:{here}"),
            transport => format!("sip:{here};transport={}", transport.to_ascii_lowercase()),
        };
        let protocol = self.transport;
        let mut text = format!("OPTIONS {uri} SIP/2.0\r\n");
        let _ = write!(text, "Via: SIP/2.0/{protocol} {here};branch={branch};rport\r\n");
        let _ = write!(text, "Max-Forwards: 70\r\nTo: <{uri}>\r\nFrom: <{uri}>;tag={tag}\r\n");
        let _ = write!(text, "Call-ID: {call_id}\r\nCSeq: {sequence} OPTIONS\r\n");
        let _ = write!(text, "Contact: <{contact}>\r\n");
        text.push_str("Accept: application/sdp\r\nContent-Length: 0\r\n\r\n");
        text
    }

    /// Whether the reply belongs to this request (RFC 3261, 17.1.3, and the Call-ID).
    pub(super) fn is_answered_by(&self, reply: &Reply) -> bool {
        let mut sequence = reply.sequence.split_ascii_whitespace();
        self.branch.eq_ignore_ascii_case(&reply.branch)
            && self.call_id == reply.call_id
            && sequence.next().and_then(|number| number.parse().ok()) == Some(self.sequence)
            && sequence.next() == Some("OPTIONS")
    }
}

/// Whether a message begins with this line: a reply's status line or a request line.
pub(super) fn begins_well(line: &[u8]) -> bool {
    line.starts_with(b"SIP/2.0 ") || line.trim_ascii_end().ends_with(b" SIP/2.0")
}

/// A reply; `None` for a request or for something else.
pub(super) fn parse(message: &[u8]) -> Option<Reply> {
    let (status, _) = first_line(message);
    let status = status.strip_prefix(b"SIP/2.0 ")?;
    let (code, phrase) = status.split_at_checked(3)?;
    if !code.iter().all(u8::is_ascii_digit) || phrase.first().is_some_and(|byte| *byte != b' ') {
        return None;
    }
    let code = std::str::from_utf8(code).ok()?.parse().ok().filter(|code| (100..700).contains(code))?;
    let via = header(message, "via", "v").unwrap_or_default();
    // Only the topmost Via is ours; more may follow in the same line.
    let top = via.split(',').next().unwrap_or_default();
    let branch = top.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("branch").then(|| value.trim().to_owned())
    });
    Some(Reply {
        code,
        phrase: short(phrase),
        branch: branch.unwrap_or_default(),
        call_id: header(message, "call-id", "i").unwrap_or_default(),
        sequence: header(message, "cseq", "cseq").unwrap_or_default(),
    })
}

/// The length of the body; 0 where it is missing or is no number.
pub(super) fn content_length(message: &[u8]) -> usize {
    header(message, "content-length", "l").and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// The first header of this name (lower case) or its compact form, with continued lines joined.
fn header(message: &[u8], name: &str, compact: &str) -> Option<String> {
    let (_, mut rest) = first_line(message);
    let mut value: Option<String> = None;
    loop {
        let (line, behind) = first_line(rest);
        let continued = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if let Some(value) = &mut value {
            if !continued {
                break;
            }
            value.push(' ');
            value.push_str(String::from_utf8_lossy(line).trim());
        } else if !continued {
            let line = String::from_utf8_lossy(line);
            let (field, text) = line.split_once(':').unwrap_or_default();
            let field = field.trim_end();
            if field.eq_ignore_ascii_case(name) || field.eq_ignore_ascii_case(compact) {
                value = Some(text.trim().to_owned());
            }
        }
        if line.is_empty() {
            break;
        }
        rest = behind;
    }
    value
}

/// A line without its end, and what comes behind it.
fn first_line(text: &[u8]) -> (&[u8], &[u8]) {
    let length = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let (line, behind) = text.split_at_checked(length).unwrap_or_default();
    (line.strip_suffix(b"\r").unwrap_or(line), behind.strip_prefix(b"\n").unwrap_or(behind))
}

/// An address as it stands in a SIP address.
fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// What may not stand in a SIP address as it is becomes %HH: a blank would end it.
fn encoded(login: &str) -> String {
    let mut text = String::new();
    for byte in login.bytes() {
        if byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// 64 bits that nobody else chooses: the standard library's randomly keyed hash of nothing.
fn random() -> u64 {
    RandomState::new().hash_one(())
}
