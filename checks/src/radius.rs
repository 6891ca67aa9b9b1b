//! RADIUS (RFC 2865): an Access-Request with Message-Authenticator (RFC 2869, 5.14), sent twice at most; up when a genuine
//! Access-Accept comes back.

use crate::bytes::Bytes;
use crate::datagram::{Datagram, exchange, open};
use crate::line::short;
use crate::mask::Masker;
use crate::net::{Progress, reason_of};
use crate::{Failure, Radius, Reason, Success, Target, random};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use std::net::IpAddr;
use std::time::Duration;

const ACCESS_REQUEST: u8 = 1;
const ACCESS_ACCEPT: u8 = 2;
const ACCESS_REJECT: u8 = 3;
const ACCESS_CHALLENGE: u8 = 11;
/// Attributes.
const USER_NAME: u8 = 1;
const USER_PASSWORD: u8 = 2;
const NAS_IP_ADDRESS: u8 = 4;
const REPLY_MESSAGE: u8 = 18;
const MESSAGE_AUTHENTICATOR: u8 = 80;
const NAS_IPV6_ADDRESS: u8 = 95;
/// Code, identifier, length, authenticator.
const HEADER: usize = 20;
/// The longest User-Password.
const LONGEST_PASSWORD: usize = 128;
/// The longest value of an attribute.
const LONGEST_VALUE: usize = 253;

/// Asks once.
pub(crate) async fn run(
    spec: &Radius,
    target: Target,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let socket = open(target, progress).await?;
    let local = socket.local_addr().map_err(|error| progress.failure(reason_of(&error, 0)))?;
    let (identifier, authenticator) = match (random::bytes(), random::bytes()) {
        (Ok([identifier]), Ok(authenticator)) => (identifier, authenticator),
        (Err(reason), _) | (_, Err(reason)) => return Err(progress.failure(reason)),
    };
    let request = request(spec, identifier, authenticator, local.ip()).map_err(|reason| progress.failure(reason))?;
    // Without the authenticator neither side's packet tells anything of the secret.
    progress.conceal(&authenticator);
    attributes(&request)
        .into_iter()
        .flatten()
        .filter(|(kind, ..)| matches!(*kind, USER_PASSWORD | MESSAGE_AUTHENTICATOR))
        .for_each(|(_, value, _)| progress.conceal(value));
    let secret = spec.secret.reveal().as_bytes();
    let reply = exchange(&socket, &request, deadline, progress, |datagram| {
        let Some(reply) = parse(datagram) else { return Datagram::Stray("not a RADIUS packet") };
        if reply.identifier != identifier || !matches!(reply.code, ACCESS_ACCEPT | ACCESS_REJECT | ACCESS_CHALLENGE) {
            return Datagram::Stray("a RADIUS packet that is no reply to this request");
        }
        if !genuine(reply.packet, authenticator, secret) {
            return Datagram::Stray("a reply that is signed with another secret");
        }
        Datagram::Answer((reply.code, reply.message))
    });
    let (code, message) = reply.await?;
    progress.matching();
    let message = short(&Masker::of([&spec.password, &spec.secret]).replace(&message));
    match code {
        ACCESS_ACCEPT => Ok(Success { words: "access accepted".to_owned(), answered_by: None }),
        _ if spec.login.is_empty() => {
            Ok(Success { words: "answers (no login is given)".to_owned(), answered_by: None })
        }
        ACCESS_CHALLENGE => Err(progress.failure(Reason::login("the server asks for more than a password".to_owned()))),
        _ if message.is_empty() => Err(progress.failure(Reason::login("Access-Reject".to_owned()))),
        _ => Err(progress.failure(Reason::login(message))),
    }
}

/// The packet. Message-Authenticator comes first, where a forger can move nothing in front of it.
fn request(spec: &Radius, identifier: u8, authenticator: [u8; 16], local: IpAddr) -> Result<Vec<u8>, Reason> {
    let secret = spec.secret.reveal().as_bytes();
    if secret.is_empty() {
        return Err(Reason::Local("no secret is given: RADIUS needs one".to_owned()));
    }
    let mut packet = vec![ACCESS_REQUEST, identifier, 0, 0];
    packet.extend(authenticator);
    let mut attribute = |kind, value: &[u8]| {
        if value.len() > LONGEST_VALUE {
            return Err(Reason::Local("login is longer than RADIUS allows".to_owned()));
        }
        packet.extend([kind, u8::try_from(value.len() + 2).unwrap_or_default()]);
        packet.extend_from_slice(value);
        Ok(())
    };
    attribute(MESSAGE_AUTHENTICATOR, &[0; 16])?;
    attribute(USER_NAME, spec.login.as_bytes())?;
    attribute(USER_PASSWORD, &hidden(spec.password.reveal().as_bytes(), authenticator, secret)?)?;
    match local {
        IpAddr::V4(address) => attribute(NAS_IP_ADDRESS, &address.octets())?,
        IpAddr::V6(address) => attribute(NAS_IPV6_ADDRESS, &address.octets())?,
    }
    let length = u16::try_from(packet.len()).unwrap_or_default().to_be_bytes();
    overwrite(&mut packet, 2, &length);
    let signature = hmac(secret, &packet)?;
    overwrite(&mut packet, HEADER + 2, &signature);
    Ok(packet)
}

/// The password under MD5 of the secret and what went before, in pieces of 16 bytes (RFC 2865, 5.2).
fn hidden(password: &[u8], authenticator: [u8; 16], secret: &[u8]) -> Result<Vec<u8>, Reason> {
    if password.len() > LONGEST_PASSWORD {
        return Err(Reason::Local("passwd is longer than the 128 bytes of RADIUS".to_owned()));
    }
    let mut padded = password.to_vec();
    padded.resize(password.len().max(1).next_multiple_of(16), 0);
    let mut before = authenticator.to_vec();
    let mut all = Vec::with_capacity(padded.len());
    for piece in padded.chunks(16) {
        let key = Md5::new().chain_update(secret).chain_update(&before).finalize();
        before = piece.iter().zip(key).map(|(byte, key)| byte ^ key).collect();
        all.extend_from_slice(&before);
    }
    Ok(all)
}

fn overwrite(packet: &mut [u8], offset: usize, value: &[u8]) {
    if let Some(place) = packet.get_mut(offset..offset + value.len()) {
        place.copy_from_slice(value);
    }
}

fn hmac(secret: &[u8], packet: &[u8]) -> Result<[u8; 16], Reason> {
    let mac = Hmac::<Md5>::new_from_slice(secret).map_err(|error| Reason::Local(error.to_string()))?;
    Ok(mac.chain_update(packet).finalize().into_bytes().into())
}

#[derive(Debug)]
struct Reply<'a> {
    code: u8,
    identifier: u8,
    /// All of it, without padding behind it.
    packet: &'a [u8],
    /// Reply-Message, all of them.
    message: Vec<u8>,
}

fn parse(datagram: &[u8]) -> Option<Reply<'_>> {
    let mut bytes = Bytes(datagram);
    let [code, identifier] = bytes.array()?;
    let length = usize::from(bytes.u16()?);
    let packet = datagram.get(..length).filter(|_| length >= HEADER)?;
    let mut message = Vec::new();
    for (kind, value, _) in attributes(packet)? {
        if kind == REPLY_MESSAGE {
            message.extend_from_slice(value);
        }
    }
    Some(Reply { code, identifier, packet, message })
}

/// The attributes of a packet: kind, value, offset of the value. None where they do not fill it exactly.
fn attributes(packet: &[u8]) -> Option<Vec<(u8, &[u8], usize)>> {
    let mut bytes = Bytes(packet.get(HEADER..)?);
    let mut all = Vec::new();
    while !bytes.0.is_empty() {
        let [kind, length] = bytes.array()?;
        let offset = packet.len() - bytes.0.len();
        all.push((kind, bytes.take(usize::from(length).checked_sub(2)?)?, offset));
    }
    Some(all)
}

/// Whether a reply knows the secret and our request: Response Authenticator, and Message-Authenticator where there is one.
fn genuine(packet: &[u8], authenticator: [u8; 16], secret: &[u8]) -> bool {
    let (Some(head), Some(claimed), Some(rest)) = (packet.get(..4), packet.get(4..HEADER), packet.get(HEADER..)) else {
        return false;
    };
    let expected =
        Md5::new().chain_update(head).chain_update(authenticator).chain_update(rest).chain_update(secret).finalize();
    let mut signed = packet.to_vec();
    overwrite(&mut signed, 4, &authenticator);
    let authenticated = attributes(packet).unwrap_or_default().into_iter().all(|(kind, value, offset)| {
        if kind != MESSAGE_AUTHENTICATOR {
            return true;
        }
        overwrite(&mut signed, offset, &[0; 16]);
        hmac(secret, &signed).is_ok_and(|expected| expected == value)
    });
    expected.as_slice() == claimed && authenticated
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 2865, 7.1: User-Name "nemo", password "arctangent", secret "xyzzy5461".
    #[test]
    fn the_example_of_the_standard() {
        let authenticator = *b"\x0f\x40\x3f\x94\x73\x97\x80\x57\xbd\x83\xd5\xcb\x98\xf4\x22\x7a";
        let password = hidden(b"arctangent", authenticator, b"xyzzy5461").unwrap();
        assert_eq!(password, b"\x0d\xbe\x70\x8d\x93\xd4\x13\xce\x31\x96\xe4\x3f\x78\x2a\x0a\xee");
        let accept = b"\x02\x00\x00\x26\x86\xfe\x22\x0e\x76\x24\xba\x2a\x10\x05\xf6\xbf\x9b\x55\xe0\xb2\
                       \x06\x06\x00\x00\x00\x01\x0f\x06\x00\x00\x00\x00\x0e\x06\xc0\xa8\x01\x03";
        assert!(genuine(accept, authenticator, b"xyzzy5461"));
        assert!(!genuine(accept, authenticator, b"xyzzy5462"));
        assert!(!genuine(accept, [0; 16], b"xyzzy5461"));
    }

    #[test]
    fn long_passwords_go_in_pieces_and_too_long_ones_not_at_all() {
        assert_eq!(hidden(&[b'x'; 17], [0; 16], b"s").unwrap().len(), 32);
        assert_eq!(hidden(&[], [0; 16], b"s").unwrap().len(), 16);
        assert_eq!(hidden(&[b'x'; 128], [0; 16], b"s").unwrap().len(), 128);
        assert!(hidden(&[b'x'; 129], [0; 16], b"s").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_reply_or_none(mut bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let length = bytes.len() as u16;
            overwrite(&mut bytes, 2, &length.to_be_bytes());
            if let Some(reply) = parse(&bytes) {
                prop_assert!(!genuine(reply.packet, [7; 16], b"secret"));
            }
        }
    }
}
