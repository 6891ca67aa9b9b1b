//! NTP (RFC 5905): a client's query; up when the server says that it is synchronised, stratum 1 to 15.

use crate::bytes::Bytes;
use crate::datagram::{Datagram, exchange, open};
use crate::line::short;
use crate::net::Progress;
use crate::{Failure, Ntp, Reason, Success, Target, random};
use std::time::Duration;

/// Leap indicator 0, version 4, mode 3: client.
const CLIENT: u8 = 4 << 3 | 3;
const SERVER: u8 = 4;
/// Leap indicator: the clock is not synchronised.
const UNSYNCHRONISED: u8 = 3;
/// Length without extensions.
const LENGTH: usize = 48;

/// Asks once. The transmit timestamp is random, not this machine's time: it only has to come back.
pub(crate) async fn run(
    _: Ntp,
    target: Target,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let socket = open(target, progress).await?;
    let stamp: [u8; 8] = random::bytes().map_err(|reason| progress.failure(reason))?;
    let mut request = vec![CLIENT];
    request.resize(LENGTH - stamp.len(), 0);
    request.extend_from_slice(&stamp);
    let reply = exchange(&socket, &request, deadline, progress, |datagram| match parse(datagram) {
        None => Datagram::Stray("not an NTP reply"),
        Some(reply) if reply.origin != stamp => Datagram::Stray("an NTP reply to another query"),
        Some(reply) => Datagram::Answer(reply),
    });
    let reply = reply.await?;
    progress.matching();
    let words = match reply.stratum {
        0 => format!("kiss of death: {}", short(&reply.reference)),
        _ if reply.leap == UNSYNCHRONISED => "the server's clock is not synchronised".to_owned(),
        stratum @ 1..=15 => return Ok(Success { words: format!("stratum {stratum}"), answered_by: None }),
        stratum => format!("the server's clock is not synchronised: stratum {stratum}"),
    };
    Err(progress.failure(Reason::Answer(words)))
}

#[derive(Debug)]
struct Reply {
    leap: u8,
    stratum: u8,
    /// Reference identifier; with stratum 0 the code of a kiss of death.
    reference: [u8; 4],
    origin: [u8; 8],
}

fn parse(datagram: &[u8]) -> Option<Reply> {
    if datagram.len() < LENGTH {
        return None;
    }
    let mut bytes = Bytes(datagram);
    let [first, stratum] = bytes.array()?;
    let (leap, version, mode) = (first >> 6, first >> 3 & 7, first & 7);
    if mode != SERVER || !(1..=4).contains(&version) {
        return None;
    }
    bytes.take(10)?;
    let reference = bytes.array()?;
    bytes.take(8)?;
    Some(Reply { leap, stratum, reference, origin: bytes.array()? })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_reply_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Some(reply) = parse(&bytes) {
                prop_assert!(bytes.len() >= 48 && reply.leap < 4);
            }
        }
    }
}
