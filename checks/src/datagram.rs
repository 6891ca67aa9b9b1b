//! One question and its answer over UDP: sent twice at most, and datagrams that are no answer are waited past.

use crate::net::{self, Progress, reason_of};
use crate::{Failure, Reason, Target};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

/// The longest datagram that is looked at; of a longer one its beginning.
const LONGEST: usize = 4096;

/// What a datagram means.
pub(crate) enum Datagram<T> {
    /// It is the answer.
    Answer(T),
    /// It is none, and why, for the case that nothing better comes.
    Stray(&'static str),
}

/// A socket towards `target`.
pub(crate) async fn open(target: Target, progress: &mut Progress) -> Result<UdpSocket, Failure> {
    progress.connecting();
    net::udp(target, progress).await
}

/// Sends `request`, once more when half of `deadline` has passed, and gives what comes to `judge` until that has an answer.
/// Anybody may send anything over UDP, so a stray datagram decides nothing; but where nothing else has come shortly before
/// the deadline, it is a better reason than silence.
pub(crate) async fn exchange<T>(
    socket: &UdpSocket,
    request: &[u8],
    deadline: Duration,
    progress: &mut Progress,
    mut judge: impl FnMut(&[u8]) -> Datagram<T>,
) -> Result<T, Failure> {
    let started = Instant::now();
    let mut buffer = vec![0; LONGEST];
    let mut received = 0;
    let mut stray = None;
    for patience in [deadline / 2, deadline - deadline / 10] {
        progress.phase = crate::Phase::Send;
        socket.send(request).await.map_err(|error| progress.failure(reason_of(&error, received)))?;
        progress.wrote(request);
        progress.sent();
        let waiting = async {
            loop {
                let count =
                    socket.recv(&mut buffer).await.map_err(|error| progress.failure(reason_of(&error, received)))?;
                progress.received();
                received += count as u64;
                progress.read(buffer.get(..count).unwrap_or_default());
                match judge(buffer.get(..count).unwrap_or_default()) {
                    Datagram::Answer(answer) => return Ok(answer),
                    Datagram::Stray(why) => stray = Some(why),
                }
            }
        };
        if let Ok(result) = timeout_at(started + patience, waiting).await {
            return result;
        }
    }
    match stray {
        Some(why) => Err(progress.failure(Reason::Protocol(why.to_owned()))),
        None => Err(progress.failure(Reason::Timeout(deadline))),
    }
}
