//! The loop: waits for whatever comes first, feeds it to the owner, lets it take a turn. No state of its own but what is awaited.
#![allow(clippy::disallowed_methods, reason = "the runtime's loop")]

use super::control::{Request, Verb};
use super::lock::Phase;
use super::owner::{Owner, Round, Why};
use super::reload::Outcome;
use super::signals::{Asked, Signals};
use super::watch::{self, Seen};
use super::writer::{Reply, Viewer};
use super::{maintenance, process, view};
use crate::director::{Maintenance, file_names};
use crate::ipvs::{Info, Listing, Scope, Snapshot};
use crate::report::mail::State;
use serde_json::json;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Exit code when the writer's thread has died: a defect, for the supervisor.
const DEFECT: u8 = 70;
/// Status requests that may be looking at the table at once.
const LOOKS: usize = 16;
/// How long a status waits for the table; without it it tells what is known.
const LOOK: Duration = Duration::from_secs(3);
/// How long a start waits for the maintenance directory.
const MAINTENANCE: Duration = Duration::from_secs(2);
/// How long an idle loop sleeps at most.
const LONG: Duration = Duration::from_secs(3600);

/// What a table in memory says of itself: version and size of a plain kernel.
const INFO: Info = Info { version: [1, 2, 1], connection_table_size: 4096 };

/// What came first.
#[allow(clippy::large_enum_variant, reason = "one exists at a time, and it is moved once")]
enum Came {
    Signal(Asked),
    Reply(Option<Reply>),
    Verdict((crate::director::CheckId, checks::Verdict)),
    Asked(Request),
    Seen(Seen),
    Loaded(Outcome),
    Maintained(Maintenance),
    Looked(Looked),
    Time,
}

/// The table as a status request found it.
#[derive(Debug)]
struct Looked {
    request: Request,
    /// Nothing where the table could not be read in time.
    observed: Option<Snapshot>,
    /// [`Owner::rounds`] when it was asked for.
    rounds: u64,
}

impl Owner {
    /// Runs until the end; the exit code.
    pub async fn run(mut self, mut signals: Signals) -> u8 {
        let mut seen = watch::start(&self.facts.path, &self.text);
        let mut load: Option<JoinHandle<Outcome>> = None;
        let (looking, mut looks) = mpsc::channel(LOOKS);
        self.begin_maintenance().await;
        self.writer.read(Scope::All);
        match self.writer.reply().await {
            Some(Reply::Read(Ok(observed))) => self.adopt(&observed),
            Some(Reply::Read(Err(error))) => return self.cannot_start(&error.to_string()),
            _ => return DEFECT,
        }
        self.keep();
        loop {
            self.turn();
            match self.readiness() {
                Some(Ok(())) => self.become_ready(),
                Some(Err(words)) => return self.cannot_start(&words),
                None => {}
            }
            match self.wait(&mut signals, &mut seen, &mut looks, &mut load).await {
                Came::Signal(Asked::End(name)) => return self.end(name).await,
                Came::Signal(Asked::Reload) => {
                    tracing::info!("Reloading Linux Director Daemon config on signal");
                    load = self.load(Why::Signal).or(load);
                }
                Came::Signal(Asked::Nothing(name)) => tracing::info!("Signal {name} is ignored"),
                Came::Reply(Some(reply)) => self.replied(reply),
                Came::Reply(None) => return DEFECT,
                Came::Verdict(verdict) => self.verdicts(verdict),
                Came::Asked(request) if request.verb == Verb::Handover => {
                    self.handover = Some(request);
                    return self.hand_over().await;
                }
                Came::Asked(request) if request.verb == Verb::Status => self.look(request, &looking),
                Came::Asked(request) => self.asked(request),
                Came::Looked(looked) => self.looked(looked),
                Came::Seen(what) => load = self.saw(what).or(load),
                Came::Loaded(outcome) => load = self.loaded(outcome),
                Came::Maintained(maintenance) => self.director.maintain(maintenance, self.now()),
                Came::Time => {
                    if self.names.at().is_some_and(|at| at <= Instant::now()) {
                        load = self.load(Why::Names).or(load);
                    }
                }
            }
        }
    }

    /// Waits for what comes first. Signals and requests go before verdicts, so that a storm of those delays nobody's stop.
    async fn wait(
        &mut self,
        signals: &mut Signals,
        seen: &mut mpsc::Receiver<Seen>,
        looks: &mut mpsc::Receiver<Looked>,
        load: &mut Option<JoinHandle<Outcome>>,
    ) -> Came {
        let wake = self.next_turn().unwrap_or_else(|| Instant::now() + LONG);
        let (control, writer, pool) = (&mut self.control, &mut self.writer, &mut self.pool);
        let maintenance = &mut self.maintenance;
        let request = async {
            match control {
                Some(control) => control.next().await,
                None => std::future::pending().await,
            }
        };
        let maintained = async {
            match maintenance {
                Some(messages) => messages.recv().await,
                None => None,
            }
        };
        let loading = async {
            match load {
                Some(task) => {
                    task.await.unwrap_or_else(|error| Err(format!("reading the configuration failed: {error}")))
                }
                None => std::future::pending().await,
            }
        };
        let came = tokio::select! {
            biased;
            asked = signals.next() => Came::Signal(asked),
            request = request => Came::Asked(request),
            reply = writer.reply() => Came::Reply(reply),
            outcome = loading => Came::Loaded(outcome),
            Some(maintenance) = maintained => Came::Maintained(maintenance),
            Some(looked) = looks.recv() => Came::Looked(looked),
            Some(what) = seen.recv() => Came::Seen(what),
            verdict = pool.next() => Came::Verdict(verdict),
            () = tokio::time::sleep_until(wake) => Came::Time,
        };
        if matches!(came, Came::Loaded(_)) {
            *load = None;
        }
        came
    }

    /// Watches `maintenancedir`, if the configuration in force has one.
    pub(super) fn watch_maintenance(&mut self) {
        let config = self.director.config();
        let folder = config.globals.maintenancedir.as_ref();
        self.maintenance = folder.map(|folder| maintenance::start(folder.as_ref(), file_names(config)));
        if self.maintenance.is_none() {
            self.director.maintain(Maintenance::default(), self.now());
        }
    }

    /// What is in maintenance must not be adopted with its weight: the first look comes before everything else.
    async fn begin_maintenance(&mut self) {
        self.watch_maintenance();
        if let Some(messages) = &mut self.maintenance
            && let Ok(Some(maintenance)) = tokio::time::timeout(MAINTENANCE, messages.recv()).await
        {
            self.director.maintain(maintenance, self.now());
        }
    }

    fn become_ready(&mut self) {
        self.ready = true;
        self.state = State::Running;
        self.executed.start(&self.director.config().globals.execute, self.facts.predecessor.as_deref());
        self.set_phase(Phase::Running);
        if self.facts.launched
            && let Err(error) = process::ready()
        {
            tracing::info!("Could not let go of the terminal: {error}");
        }
        process::notify_supervisor();
    }

    /// The table cannot be used: the launcher, the log and the exit code say so.
    fn cannot_start(&mut self, words: &str) -> u8 {
        super::serve::complain(words);
        tracing::info!("Exiting with exit_status 1: {words}");
        if self.facts.pid_file {
            super::pidfile::remove(&self.facts.paths);
        }
        self.log.flush();
        1
    }

    fn saw(&mut self, what: Seen) -> Option<JoinHandle<Outcome>> {
        let printed = &self.facts.printed;
        match what {
            Seen::Vanished => {
                tracing::info!("Warning [{}]: can not open file {printed} for checking", std::process::id());
                None
            }
            Seen::Changed => {
                tracing::info!("Configuration file '{printed}' has changed on disk");
                if self.director.config().globals.autoreload {
                    tracing::info!(" - reread new configuration");
                    self.load(Why::Changed)
                } else {
                    tracing::info!(" - ignore new configuration");
                    self.run_callback();
                    None
                }
            }
        }
    }

    /// A status begins with a look at the table, so that it can tell what somebody else changed.
    fn look(&self, request: Request, back: &mpsc::Sender<Looked>) {
        tokio::task::spawn(look(self.writer.viewer(), request, self.rounds, back.clone()));
    }

    fn looked(&mut self, looked: Looked) {
        // What was written meanwhile would look like somebody else's change.
        let still = self.rounds == looked.rounds && matches!(self.round, Round::Idle);
        if let (true, Some(observed)) = (still && self.adopted, looked.observed) {
            self.director.inspect(&Scope::All, &observed);
            self.report();
        }
        let _gone = looked.request.answer.send(view::instance(self));
    }

    fn asked(&self, request: Request) {
        match request.verb {
            Verb::Ping | Verb::Handover | Verb::Status => {
                let _gone = request.answer.send(json!({ "pid": std::process::id(), "ready": self.ready }));
            }
            Verb::Table => {
                tokio::task::spawn(list(self.writer.viewer(), request));
            }
        }
    }
}

/// Reads the table and comes back with it.
async fn look(viewer: Viewer, request: Request, rounds: u64, back: mpsc::Sender<Looked>) {
    let observed = tokio::time::timeout(LOOK, viewer.look()).await.ok().and_then(Result::ok);
    let _ending = back.send(Looked { request, observed, rounds }).await;
}

/// Answers with the table as text.
async fn list(viewer: Viewer, request: Request) {
    let answer = match viewer.look().await {
        Ok(snapshot) => json!({ "table": Listing::from(&snapshot).render(&INFO) }),
        Err(error) => json!({ "error": error.to_string() }),
    };
    let _gone = request.answer.send(answer);
}
