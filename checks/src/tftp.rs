//! TFTP (RFC 1350): a read request in octet mode; up when the first block of the file arrives and matches. The server answers
//! from a port of its own choice, which the whole transfer then has, so the socket is not connected and the address is looked
//! at here.

use crate::bytes::Bytes;
use crate::datagram::{Datagram, Question, Repeat};
use crate::line::short;
use crate::net::{self, Progress, reason_of};
use crate::{Failure, Reason, Success, Target, Tftp};
use nix::sys::socket::{setsockopt, sockopt};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;

const READ: u16 = 1;
const DATA: u16 = 3;
const ACKNOWLEDGEMENT: u16 = 4;
const ERROR: u16 = 5;
const OPTIONS: u16 = 6;
/// A block; a shorter one is the last.
const BLOCK: usize = 512;
/// What is asked for where no file is named: no server has it, and its refusal is an answer.
const NOBODYS_FILE: &str = "ldirectord-rs";
/// The beginning of a file that is kept for the reason.
const EXCERPT: usize = 60;

/// What a server may say to a read request.
#[derive(Debug, PartialEq)]
enum Answer {
    /// The first block.
    Data(Vec<u8>),
    /// A code and its words.
    Refused(u16, Vec<u8>),
    /// Options, of which none were asked for.
    Options,
}

/// Asks once, and once more when half of the deadline has passed.
pub(crate) async fn run(
    spec: &Tftp,
    target: Target,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let request = request(&spec.request).map_err(|words| progress.failure(Reason::Local(words)))?;
    progress.connecting();
    let socket = open(target).await.map_err(|error| progress.failure(reason_of(&error, 0)))?;
    progress.connected();
    let to = SocketAddr::new(target.address, target.port);
    let question = Question { socket: &socket, to: Some(to), request: &request, repeat: Repeat::Once, deadline };
    let (answer, from) = question.ask(progress, |datagram, from| judge(datagram, from, target)).await?;
    let result = verdict(spec, &answer, progress);
    // A transfer that nobody ends is sent again and again until the server gives up.
    if let Answer::Data(block) = &answer {
        let _ = socket.try_send_to(&goodbye(block), from);
    }
    result
}

/// A datagram from another address is nobody's word. One from the very port that was asked is taken too: servers behind a
/// single port answer from it.
fn judge(datagram: &[u8], from: SocketAddr, target: Target) -> Datagram<(Answer, SocketAddr)> {
    if from.ip() != target.address {
        return Datagram::Stray("a datagram from another address");
    }
    match parse(datagram) {
        Some(answer) => Datagram::Answer((answer, from)),
        None => Datagram::Stray("neither the first block nor an error of TFTP"),
    }
}

fn verdict(spec: &Tftp, answer: &Answer, progress: &mut Progress) -> Result<Success, Failure> {
    let named = !spec.request.is_empty();
    let words = match answer {
        Answer::Options => {
            return Err(progress.failure(Reason::Protocol("options that were not asked for".to_owned())));
        }
        Answer::Refused(code, words) if named => {
            return Err(progress.failure(Reason::Rejected { what: "file", reply: refusal(*code, words) }));
        }
        Answer::Refused(code, words) => format!("answers: {}", refusal(*code, words)),
        Answer::Data(block) if block.len() < BLOCK => format!("{} bytes", block.len()),
        Answer::Data(_) => format!("{BLOCK} bytes and more"),
    };
    if let (Answer::Data(block), Some(pattern)) = (answer, &spec.receive) {
        progress.matching();
        match pattern.is_match(block) {
            Ok(true) => {}
            Ok(false) => {
                let excerpt = net::excerpt(block, EXCERPT);
                return Err(progress.failure(Reason::NoMatch { bytes: block.len(), excerpt }));
            }
            Err(words) => return Err(progress.failure(Reason::Pattern(words))),
        }
    }
    Ok(Success { words, answered_by: None })
}

/// A socket that hears whoever sends, and of ICMP errors too, which the kernel tells an unconnected one only when asked to.
async fn open(target: Target) -> io::Result<UdpSocket> {
    let local: SocketAddr = if target.address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(local).await?;
    let _ = match local {
        SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4RecvErr, &true),
        SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvErr, &true),
    };
    Ok(socket)
}

/// A read request; what could not stand in one is told in words.
fn request(file: &str) -> Result<Vec<u8>, String> {
    let file = if file.is_empty() { NOBODYS_FILE } else { file };
    if file.contains('\0') || file.len() >= BLOCK - 16 {
        return Err("request is too long for a read request, or has a NUL in it".to_owned());
    }
    Ok([&READ.to_be_bytes(), file.as_bytes(), b"\0octet\0"].concat())
}

/// The answer to a read request, if that is what it is.
fn parse(datagram: &[u8]) -> Option<Answer> {
    let mut bytes = Bytes(datagram);
    match (bytes.u16()?, bytes.0) {
        (OPTIONS, _) => Some(Answer::Options),
        (ERROR, _) => {
            let code = bytes.u16()?;
            // The NUL at the end is missing from some servers' errors.
            let words = bytes.0.split(|byte| *byte == 0).next().unwrap_or_default();
            Some(Answer::Refused(code, words.to_vec()))
        }
        (DATA, _) => {
            let number = bytes.u16()?;
            (number == 1 && bytes.0.len() <= BLOCK).then(|| Answer::Data(bytes.0.to_vec()))
        }
        _ => None,
    }
}

/// An error in the server's words, else in those of RFC 1350.
fn refusal(code: u16, words: &[u8]) -> String {
    let words = short(words);
    let words = if !words.is_empty() {
        words.as_str()
    } else {
        match code {
            1 => "file not found",
            2 => "access violation",
            3 => "disk full",
            4 => "illegal operation",
            5 => "unknown transfer",
            7 => "no such user",
            8 => "options refused",
            _ => "no words",
        }
    };
    format!("{words} ({code})")
}

/// What ends a transfer: the acknowledgement of its only block, else an error that says why.
fn goodbye(block: &[u8]) -> Vec<u8> {
    if block.len() < BLOCK {
        return [ACKNOWLEDGEMENT.to_be_bytes(), 1u16.to_be_bytes()].concat();
    }
    [&ERROR.to_be_bytes()[..], &0u16.to_be_bytes(), b"the check has seen enough\0"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets() {
        assert_eq!(request("a/b").unwrap(), b"\0\x01a/b\0octet\0");
        assert_eq!(request("").unwrap(), b"\0\x01ldirectord-rs\0octet\0");
        assert!(request("a\0b").is_err() && request(&"x".repeat(600)).is_err());
        assert_eq!(parse(b"\0\x03\0\x01"), Some(Answer::Data(Vec::new())));
        assert_eq!(parse(b"\0\x05\0\x01no\0rest"), Some(Answer::Refused(1, b"no".to_vec())));
        for stray in [&b""[..], b"\0", b"\0\x03", b"\0\x03\0\x02x", b"\0\x04\0\x01", b"\0\x05\0", b"\x03\0\0\x01x"] {
            assert_eq!(parse(stray), None, "{stray:?}");
        }
        assert_eq!(parse(&[&b"\0\x03\0\x01"[..], &[0; BLOCK + 1]].concat()), None);
        assert_eq!(refusal(2, b""), "access violation (2)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Some(Answer::Data(block)) = parse(&bytes) {
                prop_assert!(block.len() <= BLOCK && bytes.len() == block.len() + 4);
            }
        }
    }
}
