//! A spec made ready for one target, and the one deadline around everything.

mod prepared;

use crate::net::Progress;
use crate::trace::{Entry, Tap};
use crate::{Failure, Reason, Secret, Spec, Target, Verdict, tls};
use prepared::{Prepared, Turn};
use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// A probe that is ready to run any number of times. Cheap to keep: no connection stays open in it.
#[derive(Debug)]
pub struct Probe {
    target: Target,
    prepared: Prepared,
    /// What nobody who watches may see.
    secrets: Vec<Secret>,
    /// Whether what it says is no text.
    binary: bool,
}

impl Probe {
    /// Prepares (a TLS configuration, say). An error is about the spec, not the peer: an unreadable `tlsca`, a request that
    /// is no URL where one is needed. Reads the files of `tlsca`, `tlscert` and `tlskey`, and the system's authorities the first time.
    pub fn new(spec: Spec, target: Target) -> Result<Self, Reason> {
        let (secrets, binary) = (spec.secrets(), spec.is_binary());
        Ok(Self { target, prepared: Prepared::new(spec, target)?, secrets, binary })
    }
    /// Whom it asks.
    pub fn target(&self) -> Target {
        self.target
    }
    /// Asks once. Ends within `deadline` whatever the peer does, once there is room: where as many programs run as may
    /// ([`crate::programs_at_most`]) a check by a program waits before its time begins. Dropping the future closes everything at once.
    /// A panic in a probe ends here and becomes [`Reason::Internal`] (the panic hook has printed its place).
    /// Must run inside a tokio runtime with io and time enabled; the deadline is on that runtime's clock.
    pub fn run(&self, deadline: Duration) -> impl Future<Output = Verdict> + Send + '_ {
        self.run_with(None, deadline)
    }
    /// Likewise, with the conversation: what was sent and received, inside of TLS, in bounded memory and without the secrets of
    /// the spec in any form.
    pub async fn trace(&self, deadline: Duration) -> (Verdict, Vec<Entry>) {
        let tap = Tap::start();
        let verdict = tap.around(self.run_with(Some(tap.clone()), deadline)).await;
        (verdict, tap.entries(self.binary, &self.secrets))
    }

    async fn run_with(&self, tap: Option<Tap>, deadline: Duration) -> Verdict {
        // Boxed: it is of no use to most.
        let turn = if self.prepared.takes_turns() {
            Box::pin(self.prepared.turn(self.target, deadline, tap.as_ref())).await
        } else {
            Turn::Free
        };
        let mut progress = Progress::watched(tap);
        // The progress is borrowed by the asking only: where the deadline cuts that off, it still knows the phase.
        let asking = self.prepared.ask(turn, self.target, deadline, &mut progress);
        let asked = tokio::time::timeout(deadline, unpanicked(asking)).await;
        let result = match asked {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(progress.failure(Reason::Internal(panic))),
            Err(_) => Err(progress.failure(Reason::Timeout(deadline))),
        };
        let result = result.map_err(|failure| match progress.unidentified {
            true => Failure { reason: tls::unidentified(failure.reason), ..failure },
            false => failure,
        });
        let mut timings = progress.timings;
        timings.total = progress.elapsed();
        Verdict { result, timings }
    }
}

/// Polls `future`; a panic in it becomes an error with the panic's message. It is not polled again after that.
async fn unpanicked<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(message(panic.as_ref()))),
    })
    .await
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a message".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;

    /// What a check in flight costs: thousands wait at once when a rack dies.
    #[test]
    fn futures_are_small() {
        let target = Target { address: [127, 0, 0, 1].into(), port: 80 };
        let http = crate::Http {
            tls: None,
            method: crate::Method::Get,
            request: "/".to_owned(),
            host: None,
            receive: None,
            redirect: crate::Redirect::Follow,
            http2: false,
            proxy: false,
            kube: None,
        };
        let probe = Probe::new(Spec::Http(Box::new(http)), target).unwrap();
        let outer = std::mem::size_of_val(&probe.run(Duration::from_secs(1)));
        let mut progress = Progress::start();
        let Prepared::Http(pair) = &probe.prepared else { panic!("{probe:?}") };
        let inner = std::mem::size_of_val(&pair.1.run(&pair.0, target, &mut progress));
        assert!(outer <= 1536 && inner <= 3072, "the probe's future has {outer} bytes, the exchange's {inner}");
    }

    #[tokio::test]
    async fn a_panic_becomes_words() {
        assert_eq!(unpanicked(async { 7 }).await, Ok(7));
        let panicking = async {
            tokio::task::yield_now().await;
            panic!("index {} of 3", 5)
        };
        assert_eq!(unpanicked::<_>(panicking).await, Err::<(), _>("index 5 of 3".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_is_on_the_runtimes_clock_and_names_the_phase() {
        // 192.0.2.0/24 (RFC 5737) answers nobody; where a machine has no route there, that is said instead.
        let target = Target { address: [192, 0, 2, 1].into(), port: 80 };
        let verdict = Probe::new(Spec::Connect, target).unwrap().run(Duration::from_secs(3600)).await;
        let failure = verdict.result.unwrap_err();
        assert_eq!(failure.phase, Phase::Connect);
        match failure.reason {
            Reason::Timeout(deadline) => {
                assert_eq!(deadline, Duration::from_secs(3600));
                assert!(verdict.timings.total >= deadline);
            }
            Reason::Unreachable(_) | Reason::Refused => {}
            other => panic!("{other:?}"),
        }
    }
}
