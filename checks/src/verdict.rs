//! What a probe found: up or down, in which phase, how long each phase took, and in the peer's words, short.

use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// The result of one probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Up, or down with its reason.
    pub result: Result<Success, Failure>,
    /// How long the phases took that were reached.
    pub timings: Timings,
}

impl Verdict {
    /// Whether the real server passed.
    pub fn is_up(&self) -> bool {
        self.result.is_ok()
    }
    /// The reason or the peer's words, one line, at most about 120 characters, no control characters.
    pub fn words(&self) -> String {
        match &self.result {
            Ok(success) => success.words.clone(),
            Err(failure) => failure.to_string(),
        }
    }
}

/// A probe passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Success {
    /// The peer's words, short: `200 OK`.
    pub words: String,
    /// Set when the answer came from another host than the checked real (a redirect was followed): its URL.
    pub answered_by: Option<String>,
}

/// A probe failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How far it came.
    pub phase: Phase,
    /// Why it ended there.
    pub reason: Reason,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.phase, self.reason)
    }
}

/// The steps of a check, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Turning a name into an address.
    Resolve,
    /// Establishing the connection (or starting the program).
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for and reading the answer (or the program's end).
    Receive,
    /// Comparing the answer with what is wanted.
    Match,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Receive => "receive",
            Self::Match => "match",
        })
    }
}

/// Why a probe failed; displayed in words an operator can act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The name has no address.
    #[error("{0} does not resolve")]
    Unresolved(String),
    /// RST, or ICMP port unreachable.
    #[error("connection refused")]
    Refused,
    /// ICMP unreachable or no route: the errno's words.
    #[error("{0}")]
    Unreachable(String),
    /// The deadline passed.
    #[error("no answer within {} s", format_seconds(*.0))]
    Timeout(Duration),
    /// The peer closed before it had said enough.
    #[error("connection closed by the server after {0} bytes")]
    Closed(u64),
    /// RST in the middle.
    #[error("connection reset by the server after {0} bytes")]
    Reset(u64),
    /// TLS did not come about; rustls' or the certificate check's words.
    #[error("{0}")]
    Tls(String),
    /// An HTTP or SIP status that is not success.
    #[error("{code} {phrase}")]
    Status {
        /// Status code
        code: u16,
        /// The server's phrase, short.
        phrase: String,
    },
    /// A proper answer that is not the wanted one: what it says.
    #[error("{0}")]
    Answer(String),
    /// The server understood and said no; its reply in its own words.
    #[error("{what} refused: {reply}")]
    Rejected {
        /// What it refused: `login`, `service` (by its greeting), a command.
        what: &'static str,
        /// The reply, short, with every password in it masked.
        reply: String,
    },
    /// A second connection that the protocol needs did not come about or broke off (FTP's data connection).
    #[error("data connection to port {port}: {reason}")]
    Data {
        /// The port that the server named.
        port: u16,
        /// Why.
        reason: Box<Reason>,
    },
    /// The answer is not what the protocol allows.
    #[error("not a valid answer: {0}")]
    Protocol(String),
    /// The answer goes over a limit of ours.
    #[error("{what} longer than {limit} bytes")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// The answer has more parts than a limit of ours.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Which parts.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The pattern was not found.
    #[error("pattern not found in {bytes} bytes starting {excerpt:?}")]
    NoMatch {
        /// Size of what was looked at.
        bytes: usize,
        /// Its beginning, lossy UTF-8.
        excerpt: String,
    },
    /// The pattern gave up (backtrack limit).
    #[error("pattern gave up: {0}")]
    Pattern(String),
    /// A program ended with another code than 0; its last line of output.
    #[error("exit code {code}{}", if .output.is_empty() { String::new() } else { format!(": {}", .output) })]
    Exit {
        /// Exit code
        code: i32,
        /// Last line of its output, short.
        output: String,
    },
    /// A program was killed by a signal.
    #[error("killed by signal {0}")]
    Signal(i32),
    /// Something on this side: no descriptors, no permission, a program that cannot be started.
    #[error("{0}")]
    Local(String),
    /// The probe itself panicked: a defect of ours, reported with its place.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Reason {
    /// The login was refused, in these words, which have no secret in them.
    pub(crate) fn login(reply: impl Into<String>) -> Self {
        Self::Rejected { what: "login", reply: reply.into() }
    }
}

fn format_seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        duration.as_secs().to_string()
    } else {
        format!("{:.3}", duration.as_secs_f64())
    }
}

/// Time from the start of the probe to the end of each phase; unset where it was not reached or does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timings {
    /// The name was resolved.
    pub resolve: Option<Duration>,
    /// Connected.
    pub connect: Option<Duration>,
    /// TLS established.
    pub tls: Option<Duration>,
    /// First byte of the answer.
    pub first_byte: Option<Duration>,
    /// Decided.
    pub total: Duration,
}
