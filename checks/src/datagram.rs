//! One question and its answer over UDP: sent more than once, and datagrams that are no answer are waited past.

use crate::net::{self, Progress, reason_of};
use crate::{Failure, Reason, Target};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

/// The longest datagram that is looked at; of a longer one its beginning.
const LONGEST: usize = 4096;

/// What a datagram means.
pub(crate) enum Datagram<T> {
    /// It is the answer.
    Answer(T),
    /// The answer is under way.
    Provisional,
    /// It is none, and why, for the case that nothing better comes.
    Stray(&'static str),
}

/// When a question is sent again while there is no answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Repeat {
    /// Once, when half of the deadline has passed.
    Once,
    /// After `first`, then after twice as long each time up to `longest`; from a provisional answer on after `longest`.
    Doubling {
        /// The first pause.
        first: Duration,
        /// The longest one.
        longest: Duration,
    },
}

/// A question.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) socket: &'a UdpSocket,
    /// Where it goes; unset: whom the socket is connected to.
    pub(crate) to: Option<SocketAddr>,
    pub(crate) request: &'a [u8],
    pub(crate) repeat: Repeat,
    pub(crate) deadline: Duration,
}

/// A socket towards `target`.
pub(crate) async fn open(target: Target, progress: &mut Progress) -> Result<UdpSocket, Failure> {
    progress.connecting();
    net::udp(target, progress).await
}

/// Sends `request`, once more when half of `deadline` has passed, and gives what comes to `judge` until that has an answer.
pub(crate) async fn exchange<T>(
    socket: &UdpSocket,
    request: &[u8],
    deadline: Duration,
    progress: &mut Progress,
    mut judge: impl FnMut(&[u8]) -> Datagram<T>,
) -> Result<T, Failure> {
    let question = Question { socket, to: None, request, repeat: Repeat::Once, deadline };
    question.ask(progress, |datagram, _| judge(datagram)).await
}

impl Question<'_> {
    /// Sends it, and gives what comes, with where it came from, to `judge` until that has an answer. Anybody may send anything
    /// over UDP, so a stray datagram decides nothing; but where nothing else has come shortly before the deadline, it is a
    /// better reason than silence.
    pub(crate) async fn ask<T>(
        &self,
        progress: &mut Progress,
        mut judge: impl FnMut(&[u8], SocketAddr) -> Datagram<T>,
    ) -> Result<T, Failure> {
        let started = Instant::now();
        let last = started + (self.deadline - self.deadline / 10);
        let mut hearing = Hearing { buffer: vec![0; LONGEST], received: 0, stray: None };
        let mut pause = match self.repeat {
            Repeat::Once => self.deadline / 2,
            Repeat::Doubling { first, .. } => first,
        };
        loop {
            progress.phase = crate::Phase::Send;
            let sent = match self.to {
                Some(address) => self.socket.send_to(self.request, address).await,
                None => self.socket.send(self.request).await,
            };
            sent.map_err(|error| progress.failure(reason_of(&error, hearing.received)))?;
            progress.sent();
            let until = (Instant::now() + pause).min(last);
            let mut provisional = false;
            let waiting = hearing.answer(self.socket, progress, &mut provisional, &mut judge);
            if let Ok(result) = timeout_at(until, waiting).await {
                return result;
            }
            if until == last {
                break;
            }
            pause = match self.repeat {
                Repeat::Once => self.deadline,
                Repeat::Doubling { longest, .. } if provisional => longest,
                Repeat::Doubling { longest, .. } => pause.saturating_mul(2).min(longest),
            };
        }
        match hearing.stray {
            Some(why) => Err(progress.failure(Reason::Protocol(why.to_owned()))),
            None => Err(progress.failure(Reason::Timeout(self.deadline))),
        }
    }
}

/// What has been heard so far.
struct Hearing {
    buffer: Vec<u8>,
    received: u64,
    stray: Option<&'static str>,
}

impl Hearing {
    async fn answer<T>(
        &mut self,
        socket: &UdpSocket,
        progress: &mut Progress,
        provisional: &mut bool,
        judge: &mut impl FnMut(&[u8], SocketAddr) -> Datagram<T>,
    ) -> Result<T, Failure> {
        loop {
            let heard = socket.recv_from(&mut self.buffer).await;
            let (count, from) = heard.map_err(|error| progress.failure(reason_of(&error, self.received)))?;
            progress.received();
            self.received += count as u64;
            match judge(self.buffer.get(..count).unwrap_or_default(), from) {
                Datagram::Answer(answer) => return Ok(answer),
                Datagram::Provisional => *provisional = true,
                Datagram::Stray(why) => self.stray = Some(why),
            }
        }
    }
}
