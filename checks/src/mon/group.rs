//! Reals that become due together, asked by one process.
#![allow(clippy::disallowed_methods, reason = "the task that runs the process")]

use super::report::Report;
use super::{Monitor, run};
use crate::Reason;
use crate::programs::{lock, place};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::sync::watch;

/// How long a group waits for more hosts: less than the grid on which checks begin.
const WINDOW: Duration = Duration::from_millis(5);
/// Hosts of one process. Most monitors ask them one after the other.
const MOST: usize = 64;

/// How far a group is.
#[derive(Clone, Debug)]
pub(crate) enum Stage {
    /// More hosts may come.
    Gathering,
    /// The process runs, for so many hosts.
    Running(usize),
    /// It has ended.
    Ended(Result<Arc<Report>, Reason>),
}

/// A group that still takes hosts.
#[derive(Debug)]
pub(super) struct Group {
    /// Unset once it is closed.
    hosts: Mutex<Option<Vec<IpAddr>>>,
    stage: watch::Sender<Stage>,
}

impl Group {
    /// Joins the open group of this deadline, or opens one. Whoever drops what is returned has left it; the process of a group
    /// that all have left is killed.
    pub(super) fn join(monitor: &Arc<Monitor>, host: IpAddr, deadline: Duration) -> watch::Receiver<Stage> {
        let mut open = lock(&monitor.open);
        if let Some(group) = open.get(&deadline).and_then(Weak::upgrade)
            && let Some(hosts) = lock(&group.hosts).as_mut().filter(|hosts| hosts.len() < MOST)
        {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
            return group.stage.subscribe();
        }
        let (stage, following) = watch::channel(Stage::Gathering);
        let group = Arc::new(Self { hosts: Mutex::new(Some(vec![host])), stage });
        open.insert(deadline, Arc::downgrade(&group));
        tokio::spawn(group.serve(monitor.clone()));
        following
    }

    async fn serve(self: Arc<Self>, monitor: Arc<Monitor>) {
        let work = async {
            tokio::time::sleep(WINDOW).await;
            // More may come while there is no room yet.
            let _place = place().await;
            let hosts = lock(&self.hosts).take().unwrap_or_default();
            self.stage.send_replace(Stage::Running(hosts.len()));
            let report = run::once(&monitor, &hosts).await;
            self.stage.send_replace(Stage::Ended(report.map(Arc::new)));
        };
        tokio::select! {
            () = work => {}
            () = self.left() => {}
        }
    }

    /// Ends when all have left.
    async fn left(&self) {
        loop {
            self.stage.closed().await;
            // Whoever joined meanwhile found it open, and is followed.
            let mut hosts = lock(&self.hosts);
            if self.stage.is_closed() {
                *hosts = None;
                return;
            }
        }
    }
}
