//! Sockets towards one real server, with errors already in the words of a [`Reason`].

use crate::trace::Tap;
use crate::{Failure, Phase, Reason, Target, Timings};
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::Instant;

/// How far a running probe has come: what the verdict says if the deadline cuts it off.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    /// The phase it is in.
    pub(crate) phase: Phase,
    /// Finished phases.
    pub(crate) timings: Timings,
    /// Where the conversation is written down; unset: nobody wants to see it.
    pub(crate) tap: Option<Tap>,
    /// The server of the present connection asked for a client certificate, and there is none.
    pub(crate) unidentified: bool,
}

impl Progress {
    /// A probe begins.
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            phase: Phase::Connect,
            timings: Timings::default(),
            tap: None,
            unidentified: false,
        }
    }
    /// A probe begins that may be watched.
    pub(crate) fn watched(tap: Option<Tap>) -> Self {
        Self { tap, ..Self::start() }
    }
    /// A second connection of the same probe begins.
    pub(crate) fn beside(&self) -> Self {
        Self { tap: self.tap.as_ref().map(Tap::beside), ..Self::start() }
    }
    /// Tells the one who watches, if somebody does.
    pub(crate) fn tell(&self, what: impl FnOnce(&Tap)) {
        if let Some(tap) = &self.tap {
            what(tap);
        }
    }
    /// These bytes went to the peer.
    pub(crate) fn wrote(&self, bytes: &[u8]) {
        self.tell(|tap| tap.wrote(bytes));
    }
    /// These bytes came from the peer.
    pub(crate) fn read(&self, bytes: &[u8]) {
        self.tell(|tap| tap.read(bytes));
    }
    /// Something else happened.
    pub(crate) fn note(&self, words: impl FnOnce() -> String) {
        self.tell(|tap| tap.note(&words()));
    }
    /// These bytes prove that a secret is known, and are not to be shown: [`Tap::conceal`].
    pub(crate) fn conceal(&self, proof: &[u8]) {
        self.tell(|tap| tap.conceal(proof));
    }
    /// It had begun before.
    pub(crate) fn began(&mut self, at: Instant) {
        self.started = at;
    }
    /// Time since the beginning.
    pub(crate) fn elapsed(&self) -> std::time::Duration {
        self.started.elapsed()
    }
    /// A name is to be resolved first.
    pub(crate) fn resolving(&mut self) {
        self.phase = Phase::Resolve;
    }
    /// The name has an address.
    pub(crate) fn resolved(&mut self) {
        self.timings.resolve = Some(self.elapsed());
        self.phase = Phase::Connect;
    }
    /// A connection begins, the first one or that of a followed redirect: the timings are those of the last one.
    pub(crate) fn connecting(&mut self) {
        self.timings = Timings { resolve: self.timings.resolve, ..Timings::default() };
        self.unidentified = false;
        self.phase = Phase::Connect;
    }
    /// The connection is there; sending begins.
    pub(crate) fn connected(&mut self) {
        self.timings.connect = Some(self.elapsed());
        self.phase = Phase::Send;
    }
    /// The TLS handshake begins.
    pub(crate) fn securing(&mut self) {
        self.phase = Phase::Tls;
    }
    /// TLS is there; sending begins.
    pub(crate) fn secured(&mut self) {
        self.timings.tls = Some(self.elapsed());
        self.phase = Phase::Send;
    }
    /// All is sent; the answer is awaited.
    pub(crate) fn sent(&mut self) {
        self.phase = Phase::Receive;
    }
    /// Bytes of the answer have arrived.
    pub(crate) fn received(&mut self) {
        if self.timings.first_byte.is_none() {
            self.timings.first_byte = Some(self.elapsed());
        }
        self.phase = Phase::Receive;
    }
    /// The answer is complete and is compared.
    pub(crate) fn matching(&mut self) {
        self.phase = Phase::Match;
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
    progress.note(|| format!("connecting to {address}"));
    let connecting = async {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.connect(address).await
    };
    match connecting.await {
        Ok(stream) => {
            progress.connected();
            progress.note(|| opened("connected", address, stream.local_addr()));
            Ok(stream)
        }
        Err(error) => {
            progress.note(|| format!("no connection to {address}: {}", reason_of(&error, 0)));
            Err(progress.failure(reason_of(&error, 0)))
        }
    }
}

/// Both ends of a socket, for a person.
fn opened(how: &str, address: SocketAddr, local: io::Result<SocketAddr>) -> String {
    match local {
        Ok(local) => format!("{how} to {address} from {local}"),
        Err(_) => format!("{how} to {address}"),
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
            progress.note(|| opened("UDP socket", address, socket.local_addr()));
            Ok(socket)
        }
        Err(error) => Err(progress.failure(reason_of(&error, 0))),
    }
}

/// The beginning of what a peer said, for a person: at most `limit` characters of lossy UTF-8, one line, no control
/// characters.
pub(crate) fn excerpt(bytes: &[u8], limit: usize) -> String {
    let head = bytes.get(..limit.saturating_mul(4)).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    let clean = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    clean.take(limit).collect::<String>().trim().to_owned()
}
