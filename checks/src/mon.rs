//! Monitors of mon: one process is asked about many hosts. Reals that begin at the same time with the same command are one
//! group. As many monitors ask host after host, a silent one could take the time of all others: where the group has not ended
//! within half of the deadline every real is asked by a process of its own, and one that was silent then stays apart until it
//! answers.

mod group;
mod report;
mod run;

use crate::net::Progress;
use crate::programs::{Place, lock, place};
use crate::trace::Tap;
use crate::{Failure, Mon, Phase, Reason, Success, Target};
use group::{Group, Stage};
use report::Report;
use run::History;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Every command that a probe is there for.
static MONITORS: LazyLock<Mutex<HashMap<Vec<String>, Weak<Monitor>>>> = LazyLock::new(Mutex::default);

/// A command, shared by all reals that it is asked about.
#[derive(Debug)]
pub(crate) struct Monitor {
    command: Vec<String>,
    /// Groups that still take hosts, one for each deadline.
    open: Mutex<HashMap<Duration, Weak<Group>>>,
    /// Hosts that were silent when they were asked alone.
    apart: Mutex<HashSet<IpAddr>>,
    history: Mutex<History>,
}

/// What a check has before its own process runs.
pub(crate) enum Seat {
    /// Several hosts were asked together, or would have been.
    Told {
        /// When.
        began: Instant,
        /// Unset where the process did not end in time.
        report: Option<Result<Arc<Report>, Reason>>,
    },
    /// Room for a process of its own.
    Alone {
        /// The room.
        place: Place,
        /// How much of its time it has had.
        spent: Duration,
    },
}

impl Monitor {
    /// The one monitor of this command.
    pub(crate) fn of(spec: &Mon) -> Arc<Self> {
        let mut monitors = lock(&MONITORS);
        monitors.retain(|_, monitor| monitor.strong_count() > 0);
        if let Some(monitor) = monitors.get(&spec.command).and_then(Weak::upgrade) {
            return monitor;
        }
        let monitor = Arc::new(Self {
            command: spec.command.clone(),
            open: Mutex::default(),
            apart: Mutex::default(),
            history: Mutex::default(),
        });
        monitors.insert(spec.command.clone(), Arc::downgrade(&monitor));
        monitor
    }

    /// Asks together with others, or waits for room to ask alone: that is not part of the check's time, so that nobody is down
    /// because many others are silent.
    pub(crate) async fn seat(self: &Arc<Self>, host: IpAddr, deadline: Duration, tap: Option<&Tap>) -> Seat {
        if lock(&self.apart).contains(&host) {
            return Seat::Alone { place: place().await, spent: Duration::ZERO };
        }
        let mut stage = Group::join(self, host, deadline, tap);
        let known = stage.wait_for(|stage| !matches!(stage, Stage::Gathering)).await.map(|stage| stage.clone());
        let began = Instant::now();
        // Of one host nobody else is to blame; else half of the time is left to ask once more.
        let alone = matches!(known, Ok(Stage::Running(1)));
        let patience = if alone { deadline } else { deadline / 2 };
        match tokio::time::timeout(patience, ended(stage)).await {
            Ok(Some(report)) => Seat::Told { began, report: Some(report) },
            Err(_) if alone => Seat::Told { began, report: None },
            Ok(None) | Err(_) => {
                let spent = began.elapsed().min(patience);
                Seat::Alone { place: place().await, spent }
            }
        }
    }

    /// The verdict on one host.
    pub(crate) async fn run(
        &self,
        seat: Seat,
        target: Target,
        deadline: Duration,
        progress: &mut Progress,
    ) -> Result<Success, Failure> {
        let host = target.address;
        let report = match seat {
            Seat::Told { began, report } => {
                progress.began(began);
                report
            }
            Seat::Alone { place, spent } => {
                let now = Instant::now();
                progress.began(now.checked_sub(spent).unwrap_or(now));
                progress.note(|| match spent.is_zero() {
                    true => "asked alone: it was silent the last time".to_owned(),
                    false => "asked alone: together with others it takes too long".to_owned(),
                });
                let alone = self.alone(host, deadline, place, progress);
                tokio::time::timeout(deadline.saturating_sub(spent), alone).await.ok()
            }
        };
        progress.connected();
        progress.phase = Phase::Receive;
        let said = report.unwrap_or(Err(Reason::Timeout(deadline))).and_then(|report| report.verdict(host));
        said.map_err(|reason| {
            if matches!(reason, Reason::Local(_)) {
                progress.phase = Phase::Connect;
            }
            progress.failure(reason)
        })
    }

    /// A process for one host; where it is cut off, or takes longer than a group may, the host stays apart.
    async fn alone(
        &self,
        host: IpAddr,
        deadline: Duration,
        _place: Place,
        progress: &Progress,
    ) -> Result<Arc<Report>, Reason> {
        lock(&self.apart).insert(host);
        let started = Instant::now();
        let report = run::once(self, &[host], progress.tap.as_slice()).await;
        if started.elapsed() < deadline / 2 {
            lock(&self.apart).remove(&host);
        }
        report.map(Arc::new)
    }
}

/// What the process of a group says; nothing where its task has ended without a word.
async fn ended(mut stage: watch::Receiver<Stage>) -> Option<Result<Arc<Report>, Reason>> {
    let stage = stage.wait_for(|stage| matches!(stage, Stage::Ended(_))).await.ok()?;
    match &*stage {
        Stage::Ended(report) => Some(report.clone()),
        Stage::Gathering | Stage::Running(_) => None,
    }
}
