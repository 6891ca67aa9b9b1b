//! MQTT 3.1.1: CONNECT with a clean session; up when CONNACK accepts it, then DISCONNECT.

use crate::conversation::{Conversation, Secure};
use crate::net::Progress;
use crate::{Failure, Mqtt, Reason, Success, Target, random};

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const DISCONNECT: [u8; 2] = [0xe0, 0];
/// Protocol level of MQTT 3.1.1.
const LEVEL: u8 = 4;
/// Flags of CONNECT.
const CLEAN_SESSION: u8 = 0x02;
const PASSWORD: u8 = 0x40;
const USER_NAME: u8 = 0x80;
/// Seconds after which the broker may forget us.
const KEEP_ALIVE: u16 = 60;

/// Asks once.
pub(crate) async fn run(
    spec: &Mqtt,
    secure: Option<&Secure>,
    target: Target,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let number = random::bytes().map(u64::from_be_bytes).map_err(|reason| progress.failure(reason))?;
    let Some(request) = connect(spec, number) else {
        return Err(progress.failure(Reason::Local("login or passwd is longer than MQTT allows".to_owned())));
    };
    let mut conversation = Conversation::open(target, progress).await?;
    if let Some(secure) = secure {
        conversation = conversation.secure(secure, progress).await?;
    }
    conversation.send(&request, progress).await?;
    let [kind, length] = conversation.header(progress).await?;
    if (kind, length) != (CONNACK, 2) {
        return Err(progress.failure(Reason::Protocol(format!("not an MQTT CONNACK: {kind:02x} {length:02x}"))));
    }
    let [_, code] = conversation.header(progress).await?;
    progress.matching();
    let reason = match code {
        0 => {
            conversation.close(&DISCONNECT).await;
            return Ok(Success { words: "connection accepted".to_owned(), answered_by: None });
        }
        1 => Reason::Answer("the broker does not speak MQTT 3.1.1".to_owned()),
        2 => Reason::Answer("the broker refuses the client identifier".to_owned()),
        3 => Reason::Answer("the broker is unavailable".to_owned()),
        4 => Reason::login("bad user name or password".to_owned()),
        5 => Reason::login("not authorised".to_owned()),
        code => Reason::Protocol(format!("CONNACK with the unknown code {code}")),
    };
    Err(progress.failure(reason))
}

/// The CONNECT packet; none where a text is too long for it.
fn connect(spec: &Mqtt, number: u64) -> Option<Vec<u8>> {
    let mut flags = CLEAN_SESSION;
    // 23 letters and digits at most: what every broker must accept.
    let mut payload = text(&format!("ldirectord{:013}", number % 10_000_000_000_000))?;
    if !spec.login.is_empty() {
        flags |= USER_NAME;
        payload.extend(text(&spec.login)?);
        if !spec.password.is_empty() {
            flags |= PASSWORD;
            payload.extend(text(spec.password.reveal())?);
        }
    }
    let mut body = text("MQTT")?;
    body.extend([LEVEL, flags]);
    body.extend(KEEP_ALIVE.to_be_bytes());
    body.extend(payload);
    let mut packet = vec![CONNECT];
    packet.extend(remaining(body.len()));
    packet.extend(body);
    Some(packet)
}

/// Text with its length in front.
fn text(text: &str) -> Option<Vec<u8>> {
    let length = u16::try_from(text.len()).ok()?;
    Some([&length.to_be_bytes(), text.as_bytes()].concat())
}

/// The "remaining length": seven bits a byte, the least significant ones first.
fn remaining(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or_default();
        length >>= 7;
        bytes.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            return bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn lengths_as_in_the_standard() {
        for (length, bytes) in [(0, vec![0]), (127, vec![0x7f]), (128, vec![0x80, 1]), (16_384, vec![0x80, 0x80, 1])] {
            assert_eq!(remaining(length), bytes);
        }
    }

    #[test]
    fn the_packet_names_whom_it_is_told_to() {
        let bare = connect(&Mqtt::default(), 7).unwrap();
        assert_eq!(&bare, b"\x10\x23\0\x04MQTT\x04\x02\0\x3c\0\x17ldirectord0000000000007");
        let named = connect(&Mqtt { tls: None, login: "u".to_owned(), password: Secret::new("pw") }, 7).unwrap();
        assert_eq!(named.get(9), Some(&0xc2));
        assert!(named.ends_with(b"\0\x01u\0\x02pw"));
        assert!(connect(&Mqtt { tls: None, login: "u".repeat(65_536), password: Secret::default() }, 7).is_none());
    }
}
