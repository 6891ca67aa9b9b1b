//! The one task that owns all state: what it holds, and what it waits for.

use super::control::{Control, Request};
use super::execute::Executed;
use super::load::{Addresses, Loaded};
use super::lock::{Lock, Phase};
use super::names::Names;
use super::paths::Paths;
use super::pool::Pool;
use super::tell::Tell;
use super::writer::Writer;
use crate::config::Diagnostic;
use crate::director::{Director, Maintenance, Planned, Time};
use crate::report::Log;
use crate::report::mail::State;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use tokio::sync::mpsc::Receiver;
use tokio::time::Instant;

/// How long a start waits for the first round of checks.
const FIRST_ROUND: Duration = Duration::from_secs(5);

/// What does not change during the life of an instance.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Absolute path of the configuration; symlinks in it are followed anew at every look.
    pub path: PathBuf,
    /// The path as it is printed.
    pub printed: String,
    /// Its files.
    pub paths: Paths,
    /// `-d`
    pub debug: bool,
    /// `kernel` or `memory`.
    pub table: &'static str,
    /// The pid file is this instance's to write and remove.
    pub pid_file: bool,
    /// The `execute` of the running instance whose place this one took.
    pub predecessor: Option<Vec<String>>,
    /// Started in the background by a launcher that waits.
    pub launched: bool,
    /// When it started, by the wall clock.
    pub started: SystemTime,
}

/// Where the one round of writing stands.
#[derive(Debug)]
pub(super) enum Round {
    /// Nothing is under way.
    Idle,
    /// The dirty services are being read.
    Reading,
    /// Operations are being applied.
    Applying(Vec<Planned>),
}

/// Why a configuration is being loaded; of several reasons the greatest counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// Names did not resolve: the text in force is judged again.
    Names,
    /// HUP.
    Signal,
    /// The file has another content; `callback` is told afterwards.
    Changed,
}

/// All state of a running director.
#[derive(Debug)]
pub struct Owner {
    pub(super) facts: Facts,
    pub(super) log: Log,
    pub(super) lock: Option<Lock>,
    pub(super) control: Option<Control>,
    pub(super) director: Director,
    pub(super) pool: Pool,
    pub(super) writer: Writer,
    pub(super) round: Round,
    /// Requests to the writer so far: whether something was written between two moments.
    pub(super) rounds: u64,
    /// The kernel was asked for everything and the director knows what was there.
    pub(super) adopted: bool,
    /// The last round of writing went through as a whole.
    pub(super) written: Result<(), String>,
    pub(super) begun: Instant,
    pub(super) ready: bool,
    /// As `emailalertstatus` has it.
    pub(super) state: State,
    pub(super) addresses: Addresses,
    /// The text in force.
    pub(super) text: Vec<u8>,
    pub(super) names: Names,
    pub(super) tell: Tell,
    pub(super) executed: Executed,
    /// What `maintenancedir` says, where there is one.
    pub(super) maintenance: Option<Receiver<Maintenance>>,
    /// Why the load under way was asked for, and the one after it.
    pub(super) loading: Option<Why>,
    pub(super) waiting: Option<Why>,
    /// Errors of the last reload, until one succeeds.
    pub(super) refused: Vec<Diagnostic>,
    /// Another instance waits for the end.
    pub(super) handover: Option<Request>,
}

/// What an owner is made of.
#[derive(Debug)]
pub struct Parts {
    /// What does not change.
    pub facts: Facts,
    /// The log.
    pub log: Log,
    /// The held lock, unless there is no run directory to hold one in.
    pub lock: Option<Lock>,
    /// The bound socket, likewise.
    pub control: Option<Control>,
    /// Room for checks.
    pub pool: Pool,
    /// The table's thread.
    pub writer: Writer,
    /// The loaded configuration.
    pub loaded: Loaded,
    /// Its director.
    pub director: Director,
}

impl Owner {
    /// Puts it together; nothing is read or checked yet.
    pub fn new(parts: Parts) -> Self {
        let Parts { facts, log, lock, control, pool, writer, loaded, director } = parts;
        let tell = Tell::new(director.config());
        let executed = Executed::new(&facts);
        let mut names = Names::default();
        names.judged(loaded.missing.len() + loaded.kept.len(), true, Instant::now());
        Self {
            facts,
            log,
            lock,
            control,
            director,
            pool,
            writer,
            round: Round::Idle,
            rounds: 0,
            adopted: false,
            written: Ok(()),
            begun: Instant::now(),
            ready: false,
            state: State::Starting,
            addresses: loaded.addresses,
            text: loaded.text,
            names,
            tell,
            executed,
            maintenance: None,
            loading: None,
            waiting: None,
            refused: Vec::new(),
            handover: None,
        }
    }

    /// The director's time.
    pub(super) fn now(&self) -> Time {
        self.begun.elapsed()
    }

    /// Whether a start has nothing more to wait for: everything is written and the first round of checks is through, or it has
    /// waited long enough. `Err`: the time is over and the table could not be written.
    pub(super) fn readiness(&mut self) -> Option<Result<(), String>> {
        if self.ready || !self.adopted || !matches!(self.round, Round::Idle) {
            return None;
        }
        let now = self.now();
        let late = now >= FIRST_ROUND;
        let through = self.director.first_round_done() && self.director.dirty(now).is_none();
        match &self.written {
            Ok(()) if late || through => Some(Ok(())),
            Err(words) if late => Some(Err(words.clone())),
            _ => None,
        }
    }

    /// When a start stops waiting.
    pub(super) fn patience(&self) -> Option<Instant> {
        (!self.ready).then(|| self.begun + FIRST_ROUND)
    }

    /// Tells those who wait what the instance is doing.
    pub(super) fn set_phase(&mut self, phase: Phase) {
        if let Some(lock) = &mut self.lock {
            lock.set_phase(phase);
        }
    }
}
