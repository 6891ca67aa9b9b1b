//! A spec made ready for one target, and the one deadline around everything.

use crate::conversation::Secure;
use crate::net::Progress;
use crate::{ExternalKind, dns, grpc, ldap, mon, mqtt, mysql, ntp, perl, pgsql, programs, radius, reach, tls};
use crate::{
    Failure, Reason, Spec, SqlKind, Success, Target, Verdict, connect, dialogue, external, http, ping, simpletcp, sip,
};
use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// A probe that is ready to run any number of times. Cheap to keep: no connection stays open in it.
#[derive(Debug)]
pub struct Probe {
    spec: Spec,
    target: Target,
    /// What an HTTP check prepares once; unset for every other kind.
    http: Option<http::Prepared>,
    /// Likewise for a dialogue.
    dialogue: Option<dialogue::Prepared>,
    /// TLS of the other kinds, where they may need it.
    secure: Option<Secure>,
    /// What a check over UDP remembers of the last time.
    memory: reach::Memory,
    /// What checks by programs share.
    shared: Shared,
}

/// What other probes ask as well.
#[derive(Debug)]
enum Shared {
    /// Nothing.
    None,
    /// A script that is kept compiled.
    Script(Arc<perl::Script>),
    /// A monitor that is asked about many hosts at once.
    Monitor(Arc<mon::Monitor>),
}

/// What a check by a program waits for before its time begins.
enum Turn {
    /// Nothing: it is none.
    Free,
    /// Room for a program, kept until its end.
    Place(#[allow(dead_code, reason = "held, not looked at")] programs::Place),
    /// A place in the process of a monitor.
    Seat(mon::Seat),
}

impl Probe {
    /// Prepares (a TLS configuration, say). An error is about the spec, not the peer: an unreadable `tlsca`, a request that
    /// is no URL where one is needed. Reads the files of `tlsca`, `tlscert` and `tlskey`, and the system's authorities the first time.
    pub fn new(spec: Spec, target: Target) -> Result<Self, Reason> {
        let http = match &spec {
            Spec::Http(http) => Some(http::Prepared::new(http, target)?),
            _ => None,
        };
        let http2 = matches!(spec, Spec::Grpc(_));
        let secure = match spec.tls() {
            Some(setting) => Some(Secure { config: tls::config(setting, http2)?, name: setting.name.clone() }),
            None => None,
        };
        let dialogue = match &spec {
            Spec::Dialogue(dialogue) => Some(dialogue::Prepared::new(dialogue)?),
            _ => None,
        };
        let shared = match &spec {
            Spec::External(external) if external.kind == ExternalKind::Perl => {
                Shared::Script(perl::Script::of(external))
            }
            Spec::Mon(mon) => Shared::Monitor(mon::Monitor::of(mon)),
            _ => Shared::None,
        };
        Ok(Self { spec, target, http, dialogue, secure, memory: reach::Memory::default(), shared })
    }
    /// Whom it asks.
    pub fn target(&self) -> Target {
        self.target
    }
    /// What it asks.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }
    /// Asks once. Ends within `deadline` whatever the peer does, once there is room: where as many programs run as may
    /// ([`crate::programs_at_most`]) a check by a program waits before its time begins. Dropping the future closes everything at once.
    /// A panic in a probe ends here and becomes [`Reason::Internal`] (the panic hook has printed its place).
    /// Must run inside a tokio runtime with io and time enabled; the deadline is on that runtime's clock.
    pub async fn run(&self, deadline: Duration) -> Verdict {
        // Boxed: it is of no use to most.
        let turn = match self.spec {
            Spec::External(_) | Spec::Mon(_) => Box::pin(self.turn(deadline)).await,
            _ => Turn::Free,
        };
        let mut progress = Progress::start();
        // The progress is borrowed by the asking only: where the deadline cuts that off, it still knows the phase.
        let asked = tokio::time::timeout(deadline, unpanicked(self.ask(turn, deadline, &mut progress))).await;
        let result = match asked {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(progress.failure(Reason::Internal(panic))),
            Err(_) => Err(progress.failure(Reason::Timeout(deadline))),
        };
        let mut timings = progress.timings;
        timings.total = progress.elapsed();
        Verdict { result, timings }
    }

    async fn turn(&self, deadline: Duration) -> Turn {
        match &self.shared {
            Shared::Monitor(monitor) => Turn::Seat(monitor.seat(self.target.address, deadline).await),
            Shared::Script(_) | Shared::None => Turn::Place(programs::place().await),
        }
    }

    async fn ask(&self, turn: Turn, deadline: Duration, progress: &mut Progress) -> Result<Success, Failure> {
        let (target, secure) = (self.target, self.secure.as_ref());
        match (&self.spec, &self.http) {
            (Spec::Connect, _) => connect::run(target, progress).await,
            (Spec::Ping { attempts }, _) => Box::pin(ping::run(*attempts, target, deadline, progress)).await,
            (Spec::Reach { attempts }, _) => {
                Box::pin(reach::run(*attempts, &self.memory, target, deadline, progress)).await
            }
            // Boxed: a check in flight holds what its own protocol needs, not what the largest of them would.
            (Spec::Http(http), Some(prepared)) => Box::pin(prepared.run(http, target, progress)).await,
            (Spec::Http(_), None) => Err(progress.failure(Reason::Internal("HTTP check not prepared".to_owned()))),
            (Spec::Sip(sip), _) => Box::pin(sip::run(sip, secure, target, deadline, progress)).await,
            (Spec::SimpleTcp(simpletcp), _) => {
                Box::pin(simpletcp::run(simpletcp, secure, target, deadline, progress)).await
            }
            (Spec::Dialogue(spec), _) => match &self.dialogue {
                Some(prepared) => Box::pin(prepared.run(spec, target, deadline, progress)).await,
                None => Err(progress.failure(Reason::Internal("dialogue not prepared".to_owned()))),
            },
            (Spec::External(external), _) => {
                let _turn = turn;
                match &self.shared {
                    Shared::Script(script) => Box::pin(script.run(external, target, progress)).await,
                    Shared::Monitor(_) | Shared::None => Box::pin(external::run(external, target, progress)).await,
                }
            }
            (Spec::Mon(_), _) => match (&self.shared, turn) {
                (Shared::Monitor(monitor), Turn::Seat(seat)) => {
                    Box::pin(monitor.run(seat, target, deadline, progress)).await
                }
                _ => Err(progress.failure(Reason::Internal("monitor not prepared".to_owned()))),
            },
            (Spec::Dns(dns), _) => Box::pin(dns::run(dns, target, deadline, progress)).await,
            (Spec::Radius(radius), _) => Box::pin(radius::run(radius, target, deadline, progress)).await,
            (Spec::Ntp(ntp), _) => Box::pin(ntp::run(*ntp, target, deadline, progress)).await,
            (Spec::Grpc(grpc), _) => Box::pin(grpc::run(grpc, secure, target, deadline, progress)).await,
            (Spec::Mqtt(mqtt), _) => Box::pin(mqtt::run(mqtt, secure, target, progress)).await,
            (Spec::Ldap(ldap), _) => Box::pin(ldap::run(ldap, secure, target, progress)).await,
            (Spec::Sql(sql), _) => match sql.kind {
                SqlKind::Mysql => Box::pin(mysql::run(sql, secure, target, progress)).await,
                SqlKind::Pgsql => Box::pin(pgsql::run(sql, secure, target, progress)).await,
            },
        }
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
        let probe = Probe::new(Spec::Http(Box::new(http.clone())), target).unwrap();
        let outer = std::mem::size_of_val(&probe.run(Duration::from_secs(1)));
        let mut progress = Progress::start();
        let prepared = probe.http.as_ref().unwrap();
        let inner = std::mem::size_of_val(&prepared.run(&http, target, &mut progress));
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
