//! A spec made ready for one target, and the one deadline around everything.

use crate::{Failure, Phase, Reason, Spec, Target, Timings, Verdict};
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
        Verdict {
            result: Err(Failure { phase: Phase::Connect, reason: Reason::Timeout(deadline) }),
            timings: Timings::default(),
        }
    }
}
