//! A blocking generic netlink socket: many requests to one system call, every acknowledgement matched to its request
//! by sequence number, dumps read to their end. Nothing here waits for ever.
#![allow(clippy::disallowed_methods, reason = "this module is the socket")]

use super::wire::{
    Acknowledgement, Attributes, Frame, Frames, Request, WireError, decode_family, encode_family_request,
};
use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::{Socket, SocketAddr};
use nix::sys::socket::{setsockopt, sockopt};
use std::io::{Error, ErrorKind};

/// Messages to one system call. All their errors fit into the default receive buffer (320 do not).
const BATCH: usize = 128;
/// The kernel fills its answers up to the size of the reader's buffer, to this limit.
const DATAGRAM: usize = 64 * 1024;
/// Receive buffer asked for; without privilege the kernel caps it at net.core.rmem_max.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;
/// The kernel answers within the system call, so this only ends what would hang.
const TIMEOUT_SECONDS: i64 = 10;
/// Repetitions of a dump that was interrupted by changes.
const DUMPS: u32 = 16;

/// Why a request got no good answer.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The socket failed, or no answer came in time.
    #[error("netlink: {0}")]
    Io(#[from] Error),
    /// The kernel dropped answers (ENOBUFS): what happened to the requests is unknown.
    #[error("netlink: answers of the kernel were lost (receive buffer full); the table must be read again")]
    Lost,
    /// The answer made no sense.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The kernel refused the request.
    #[error("netlink: errno {}", .0.errno)]
    Refused(Acknowledgement),
    /// A dump was interrupted by changes again and again.
    #[error("netlink: the table changed during each of {DUMPS} attempts to read it")]
    Restless,
}

/// A socket bound to one generic netlink family.
#[derive(Debug)]
pub struct GenericSocket {
    socket: Socket,
    family: u16,
    sequence: u32,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
}

impl GenericSocket {
    /// Opens a socket in this thread's network namespace and resolves `family`.
    /// [`SocketError::Refused`] with ENOENT: the kernel has no such family.
    pub fn open(family: &str) -> Result<Self, SocketError> {
        let mut socket = Socket::new(NETLINK_GENERIC)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        // Acknowledgements without a copy of the request, with the kernel's words.
        socket.set_cap_ack(true)?;
        socket.set_ext_ack(true)?;
        if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_err() {
            setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER).map_err(Error::from)?;
        }
        let timeout = nix::sys::time::TimeVal::new(TIMEOUT_SECONDS, 0);
        setsockopt(&socket, sockopt::ReceiveTimeout, &timeout).map_err(Error::from)?;
        let incoming = Vec::with_capacity(DATAGRAM);
        let mut opened = Self { socket, family: 0, sequence: 0, outgoing: Vec::new(), incoming };
        opened.family = opened.resolve(family)?;
        Ok(opened)
    }

    fn resolve(&mut self, family: &str) -> Result<u16, SocketError> {
        let sequence = self.next_sequence();
        self.outgoing.clear();
        encode_family_request(&mut self.outgoing, sequence, family);
        self.send()?;
        let mut number = None;
        while number.is_none() {
            self.receive(|frame| {
                if frame.sequence != sequence {
                    return Ok(());
                }
                match frame.acknowledgement().transpose()? {
                    Some(acknowledgement) => Err(SocketError::Refused(acknowledgement)),
                    None => {
                        number = Some(decode_family(frame.generic()?.1)?);
                        Ok(())
                    }
                }
            })?;
        }
        number.ok_or(SocketError::Lost)
    }

    /// Puts requests that are answered by an acknowledgement alone; one for each, in order. Only the last message of
    /// a batch asks for success to be confirmed: the kernel works in order, and what failed says so by itself.
    pub fn change<'a>(
        &mut self,
        requests: impl IntoIterator<Item = Request<'a>>,
    ) -> Result<Vec<Acknowledgement>, SocketError> {
        let mut answers = Vec::new();
        let mut requests = requests.into_iter().peekable();
        while requests.peek().is_some() {
            self.outgoing.clear();
            let first = self.sequence.wrapping_add(1);
            let mut count = 0;
            while count < BATCH {
                let Some(request) = requests.next() else { break };
                count += 1;
                let last = count == BATCH || requests.peek().is_none();
                let sequence = self.next_sequence();
                request.encode(&mut self.outgoing, self.family, sequence, last);
            }
            self.send()?;
            let batch = answers.len();
            answers.resize(batch + count, Acknowledgement { errno: 0, words: None });
            let mut confirmed = false;
            while !confirmed {
                self.receive(|frame| {
                    let place = usize::try_from(frame.sequence.wrapping_sub(first)).unwrap_or(usize::MAX);
                    // Anything else answers an older request, one whose answer was given up.
                    if place >= count {
                        return Ok(());
                    }
                    if let Some(answer) = frame.acknowledgement().transpose()? {
                        confirmed |= place + 1 == count;
                        if let Some(slot) = answers.get_mut(batch + place) {
                            *slot = answer;
                        }
                    }
                    Ok(())
                })?;
            }
        }
        Ok(answers)
    }

    /// Puts one request and collects what `decode` makes of each message of its answer. A dump during which the table
    /// changed is repeated.
    pub fn ask<T>(
        &mut self,
        request: &Request<'_>,
        decode: impl Fn(u8, Attributes<'_>) -> Result<Option<T>, WireError>,
    ) -> Result<Vec<T>, SocketError> {
        for _ in 0..DUMPS {
            let sequence = self.next_sequence();
            self.outgoing.clear();
            request.encode(&mut self.outgoing, self.family, sequence, true);
            self.send()?;
            let mut answers = Vec::new();
            let mut interrupted = false;
            let mut ended = None;
            // A message that makes no sense does not end the dump: what is left of it would meet the next one.
            let mut senseless = None;
            while ended.is_none() {
                self.receive(|frame| {
                    if frame.sequence != sequence {
                        return Ok(());
                    }
                    interrupted |= frame.interrupted();
                    match frame.acknowledgement().transpose()? {
                        Some(end) => ended = Some(end),
                        None => match frame.generic().and_then(|(command, attributes)| decode(command, attributes)) {
                            Ok(answer) => answers.extend(answer),
                            Err(error) => senseless = Some(error),
                        },
                    }
                    Ok(())
                })?;
            }
            match ended {
                Some(end) if end.errno != 0 => return Err(SocketError::Refused(end)),
                _ if interrupted => {}
                _ => return senseless.map_or(Ok(answers), |error| Err(error.into())),
            }
        }
        Err(SocketError::Restless)
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    fn send(&mut self) -> Result<(), SocketError> {
        loop {
            match self.socket.send(&self.outgoing, 0) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Receives one datagram of the kernel and shows each of its messages. All of them are looked at, also after one
    /// that could not be taken, so that the next request finds an empty socket as far as may be.
    fn receive(&mut self, mut take: impl FnMut(Frame<'_>) -> Result<(), SocketError>) -> Result<(), SocketError> {
        self.incoming.clear();
        let length = loop {
            match self.socket.recv(&mut self.incoming, nix::libc::MSG_TRUNC) {
                Ok(length) => break length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.raw_os_error() == Some(nix::libc::ENOBUFS) => return Err(SocketError::Lost),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let words = format!("the kernel did not answer within {TIMEOUT_SECONDS} s");
                    return Err(Error::new(ErrorKind::TimedOut, words).into());
                }
                Err(error) => return Err(error.into()),
            }
        };
        if length > self.incoming.len() {
            return Err(WireError(format!("a datagram of {length} bytes, at most {DATAGRAM} expected")).into());
        }
        let mut outcome = Ok(());
        for frame in Frames::new(&self.incoming) {
            let taken = frame.map_err(SocketError::from).and_then(&mut take);
            outcome = outcome.and(taken);
        }
        outcome
    }
}
