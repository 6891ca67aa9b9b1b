//! A spec made ready for one target, and the one deadline around everything.

use crate::net::Progress;
use crate::{Reason, Spec, Target, Timings, Verdict};
use std::time::Duration;

/// A probe that is ready to run any number of times. Cheap to keep: no connection stays open in it.
#[derive(Debug)]
pub struct Probe {
    spec: Spec,
    target: Target,
}

impl Probe {
    /// Prepares (a TLS client, say). An error is about the spec, not the peer: an unreadable `tlsca`.
    pub fn new(spec: Spec, target: Target) -> Result<Self, Reason> {
        Ok(Self { spec, target })
    }
    /// Whom it asks.
    pub fn target(&self) -> Target {
        self.target
    }
    /// What it asks.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }
    /// Asks once. Ends within `deadline` whatever the peer does; dropping the future closes everything at once.
    /// Must run inside a tokio runtime with io and time enabled.
    pub async fn run(&self, deadline: Duration) -> Verdict {
        let mut progress = Progress::start();
        let asking = async {
            match &self.spec {
                Spec::Sip(sip) => crate::sip::run(sip, self.target, &mut progress).await,
                Spec::SimpleTcp(simple) => crate::simpletcp::run(simple, self.target, &mut progress).await,
                Spec::External(external) => crate::external::run(external, self.target, &mut progress).await,
                other => Err(progress.failure(Reason::Internal(format!("no check {}", other.name())))),
            }
        };
        let asked = tokio::time::timeout(deadline, asking).await;
        let result = asked.unwrap_or_else(|_| Err(progress.failure(Reason::Timeout(deadline))));
        Verdict { result, timings: Timings { total: progress.elapsed(), ..progress.timings } }
    }
}
