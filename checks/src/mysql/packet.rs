//! MySQL's packets: what a check writes, and what it reads of the server's.

use super::auth::Plugin;
use crate::Sql;
use crate::bytes::Bytes;

/// Capabilities (MySQL's "Capabilities Flags").
const LONG_PASSWORD: u32 = 0x1;
const CONNECT_WITH_DATABASE: u32 = 0x8;
const PROTOCOL_41: u32 = 0x200;
const TLS: u32 = 0x800;
const TRANSACTIONS: u32 = 0x2000;
const SECURE_CONNECTION: u32 = 0x8000;
const PLUGIN_AUTHENTICATION: u32 = 0x8_0000;
/// The longest packet that we would take, as we tell the server.
const MAX_PACKET: u32 = 1 << 24;
/// utf8mb3_general_ci, which every server knows.
const CHARACTER_SET: u8 = 33;
/// Bytes of a scramble.
const SCRAMBLE: usize = 20;

/// The server's first packet (protocol 10).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    pub(super) version: Vec<u8>,
    pub(super) scramble: Vec<u8>,
    capabilities: u32,
    /// The name of the server's default plugin; empty where it names none.
    pub(super) plugin: Vec<u8>,
}

impl Greeting {
    pub(super) fn offers_tls(&self) -> bool {
        self.capabilities & TLS != 0
    }
    /// Whether it is new enough: the protocol of 4.1.
    pub(super) fn is_current(&self) -> bool {
        self.capabilities & PROTOCOL_41 != 0 && self.capabilities & SECURE_CONNECTION != 0
    }
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(payload);
        if bytes.byte()? != 10 {
            return None;
        }
        let version = bytes.text()?.to_vec();
        bytes.take(4)?;
        let mut scramble = bytes.take(8)?.to_vec();
        bytes.take(1)?;
        let low = bytes.u16_little()?;
        // Character set and status.
        bytes.take(3)?;
        let high = bytes.u16_little()?;
        let length = usize::from(bytes.byte()?);
        bytes.take(10)?;
        scramble.extend_from_slice(bytes.take(length.saturating_sub(8).max(13))?);
        scramble.truncate(SCRAMBLE);
        let plugin = bytes.text().unwrap_or(bytes.0).to_vec();
        Some(Self { version, scramble, capabilities: u32::from(high) << 16 | u32::from(low), plugin })
    }
}

fn capabilities(spec: &Sql, secure: bool) -> u32 {
    let always = LONG_PASSWORD | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTHENTICATION;
    let database = if spec.database.is_empty() { 0 } else { CONNECT_WITH_DATABASE };
    always | database | if secure { TLS } else { 0 }
}

/// Asks for TLS: the beginning of a login.
pub(super) fn tls_request(spec: &Sql, secure: bool) -> Vec<u8> {
    let mut payload = capabilities(spec, secure).to_le_bytes().to_vec();
    payload.extend(MAX_PACKET.to_le_bytes());
    payload.push(CHARACTER_SET);
    payload.extend([0; 23]);
    payload
}

/// The login. None: the answer is longer than one byte can say.
pub(super) fn login(spec: &Sql, secure: bool, plugin: Plugin, answer: &[u8]) -> Option<Vec<u8>> {
    let mut payload = tls_request(spec, secure);
    payload.extend_from_slice(spec.login.as_bytes());
    payload.push(0);
    payload.push(u8::try_from(answer.len()).ok()?);
    payload.extend_from_slice(answer);
    if !spec.database.is_empty() {
        payload.extend_from_slice(spec.database.as_bytes());
        payload.push(0);
    }
    payload.extend_from_slice(plugin.name().as_bytes());
    payload.push(0);
    Some(payload)
}

/// One packet: length, number, payload. None: longer than a packet can be.
pub(super) fn packet(number: u8, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(payload.len()).ok().filter(|length| *length < 0xff_ffff)?;
    let [a, b, c, _] = length.to_le_bytes();
    Some([&[a, b, c, number], payload].concat())
}

/// A reply while logging in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply<'a> {
    Ok,
    Error(ServerError),
    /// Another plugin, and its scramble.
    Switch(&'a [u8], &'a [u8]),
    /// More of the same plugin.
    More(&'a [u8]),
}

impl<'a> Reply<'a> {
    pub(super) fn parse(payload: &'a [u8]) -> Option<Self> {
        let (first, rest) = payload.split_first()?;
        match first {
            0x00 => Some(Self::Ok),
            0x01 => Some(Self::More(rest)),
            0xff => ServerError::parse(payload).map(Self::Error),
            // Without a name: the password scheme of before 4.1, which nobody should use.
            0xfe if rest.is_empty() => Some(Self::Switch(b"mysql_old_password", b"")),
            0xfe => {
                let mut bytes = Bytes(rest);
                let name = bytes.text()?;
                let scramble = bytes.0.strip_suffix(&[0]).unwrap_or(bytes.0);
                Some(Self::Switch(name, scramble))
            }
            _ => None,
        }
    }
}

/// An error of the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServerError {
    pub(super) code: u16,
    pub(super) words: Vec<u8>,
}

impl ServerError {
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(payload);
        bytes.byte().filter(|first| *first == 0xff)?;
        let code = bytes.u16_little()?;
        let mut rest = bytes.0;
        if let [b'#', _, _, _, _, _, words @ ..] = rest {
            rest = words;
        }
        Some(Self { code, words: rest.to_vec() })
    }
    /// Whether it is about who asks: access denied, with and without a database or plugin, an account that is locked.
    pub(super) fn is_about_the_login(&self) -> bool {
        matches!(self.code, 1044 | 1045 | 1251 | 1698 | 1862 | 3118 | 3955 | 4151)
    }
}

/// The first packet of a result.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A statement without rows.
    Done,
    Error(ServerError),
    /// So many columns.
    Columns(u64),
}

impl Outcome {
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let (first, rest) = payload.split_first()?;
        let wide = |length: usize| {
            let digits = rest.get(..length).filter(|_| rest.len() == length)?;
            Some(Self::Columns(digits.iter().rev().fold(0, |number, digit| number << 8 | u64::from(*digit))))
        };
        match first {
            0x00 => Some(Self::Done),
            0xff => ServerError::parse(payload).map(Self::Error),
            // 0xfb would have us send a file of this machine.
            0x01..=0xfa if rest.is_empty() => Some(Self::Columns(u64::from(*first))),
            0xfc => wide(2),
            0xfd => wide(3),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_packet_or_none(mut bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            let _ = (ServerError::parse(&bytes), Outcome::parse(&bytes), Reply::parse(&bytes));
            bytes[0] = 10;
            if let Some(greeting) = Greeting::parse(&bytes) {
                prop_assert_eq!(greeting.scramble.len(), SCRAMBLE);
            }
            for first in [0xfe, 0xff] {
                bytes[0] = first;
                let _ = Reply::parse(&bytes);
            }
        }
    }
}
