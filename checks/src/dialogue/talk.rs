//! One connection, line by line: sending, hearing, starting TLS on the way, and the peer's words made fit for a reason.
//! Every step leaves the phase that the verdict names if it is the last one.

use super::mask::Mask;
use crate::line::{Limits, Lines, short};
use crate::net::{self, Progress, reason_of};
use crate::spec::{Dialogue, Security};
use crate::stream::Stream;
use crate::{Failure, Reason, Target, Tls, tls};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// What a peer may say in one dialogue, before TLS and again behind it. Lines of mail servers end at 512 bytes (RFC 5321,
/// 4.5.3.1.5), those of SSH at 255; capabilities and welcome texts are longer, and none comes near this.
const LIMITS: Limits = Limits { line: 8 * 1024, lines: 512, total: 64 * 1024 };
/// How long the answer to a goodbye is waited for; the verdict stands already.
const COURTESY: Duration = Duration::from_secs(1);
/// The first two bytes of a TLS record that is an alert or a handshake (RFC 8446, 5.1).
const TLS_RECORDS: [&[u8]; 2] = [&[0x15, 3], &[0x16, 3]];
/// The beginning of an answer that is kept for the reason.
const EXCERPT: usize = 60;

/// A dialogue under way.
pub(super) struct Talk<'a> {
    /// What is asked.
    pub(super) spec: &'a Dialogue,
    /// Whom.
    pub(super) target: Target,
    /// How far it has come.
    pub(super) progress: &'a mut Progress,
    lines: Lines<Stream>,
    tls: Option<Arc<ClientConfig>>,
    mask: Mask,
    deadline: Duration,
}

impl<'a> Talk<'a> {
    /// Connects; the TLS handshake follows where TLS comes first.
    pub(super) async fn open(
        spec: &'a Dialogue,
        tls: Option<Arc<ClientConfig>>,
        target: Target,
        deadline: Duration,
        progress: &'a mut Progress,
    ) -> Result<Self, Failure> {
        progress.connecting();
        let stream = net::connect(target, progress).await?;
        // The first line behind a handshake would wait for the handshake's acknowledgement.
        let _ = stream.set_nodelay(true);
        let stream = match (&spec.security, tls.clone()) {
            (Security::Tls(setting), Some(config)) => secure(config, setting, target, stream, progress).await?,
            _ => Stream::Plain(stream),
        };
        progress.sent();
        Ok(Self { spec, target, progress, lines: Lines::new(stream, LIMITS), tls, mask: Mask::new(spec), deadline })
    }

    /// Sends `text` and CRLF.
    pub(super) async fn send(&mut self, text: &str) -> Result<(), Failure> {
        self.send_bytes(format!("{text}\r\n").as_bytes()).await
    }
    /// Sends bytes as they are.
    pub(super) async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let received = self.lines.received() as u64;
        let stream = self.lines.stream();
        let sending = async {
            stream.write_all(bytes).await?;
            stream.flush().await
        };
        let sent = sending.await;
        self.progress.sent();
        sent.map_err(|error| self.failure(of_stream(&error, received)))
    }

    /// The next line without its end; a line that the peer did not finish has not been said.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, Failure> {
        loop {
            // A TLS record need not have a newline: waiting for one would end at the deadline without a word of why.
            if TLS_RECORDS.iter().any(|record| self.lines.buffered().starts_with(record)) {
                return Err(self.failure(Reason::Protocol("the server speaks TLS on this port".to_owned())));
            }
            if !self.lines.buffered().is_empty() || self.fill().await? == 0 {
                break;
            }
        }
        let line = self.lines.next().await.map_err(|reason| self.failure(reason))?;
        let Some(mut line) = line.filter(|line| line.ends_with(b"\n")) else {
            return Err(self.failure(Reason::Closed(self.lines.received() as u64)));
        };
        self.progress.received();
        line.pop();
        if line.ends_with(b"\r") {
            line.pop();
        }
        Ok(line)
    }
    async fn fill(&mut self) -> Result<usize, Failure> {
        self.lines.fill().await.map_err(|reason| self.failure(reason))
    }
    /// Steps over the next `length` bytes, whatever is in them.
    pub(super) async fn skip(&mut self, length: usize) -> Result<(), Failure> {
        self.lines.skip(length).await.map_err(|reason| self.failure(reason))
    }

    /// Whether TLS begins with the connection.
    pub(super) fn begins_with_tls(&self) -> bool {
        matches!(self.spec.security, Security::Tls(_))
    }
    /// Another connection to the peer, secured where this one is from its beginning.
    pub(super) async fn secured(&self, stream: tokio::net::TcpStream) -> Result<Stream, Failure> {
        match (&self.spec.security, self.tls.clone()) {
            (Security::Tls(setting), Some(config)) => {
                // The phases and timings are those of the first connection.
                secure(config, setting, self.target, stream, &mut Progress::start()).await
            }
            _ => Ok(Stream::Plain(stream)),
        }
    }
    /// Whether TLS begins in the middle of the dialogue.
    pub(super) fn starttls(&self) -> bool {
        matches!(self.spec.security, Security::Starttls(_))
    }
    /// The handshake, once the peer has agreed. What it said before TLS is not to be believed, so nothing may be left of it
    /// (CVE-2011-0411 and its many relatives).
    pub(super) async fn upgrade(self) -> Result<Self, Failure> {
        if !self.lines.buffered().is_empty() {
            let what = "more than the reply to STARTTLS before TLS began";
            return Err(self.failure(Reason::Protocol(what.to_owned())));
        }
        let (Security::Starttls(setting), Some(config), Stream::Plain(stream)) =
            (&self.spec.security, self.tls.clone(), self.lines.into_stream())
        else {
            let reason = Reason::Internal("TLS begins where it cannot".to_owned());
            return Err(Failure { phase: crate::Phase::Tls, reason });
        };
        let stream = secure(config, setting, self.target, stream, self.progress).await?;
        self.progress.sent();
        Ok(Self { lines: Lines::new(stream, LIMITS), ..self })
    }

    /// The pattern, if any, is looked for in `text`.
    pub(super) fn matching(&mut self, text: &[u8]) -> Result<(), Failure> {
        let Some(pattern) = &self.spec.receive else { return Ok(()) };
        self.progress.matching();
        match pattern.is_match(text) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let excerpt = net::excerpt(&self.mask.over(text), EXCERPT);
                Err(self.failure(Reason::NoMatch { bytes: text.len(), excerpt }))
            }
            Err(words) => Err(self.failure(Reason::Pattern(words))),
        }
    }

    /// The peer's words as one short line without any password.
    pub(super) fn words(&self, text: &[u8]) -> String {
        short(&self.mask.over(text))
    }
    /// A failure in the phase it is in.
    pub(super) fn failure(&self, reason: Reason) -> Failure {
        self.progress.failure(reason)
    }
    /// The peer said no to `what`.
    pub(super) fn rejected(&self, what: &'static str, reply: &[u8]) -> Failure {
        self.failure(Reason::Rejected { what, reply: self.words(reply) })
    }
    /// The peer said what nobody says in this protocol.
    pub(super) fn nonsense(&self, protocol: &str, line: &[u8]) -> Failure {
        let words = self.words(line);
        let words = if words.is_empty() { "an empty line" } else { &words };
        self.failure(Reason::Protocol(format!("not {protocol}: {words}")))
    }

    /// Says goodbye and waits a moment for the peer to do so or to close, so that its log has a good end and the connection's
    /// remains are on its side. All that counts is decided: nothing that happens here is looked at, and it ends before the
    /// deadline.
    pub(super) async fn close(mut self, farewell: &str) {
        let left = self.deadline.saturating_sub(self.progress.elapsed()) / 2;
        let parting = async {
            if !farewell.is_empty() && self.send(farewell).await.is_ok() {
                let _ = self.line().await;
            }
            let _ = self.lines.stream().shutdown().await;
        };
        let _ = timeout(left.min(COURTESY), parting).await;
    }
}

async fn secure(
    config: Arc<ClientConfig>,
    setting: &Tls,
    target: Target,
    stream: tokio::net::TcpStream,
    progress: &mut Progress,
) -> Result<Stream, Failure> {
    let stream = tls::handshake(config, setting.name.as_deref(), target.address, stream, progress).await?;
    Ok(Stream::Secured(Box::new(stream)))
}

/// The reason behind an error of a stream that may be TLS.
fn of_stream(error: &std::io::Error, received: u64) -> Reason {
    tls::reason(error).unwrap_or_else(|| reason_of(error, received))
}
