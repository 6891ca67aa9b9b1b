//! The ping check: ICMP echo (RFC 792) and ICMPv6 echo (RFC 4443, section 4). It opens a datagram ICMP socket, which needs
//! no privilege but the permission of `net.ipv4.ping_group_range`, or else a raw socket (CAP_NET_RAW).
#![allow(clippy::disallowed_types, reason = "this module opens sockets")]

use crate::net::{Progress, reason_of};
use crate::{Failure, Reason, Success, Target};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

/// ICMP header: type, code, checksum, identifier, sequence (RFC 792).
const HEADER: usize = 8;
/// Data bytes of a request, as ldirectord sends.
const DATA: usize = 64;
/// Of these, the first carry the token that makes a reply ours.
const TOKEN: usize = 16;

/// Up with the first reply that is ours. `attempts` requests (at least one) go out evenly spread over `deadline`.
pub(crate) async fn run(
    attempts: u32,
    target: Target,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    progress.connecting();
    let echo = Echo::open(target.address).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => progress.failure(Reason::Local(
            "no permission to send ICMP echo: run as root, give CAP_NET_RAW, or widen net.ipv4.ping_group_range"
                .to_owned(),
        )),
        _ => progress.failure(reason_of(&error, 0)),
    })?;
    progress.connected();
    progress.note(|| format!("ICMP socket ({}) to {}", if echo.raw { "raw" } else { "datagram" }, target.address));
    let attempts = attempts.max(1);
    let begin = Instant::now();
    for attempt in 1..=attempts {
        progress.sent();
        let next = begin + deadline.mul_f64(f64::from(attempt) / f64::from(attempts));
        let last = attempt == attempts;
        let watching = &*progress;
        let answered = async {
            echo.send(attempt, watching).await?;
            echo.reply(watching).await
        };
        let error = if last {
            // Nothing follows: the deadline around the probe ends the waiting.
            answered.await.err()
        } else {
            match timeout_at(next, answered).await {
                Ok(answer) => answer.err(),
                Err(_) => continue,
            }
        };
        match error {
            None => {
                progress.received();
                return Ok(Success { words: "echo reply".to_owned(), answered_by: None });
            }
            Some(error) if last => return Err(progress.failure(reason_of(&error, 0))),
            // A router's "unreachable" may pass, that is what further attempts are for.
            Some(_) => tokio::time::sleep_until(next).await,
        }
    }
    Err(progress.failure(Reason::Timeout(deadline)))
}

/// One check's socket and what makes its replies recognisable.
struct Echo {
    socket: UdpSocket,
    version: IpAddr,
    /// The kernel puts its own identifier on datagram ICMP sockets and hands out matching replies only.
    raw: bool,
    identifier: u16,
    token: [u8; TOKEN],
}

impl Echo {
    fn open(address: IpAddr) -> io::Result<Self> {
        let (socket, raw) = match Self::socket(address, Type::DGRAM) {
            Ok(socket) => (socket, false),
            Err(_) => (Self::socket(address, Type::RAW)?, true),
        };
        // Connected: the kernel drops what comes from elsewhere, and ICMP errors come back as errors of recv.
        socket.connect(&SocketAddr::new(address, 0).into())?;
        let _ = match address {
            IpAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4RecvErr, &true),
            IpAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvErr, &true),
        };
        let socket = UdpSocket::from_std(std::net::UdpSocket::from(socket))?;
        Ok(Self { socket, version: address, raw, identifier: next_identifier(), token: token() })
    }

    fn socket(address: IpAddr, kind: Type) -> io::Result<Socket> {
        let (domain, protocol) = match address {
            IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
            IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
        };
        let socket = Socket::new(domain, kind, Some(protocol))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    async fn send(&self, sequence: u32, progress: &Progress) -> io::Result<()> {
        let request = request(self.version, self.identifier, sequence as u16, &self.token);
        self.socket.send(&request).await?;
        progress.wrote(&request);
        Ok(())
    }

    /// Waits for a reply to any of the requests so far.
    async fn reply(&self, progress: &Progress) -> io::Result<()> {
        let mut packet = [0u8; 576];
        loop {
            let ready = self.socket.ready(Interest::READABLE.add(Interest::ERROR)).await?;
            match self.socket.try_recv(&mut packet) {
                Ok(length) => {
                    let packet = packet.get(..length).unwrap_or_default();
                    progress.read(packet);
                    if is_reply(self.version, self.raw, packet, self.identifier, &self.token) {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if ready.is_error() {
                        return Err(self.socket.take_error()?.unwrap_or_else(|| io::ErrorKind::HostUnreachable.into()));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// An echo request; for ICMPv6 the kernel fills in the checksum, which covers addresses (RFC 3542, section 3.1).
fn request(version: IpAddr, identifier: u16, sequence: u16, token: &[u8; TOKEN]) -> Vec<u8> {
    let kind = if version.is_ipv4() { 8 } else { 128 };
    let mut packet = vec![kind, 0, 0, 0];
    packet.extend(identifier.to_be_bytes());
    packet.extend(sequence.to_be_bytes());
    packet.extend(token);
    packet.extend((TOKEN..DATA).map(|position| position as u8));
    if version.is_ipv4() {
        let sum = checksum(&packet).to_be_bytes();
        packet.splice(2..4, sum);
    }
    packet
}

/// Whether `packet`, as it came from the socket, answers one of our requests.
fn is_reply(version: IpAddr, raw: bool, packet: &[u8], identifier: u16, token: &[u8; TOKEN]) -> bool {
    let icmp = match (version, raw, packet.first()) {
        // Raw IPv4 sockets deliver the IP header too; its length is the low nibble, in words (RFC 791).
        (IpAddr::V4(_), true, Some(first)) => packet.get(usize::from(first & 0x0f) * 4..).unwrap_or_default(),
        _ => packet,
    };
    let kind = if version.is_ipv4() { 0 } else { 129 };
    icmp.first() == Some(&kind)
        && icmp.get(1) == Some(&0)
        && (!raw || icmp.get(4..6) == Some(identifier.to_be_bytes().as_slice()))
        && icmp.get(HEADER..HEADER + TOKEN) == Some(token.as_slice())
}

/// The Internet checksum (RFC 1071) over an even number of bytes.
fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = bytes
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u32::from(u16::from_be_bytes([*high, *low])),
            [high] => u32::from(*high) << 8,
            _ => 0,
        })
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// Identifiers differ among the pings of this process, and begin by its number.
fn next_identifier() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    (std::process::id() as u16).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Sixteen bytes that no other ping on this machine has: a counter under a hash with random keys.
fn token() -> [u8; TOKEN] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(count);
    let mut token = [0; TOKEN];
    let bytes = hasher.finish().to_be_bytes().into_iter().chain(count.to_be_bytes());
    token.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
    token
}

#[cfg(test)]
#[path = "ping_tests.rs"]
mod tests;
