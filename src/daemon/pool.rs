//! Checks in flight, bounded: light ones by file descriptors, TLS ones by memory and processor. Programs are bounded where they
//! are started, as many checks can be one process. A check that waits for room is late, never failed: its deadline begins when
//! it starts. A probe that panics is a down verdict.
#![allow(clippy::disallowed_methods, reason = "checks are run here")]

use crate::config::Config;
use crate::director::{CheckId, CheckOrder};
use checks::{Class, Failure, Phase, Probe, Reason, Timings, Verdict};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinError, JoinSet};

/// Descriptors that are not for checks: log, sockets, the table, programs' pipes.
const RESERVE: u64 = 96;
/// Checks over TLS at once.
const HEAVY: usize = 512;
/// Light checks at once, even where more descriptors are allowed: more than this many need no room of their own.
const LIGHT: usize = 20_000;

/// A check that ends this long after its deadline did not have the time that its verdict speaks of.
const STANDSTILL: Duration = Duration::from_secs(1);

/// How many checks of each class may be in flight; of programs, how many the open files allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    light: usize,
    heavy: usize,
    processes: usize,
}

impl Limits {
    /// Raises the limit on open files as far as permitted and divides what there is.
    pub fn raise() -> Self {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
        let files = if setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() { hard } else { soft };
        Self::within(files)
    }

    /// What fits into this many open files: a redirect can open a second connection, a program has up to three pipes.
    pub fn within(files: u64) -> Self {
        let files = usize::try_from(files.saturating_sub(RESERVE)).unwrap_or(usize::MAX).max(8);
        let heavy = HEAVY.min(files / 8).max(1);
        let processes = (files / 24).max(1);
        let light = LIGHT.min(files.saturating_sub(2 * heavy + 3 * processes)).max(1);
        Self { light, heavy, processes }
    }
}

/// Programs may run as the configuration says; where the open files allow fewer, the log says so.
pub(super) fn room_for_programs(pool: &Pool, config: &Config) {
    let wanted = config.globals.externalmax;
    let most = pool.programs_at_most(wanted);
    if usize::try_from(wanted).is_ok_and(|wanted| wanted > most) {
        tracing::info!("externalmax={wanted}: the limit on open files leaves room for {most} programs at once");
    }
}

/// A prepared probe and when it was last of use.
#[derive(Debug)]
struct Prepared {
    probe: Arc<Probe>,
    /// What its spec says, until it spoke TLS all the same: a plain check may be redirected to https.
    class: Class,
    generation: u64,
}

/// The checks in flight and the probes that are ready for the next time.
#[derive(Debug)]
pub struct Pool {
    limits: Limits,
    light: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
    running: JoinSet<Verdict>,
    checks: HashMap<Id, CheckId>,
    prepared: HashMap<CheckId, Prepared>,
    generation: u64,
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: Limits) -> Self {
        let places = |number: usize| Arc::new(Semaphore::new(number));
        Self {
            limits,
            light: places(limits.light),
            heavy: places(limits.heavy),
            running: JoinSet::new(),
            checks: HashMap::new(),
            prepared: HashMap::new(),
            generation: 0,
        }
    }

    /// Sets how many programs may run at once: as configured, or as many as the open files allow, which are returned.
    pub fn programs_at_most(&self, wanted: u32) -> usize {
        let most = usize::try_from(wanted).unwrap_or(usize::MAX).min(self.limits.processes);
        checks::programs_at_most(most);
        most
    }

    /// How many more checks may be handed over now.
    pub fn room(&self) -> usize {
        (self.limits.light + self.limits.heavy + self.limits.processes).saturating_sub(self.running.len())
    }

    /// Starts a check, or lets it wait for a place of its class.
    pub fn start(&mut self, order: CheckOrder) {
        let check = order.check;
        let deadline = order.deadline;
        let handle = match self.probe(order) {
            Ok((probe, class)) => {
                let places = match class {
                    Class::Light => Some(self.light.clone()),
                    Class::Heavy => Some(self.heavy.clone()),
                    Class::Process => None,
                };
                self.running.spawn(async move {
                    // The semaphore is never closed.
                    let _place = match &places {
                        Some(places) => places.acquire().await.ok(),
                        None => None,
                    };
                    let verdict = probe.run(deadline).await;
                    // The whole process stood still (SIGSTOP, a paused machine): that says nothing about the peer, it is asked anew.
                    if !verdict.is_up() && verdict.timings.total > deadline + STANDSTILL {
                        return probe.run(deadline).await;
                    }
                    verdict
                })
            }
            Err(reason) => self.running.spawn(std::future::ready(failed(reason))),
        };
        self.checks.insert(handle.id(), check);
    }

    /// The next verdict; waits for ever while nothing is running.
    pub async fn next(&mut self) -> (CheckId, Verdict) {
        loop {
            match self.running.join_next_with_id().await {
                Some(joined) => {
                    if let Some(found) = self.found(joined) {
                        return found;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }

    /// A verdict that is there already.
    pub fn try_next(&mut self) -> Option<(CheckId, Verdict)> {
        while let Some(joined) = self.running.try_join_next_with_id() {
            if let Some(found) = self.found(joined) {
                return Some(found);
            }
        }
        None
    }

    /// A new configuration is in force: probes that were not used since the last one are forgotten.
    pub fn reloaded(&mut self) {
        let last = self.generation;
        self.prepared.retain(|_, prepared| prepared.generation == last);
        self.generation += 1;
    }

    /// Ends every check at once.
    pub fn abort(&mut self) {
        self.running.abort_all();
    }

    fn probe(&mut self, order: CheckOrder) -> Result<(Arc<Probe>, Class), Reason> {
        let generation = self.generation;
        if let Some(prepared) = self.prepared.get_mut(&order.check) {
            prepared.generation = generation;
            return Ok((prepared.probe.clone(), prepared.class));
        }
        let class = order.spec.class();
        let probe = Arc::new(Probe::new(order.spec, order.target)?);
        self.prepared.insert(order.check, Prepared { probe: probe.clone(), class, generation });
        Ok((probe, class))
    }

    fn found(&mut self, joined: Result<(Id, Verdict), JoinError>) -> Option<(CheckId, Verdict)> {
        match joined {
            Ok((id, verdict)) => {
                let check = self.checks.remove(&id)?;
                if verdict.timings.tls.is_some()
                    && let Some(prepared) = self.prepared.get_mut(&check)
                {
                    prepared.class = Class::Heavy;
                }
                Some((check, verdict))
            }
            Err(error) => {
                let check = self.checks.remove(&error.id())?;
                if error.is_cancelled() {
                    return None;
                }
                // A probe that is in an unknown state is made anew.
                self.prepared.remove(&check);
                let panic = error.into_panic();
                let words = panic
                    .downcast_ref::<&str>()
                    .map(|words| (*words).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned())
                    .unwrap_or_else(|| "panic".to_owned());
                tracing::error!("A check panicked, please report this: {words}");
                Some((check, failed(Reason::Internal(words))))
            }
        }
    }
}

/// A check that did not even begin.
fn failed(reason: Reason) -> Verdict {
    Verdict { result: Err(Failure { phase: Phase::Connect, reason }), timings: Timings::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use checks::{Http, Method, Redirect, Spec, Target};

    fn order(number: u64, port: u16) -> CheckOrder {
        CheckOrder {
            check: CheckId(number),
            spec: Spec::Connect,
            target: Target { address: [127, 0, 0, 1].into(), port },
            deadline: Duration::from_secs(5),
        }
    }

    fn plain() -> Http {
        Http {
            tls: None,
            method: Method::Get,
            request: "/".into(),
            host: None,
            receive: None,
            redirect: Redirect::Follow,
            http2: false,
            proxy: false,
            kube: None,
        }
    }

    #[test]
    fn limits_fit_into_the_open_files() {
        assert_eq!(Limits::within(1_000_000), Limits { light: 20_000, heavy: 512, processes: 41_662 });
        for files in [0, 64, 256, 1024, 4096, 65536] {
            let limits = Limits::within(files);
            assert!(limits.light > 0 && limits.heavy > 0 && limits.processes > 0);
            let most = limits.light + 2 * limits.heavy + 3 * limits.processes;
            assert!(files < 256 || most as u64 + RESERVE <= files, "{limits:?} of {files}");
        }
    }

    #[tokio::test]
    async fn verdicts_come_back_under_their_check() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut pool = Pool::new(Limits { light: 1, heavy: 1, processes: 1 });
        for number in 0..3 {
            pool.start(order(number, port));
        }
        assert_eq!(pool.room(), 0);
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(pool.next().await.0.0);
        }
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2]);
        assert_eq!(pool.room(), 3);
        assert!(pool.try_next().is_none());
    }

    #[tokio::test]
    async fn a_standstill_of_the_process_takes_nobody_down() {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            // The first answer would come in time, but only after the standstill began; kept open for the second.
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if !kept.is_empty() {
                    let _request = stream.read(&mut [0; 1024]).unwrap();
                    stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nup").unwrap();
                }
                kept.push(stream);
            }
        });
        let mut pool = Pool::new(Limits::within(1024));
        let mut order = order(1, port);
        order.spec = Spec::Http(Box::new(plain()));
        order.deadline = Duration::from_millis(300);
        pool.start(order);
        tokio::time::sleep(Duration::from_millis(50)).await;
        std::thread::sleep(STANDSTILL * 2);
        let (_, verdict) = pool.next().await;
        assert!(verdict.is_up(), "{}", verdict.words());
    }

    #[tokio::test]
    async fn a_plain_check_that_was_redirected_to_tls_counts_as_one() {
        let mut pool = Pool::new(Limits::within(1024));
        let order = CheckOrder { spec: Spec::Http(Box::new(plain())), ..order(1, 1) };
        assert_eq!(pool.probe(order.clone()).unwrap().1, Class::Light);
        let timings = Timings { tls: Some(Duration::from_millis(1)), ..Timings::default() };
        let redirected = Verdict { timings, ..failed(Reason::Protocol("x".into())) };
        let handle = pool.running.spawn(std::future::ready(redirected));
        pool.checks.insert(handle.id(), order.check);
        pool.next().await;
        assert_eq!(pool.probe(order).unwrap().1, Class::Heavy);
    }

    #[tokio::test]
    async fn a_panic_is_a_down_verdict() {
        let mut pool = Pool::new(Limits::within(1024));
        let handle = pool.running.spawn(async { panic!("index out of bounds") });
        pool.checks.insert(handle.id(), CheckId(7));
        let (check, verdict) = pool.next().await;
        assert_eq!(check, CheckId(7));
        assert_eq!(verdict.words(), "connect: internal error: index out of bounds");
    }

    #[tokio::test]
    async fn probes_are_kept_while_they_are_of_use() {
        let mut pool = Pool::new(Limits::within(1024));
        pool.start(order(1, 1));
        pool.start(order(2, 1));
        pool.reloaded();
        pool.start(order(1, 1));
        pool.reloaded();
        assert!(pool.prepared.contains_key(&CheckId(1)) && !pool.prepared.contains_key(&CheckId(2)));
        pool.abort();
        while pool.running.join_next_with_id().await.is_some() {}
    }
}
