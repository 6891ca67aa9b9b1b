//! Dialogues in lines: one file a protocol, all of one shape. Each gets a [`Talk`] that is connected (and secured, where TLS
//! comes first), waits for what it needs to hear, and ends in an [`Outcome`] or a failure. Memory, lines and bytes are
//! bounded by the talk, time by the deadline around it.

mod ftp;
mod imap;
mod mask;
mod memcached;
mod nntp;
mod pop;
mod redis;
mod reply;
mod smtp;
mod ssh;
mod talk;

use crate::net::Progress;
use crate::spec::{Dialogue, LineProtocol, Security};
use crate::{Failure, Reason, Success, Target, tls};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use talk::Talk;

/// What is the same for every run of a check.
#[derive(Debug)]
pub(crate) struct Prepared {
    tls: Option<Arc<ClientConfig>>,
}

/// A protocol that has heard all it needs: the verdict is up.
struct Outcome<'a> {
    talk: Talk<'a>,
    /// The peer's words, already masked and short.
    words: String,
    /// What says goodbye; empty: nothing, the connection is closed.
    farewell: &'static str,
}

impl Prepared {
    /// Judges the spec: what would not fit into a line, TLS where the protocol has none, the authorities.
    pub(crate) fn new(spec: &Dialogue) -> Result<Self, Reason> {
        let login = spec.login.as_ref();
        let texts = [
            ("request", spec.request.as_str()),
            ("login", login.map_or("", |login| login.name.as_str())),
            ("passwd", login.map_or("", |login| login.password.reveal())),
        ];
        // A line break would be a second command. RESP alone counts bytes, and there it is as harmless as anything else.
        let breaks = |text: &str| text.contains(['\r', '\n', '\0']);
        if let Some((what, _)) = texts.iter().find(|(_, text)| breaks(text)) {
            return Err(Reason::Local(format!("a line break or NUL in {what} cannot be sent")));
        }
        let upgrades = matches!(
            spec.protocol,
            LineProtocol::Smtp | LineProtocol::Submission | LineProtocol::Pop | LineProtocol::Imap | LineProtocol::Nntp
        );
        let tls = match &spec.security {
            Security::Plain => None,
            Security::Starttls(_) if !upgrades => {
                return Err(Reason::Local(format!("{} has no STARTTLS here", spec.name())));
            }
            Security::Tls(tls) | Security::Starttls(tls) => Some(tls::config(tls, false)?),
        };
        Ok(Self { tls })
    }

    /// Asks once.
    pub(crate) async fn run(
        &self,
        spec: &Dialogue,
        target: Target,
        deadline: Duration,
        progress: &mut Progress,
    ) -> Result<Success, Failure> {
        let talk = Talk::open(spec, self.tls.clone(), target, deadline, progress).await?;
        let outcome = match spec.protocol {
            LineProtocol::Smtp | LineProtocol::Submission => smtp::run(talk).await,
            LineProtocol::Pop => pop::run(talk).await,
            LineProtocol::Imap => imap::run(talk).await,
            LineProtocol::Ftp => ftp::run(talk).await,
            LineProtocol::Nntp => nntp::run(talk).await,
            LineProtocol::Redis => redis::run(talk).await,
            LineProtocol::Memcached => memcached::run(talk).await,
            LineProtocol::Ssh => ssh::run(talk).await,
        }?;
        outcome.talk.close(outcome.farewell).await;
        Ok(Success { words: outcome.words, answered_by: None })
    }
}
