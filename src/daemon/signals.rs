//! Signals as values. The terminating ones are ldirectord's (those that may be caught at all); USR1, USR2 and ALRM no longer kill.
#![allow(clippy::disallowed_methods, reason = "signals are waited for by tasks of the runtime")]

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An orderly end; the signal's name without SIG.
    End(&'static str),
    /// A reload.
    Reload,
    /// Nothing: it is only kept from killing.
    Nothing(&'static str),
}

/// Linux numbers of the signals that tokio has no name for.
const XCPU: i32 = 24;
const XFSZ: i32 = 25;
const SYS: i32 = 31;

/// All of them, ready to be received. Must run inside a runtime.
#[derive(Debug)]
pub struct Signals(mpsc::Receiver<Asked>);

impl Signals {
    /// Catches them from now on.
    pub fn catch() -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(16);
        let kinds = [
            (SignalKind::terminate(), Asked::End("TERM")),
            (SignalKind::interrupt(), Asked::End("INT")),
            (SignalKind::quit(), Asked::End("QUIT")),
            (SignalKind::from_raw(XCPU), Asked::End("XCPU")),
            (SignalKind::from_raw(XFSZ), Asked::End("XFSZ")),
            (SignalKind::from_raw(SYS), Asked::End("SYS")),
            (SignalKind::hangup(), Asked::Reload),
            (SignalKind::user_defined1(), Asked::Nothing("USR1")),
            (SignalKind::user_defined2(), Asked::Nothing("USR2")),
            (SignalKind::alarm(), Asked::Nothing("ALRM")),
        ];
        for (kind, asked) in kinds {
            let caught = signal(kind)?;
            tokio::task::spawn(pass_on(caught, asked, sender.clone()));
        }
        // Rust starts every process with PIPE ignored.
        Ok(Self(receiver))
    }

    /// The next one.
    pub async fn next(&mut self) -> Asked {
        match self.0.recv().await {
            Some(asked) => asked,
            None => std::future::pending().await,
        }
    }
}

async fn pass_on(mut caught: Signal, asked: Asked, sender: mpsc::Sender<Asked>) {
    while caught.recv().await.is_some() {
        if sender.send(asked).await.is_err() {
            return;
        }
    }
}
