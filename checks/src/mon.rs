//! Monitors of mon: one process is asked about many hosts. Reals that begin at the same time with the same command are one
//! group. As many monitors ask host after host, a silent one could take the time of all others: where the group has not ended
//! within half of the deadline every real is asked by a process of its own, and one that was silent then stays apart until it
//! answers.

mod group;
mod report;
mod run;

use crate::net::Progress;
use crate::programs::{Place, lock, place};
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

/// The room that a check has: its time begins.
pub(crate) enum Seat {
    /// A process of its own.
    Alone(Place),
    /// One of several hosts of a process that has started; unset where it could not come about.
    Together(Option<watch::Receiver<Stage>>),
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

    /// Waits for room: alone, or until the process of a group has been started.
    pub(crate) async fn seat(self: &Arc<Self>, host: IpAddr, deadline: Duration) -> Seat {
        if lock(&self.apart).contains(&host) {
            return Seat::Alone(place().await);
        }
        let mut stage = Group::join(self, host, deadline);
        let started = stage.wait_for(|stage| !matches!(stage, Stage::Gathering)).await.is_ok();
        Seat::Together(started.then_some(stage))
    }

    /// Asks about one host. The deadline is the one that the whole is cut off at.
    pub(crate) async fn run(
        self: &Arc<Self>,
        seat: Seat,
        target: Target,
        deadline: Duration,
        progress: &mut Progress,
    ) -> Result<Success, Failure> {
        progress.connected();
        progress.phase = Phase::Receive;
        let host = target.address;
        let report = match seat {
            Seat::Alone(place) => self.alone(host, deadline, place).await,
            Seat::Together(stage) => match together(stage, deadline).await {
                Some(report) => report,
                None => self.alone(host, deadline, place().await).await,
            },
        };
        let said = report.and_then(|report| report.verdict(host));
        said.map_err(|reason| {
            if matches!(reason, Reason::Local(_)) {
                progress.phase = Phase::Connect;
            }
            progress.failure(reason)
        })
    }

    /// A process for one host; where it is cut off, or takes longer than a group may, the host stays apart.
    async fn alone(&self, host: IpAddr, deadline: Duration, _place: Place) -> Result<Arc<Report>, Reason> {
        lock(&self.apart).insert(host);
        let started = Instant::now();
        let report = run::once(self, &[host]).await;
        if started.elapsed() < deadline / 2 {
            lock(&self.apart).remove(&host);
        }
        report.map(Arc::new)
    }
}

/// What the group's process says; nothing where it takes so long that one of the others may be to blame.
async fn together(stage: Option<watch::Receiver<Stage>>, deadline: Duration) -> Option<Result<Arc<Report>, Reason>> {
    let mut stage = stage?;
    let alone = matches!(*stage.borrow(), Stage::Running(1));
    let ended = async {
        let stage = stage.wait_for(|stage| matches!(stage, Stage::Ended(_))).await.ok()?;
        match &*stage {
            Stage::Ended(report) => Some(report.clone()),
            Stage::Gathering | Stage::Running(_) => None,
        }
    };
    // Half of the time is left to ask once more; of one host nobody else is to blame.
    let patience = if alone { deadline } else { deadline / 2 };
    tokio::time::timeout(patience, ended).await.ok().flatten()
}
