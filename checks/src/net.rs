//! Sockets towards one real server, with errors already in the words of a [`Reason`].

use crate::{Failure, Phase, Reason, Target, Timings};
use std::io;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

/// How far a running probe has come: what the verdict says if the deadline cuts it off.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    /// The phase it is in.
    pub(crate) phase: Phase,
    /// Finished phases.
    pub(crate) timings: Timings,
}

impl Progress {
    /// A probe begins.
    #[allow(clippy::disallowed_methods, reason = "phase timings are measured, nothing is decided by them")]
    pub(crate) fn start() -> Self {
        Self { started: Instant::now(), phase: Phase::Connect, timings: Timings::default() }
    }
    /// Time since the beginning.
    pub(crate) fn elapsed(&self) -> std::time::Duration {
        self.started.elapsed()
    }
    /// The connection is there; sending begins.
    pub(crate) fn connected(&mut self) {
        self.timings.connect = Some(self.elapsed());
        self.phase = Phase::Send;
    }
    /// TLS is there; sending begins.
    pub(crate) fn secured(&mut self) {
        self.timings.tls = Some(self.elapsed());
        self.phase = Phase::Send;
    }
    /// Bytes of the answer have arrived.
    pub(crate) fn received(&mut self) {
        if self.timings.first_byte.is_none() {
            self.timings.first_byte = Some(self.elapsed());
        }
        self.phase = Phase::Receive;
    }
    /// A failure in the phase it is in.
    pub(crate) fn failure(&self, reason: Reason) -> Failure {
        Failure { phase: self.phase, reason }
    }
}

/// The reason behind an I/O error; `bytes` have been received so far.
pub(crate) fn reason_of(error: &io::Error, bytes: u64) -> Reason {
    use io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => Reason::Refused,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => Reason::Reset(bytes),
        ErrorKind::UnexpectedEof => Reason::Closed(bytes),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Reason::Unreachable(words(error)),
        _ => Reason::Local(words(error)),
    }
}

/// The error's words without "(os error N)", lower-case first letter.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

/// Connects; on success the progress stands at `Send`.
pub(crate) async fn connect(target: Target, progress: &mut Progress) -> Result<TcpStream, Failure> {
    let address = SocketAddr::new(target.address, target.port);
    let connecting = async {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.connect(address).await
    };
    match connecting.await {
        Ok(stream) => {
            progress.connected();
            Ok(stream)
        }
        Err(error) => Err(progress.failure(reason_of(&error, 0))),
    }
}

/// A connected UDP socket: ICMP errors come back as errors of send and recv.
pub(crate) async fn udp(target: Target, progress: &mut Progress) -> Result<UdpSocket, Failure> {
    let address = SocketAddr::new(target.address, target.port);
    let opening = async {
        let local: SocketAddr = if address.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
        let socket = UdpSocket::bind(local).await?;
        socket.connect(address).await?;
        Ok(socket)
    };
    match opening.await {
        Ok(socket) => {
            progress.connected();
            Ok(socket)
        }
        Err(error) => Err(progress.failure(reason_of(&error, 0))),
    }
}
