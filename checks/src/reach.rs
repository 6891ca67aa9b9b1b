//! The connect check over UDP, where there is no connection to make: an empty datagram, and the host's ping. A host on which
//! nobody has the port says so by ICMP (port unreachable; RFC 1122, 3.2.2.1, and RFC 4443, 3.1); silence says nothing, for a
//! healthy service may not answer an empty datagram, and then the ping decides.
//!
//! Linux answers one address with six such messages at once and then one a second (net.ipv4.icmp_ratelimit, net.ipv6.icmp.ratelimit).
//! Silence right after a message may be no more than that limit, so a port that was unreachable the last time is asked again
//! and again before it is believed: it comes back later, but it does not flap.

use crate::datagram;
use crate::net::{Progress, reason_of};
use crate::{Failure, Reason, Success, Target, ping};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::sleep;

/// Datagrams to a port that was unreachable, and the time between two: a little longer than the kernel's pause.
const REPEATS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(1100);
/// How much longer than an echo reply a port unreachable may be under way: it was asked for first, but other routers and the
/// other host's kernel have their own mind.
const GRACE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What is remembered from one check to the next: whether the port was unreachable.
#[derive(Debug, Default)]
pub(crate) struct Memory(AtomicBool);

/// Up when the port answers, or when it is not said to be unreachable and the host answers a ping.
pub(crate) async fn run(
    attempts: u32,
    memory: &Memory,
    target: Target,
    deadline: Duration,
    progress: &mut Progress,
) -> Result<Success, Failure> {
    let socket = datagram::open(target, progress).await?;
    progress.phase = crate::Phase::Send;
    send(&socket).await.map_err(|error| progress.failure(reason_of(&error, 0)))?;
    progress.sent();
    let unreachable = memory.0.load(Ordering::Relaxed);
    let silent = async {
        let mut echo = Progress::start();
        let result = ping::run(attempts, target, deadline, &mut echo).await;
        if result.is_ok() {
            let left = deadline.saturating_sub(echo.elapsed());
            if unreachable {
                let pause = PAUSE.min(left / (REPEATS + 1));
                for _ in 1..REPEATS {
                    sleep(pause).await;
                    let _ = send(&socket).await;
                }
                sleep(pause).await;
            } else {
                sleep((echo.elapsed() * 2).clamp(GRACE.0, GRACE.1).min(left / 2)).await;
            }
        }
        result
    };
    let heard = tokio::select! {
        biased;
        heard = answer(&socket) => Some(heard),
        // Its phase and words are the ping's own.
        echo = silent => echo.map(|_| None)?,
    };
    let refused = matches!(&heard, Some(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused);
    memory.0.store(refused, Ordering::Relaxed);
    progress.received();
    match heard {
        None => Ok(success("echo reply, and no port unreachable")),
        Some(Ok(())) => Ok(success("the port answers")),
        Some(Err(_)) if refused => Err(progress.failure(Reason::Unreachable("port unreachable".to_owned()))),
        Some(Err(error)) => Err(progress.failure(reason_of(&error, 0))),
    }
}

async fn send(socket: &UdpSocket) -> io::Result<()> {
    socket.send(&[]).await.map(drop)
}

/// Waits for a datagram, whatever is in it, or for an ICMP error.
async fn answer(socket: &UdpSocket) -> io::Result<()> {
    socket.recv(&mut [0; 1]).await.map(drop)
}

fn success(words: &str) -> Success {
    Success { words: words.to_owned(), answered_by: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Probe, Spec};
    use std::net::IpAddr;

    const DEADLINE: Duration = Duration::from_secs(20);

    /// Whether this process may ping at all; where it may not, silence cannot be judged.
    async fn may_ping(target: Target) -> bool {
        ping::run(1, target, DEADLINE, &mut Progress::start()).await.is_ok()
    }

    #[tokio::test]
    async fn a_port_answers_is_silent_or_is_not_there() {
        for address in ["127.0.0.1", "::1"] {
            let address: IpAddr = address.parse().unwrap();
            let Ok(server) = UdpSocket::bind((address, 0)).await else { continue };
            let target = Target { address, port: server.local_addr().unwrap().port() };
            let probe = Probe::new(Spec::Reach { attempts: 1 }, target).unwrap();
            let answering = async {
                let (length, from) = server.recv_from(&mut [0; 16]).await.unwrap();
                assert_eq!(length, 0, "nothing is said");
                server.send_to(b"who is there", from).await.unwrap();
            };
            let (verdict, ()) = tokio::join!(probe.run(DEADLINE), answering);
            assert_eq!(verdict.words(), "the port answers");
            if may_ping(target).await {
                assert_eq!(probe.run(DEADLINE).await.words(), "echo reply, and no port unreachable");
            }
            drop(server);
            let verdict = probe.run(DEADLINE).await;
            assert_eq!(verdict.words(), "receive: port unreachable");
            assert!(verdict.timings.total < DEADLINE / 2, "it need not wait for the deadline");
        }
    }

    #[tokio::test]
    async fn what_was_unreachable_is_asked_more_than_once_before_it_is_believed() {
        let address: IpAddr = "127.0.0.1".parse().unwrap();
        let server = UdpSocket::bind((address, 0)).await.unwrap();
        let target = Target { address, port: server.local_addr().unwrap().port() };
        if !may_ping(target).await {
            return;
        }
        let memory = Memory::default();
        memory.0.store(true, Ordering::Relaxed);
        let mut progress = Progress::start();
        let verdict = run(1, &memory, target, DEADLINE, &mut progress).await;
        assert!(verdict.is_ok(), "{verdict:?}");
        for _ in 0..REPEATS {
            server.try_recv(&mut [0; 16]).unwrap();
        }
        assert!(server.try_recv(&mut [0; 16]).is_err() && !memory.0.load(Ordering::Relaxed));
        assert!(run(1, &memory, target, DEADLINE, &mut progress).await.is_ok());
        assert!(server.try_recv(&mut [0; 16]).is_ok() && server.try_recv(&mut [0; 16]).is_err(), "once again");
    }
}
