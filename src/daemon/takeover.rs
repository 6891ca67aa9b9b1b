//! Who is there already, and what that means: a start beside it is superfluous, a restart takes its place. Until this process holds
//! the lock, has the table open and its pid written, whoever runs is left alone.
#![allow(clippy::disallowed_methods, reason = "instances wait for each other here")]

use super::control;
use super::load;
use super::lock::{self, Lock, Phase};
use super::paths::Paths;
use super::pidfile::{self, Kind, Pending, State};
use super::record::recorded;
use super::serve::{Launch, complain};
use super::writer::Open;
use crate::config::Config;
use crate::ipvs::{KernelTable, MemoryTable, ServiceId, Table};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often somebody else's state is looked at.
const STEP: Duration = Duration::from_millis(50);
/// How long another instance may take to start or to end before it is given up on.
const OTHERS: Duration = Duration::from_secs(10);
/// How long a running instance may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// What to do about an instance that runs already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takeover {
    /// `start`: it is enough.
    Leave,
    /// `restart`: it is replaced; without one there is a plain start.
    Replace,
    /// `try-restart`: it is replaced; without one nothing happens.
    ReplaceOnly,
}

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The kernel's.
    Kernel,
    /// In memory.
    Memory,
}

/// One attempt to become the instance of a configuration.
pub(super) struct Attempt<'a> {
    pub(super) launch: &'a Launch,
    pub(super) paths: &'a Paths,
    pub(super) path: &'a Path,
    /// Pid file and lock are needed; `-d` and `supervised` do without where they must.
    pub(super) own_files: bool,
    pub(super) table: Which,
}

/// What a process has that became the instance.
pub(super) struct Taken {
    pub(super) lock: Option<Lock>,
    pub(super) table: Box<dyn Table>,
    /// Not in place yet; nothing where none is wanted.
    pub(super) pid_file: Option<Pending>,
    /// What the predecessor had, if there was one.
    pub(super) inherited: Option<Inherited>,
}

/// What an instance leaves to the one that takes its place.
#[derive(Debug, Default)]
pub(super) struct Inherited {
    /// Its services.
    pub(super) services: Vec<ServiceId>,
    /// Its `execute`.
    pub(super) execute: Vec<String>,
}

impl Attempt<'_> {
    /// Waits for, or replaces, whoever is there, until this process holds the lock and has the table open. Nothing: somebody
    /// runs, and that is enough.
    pub(super) fn become_the_one(&self) -> Result<Option<Taken>, String> {
        let mut ready = None;
        let began = Instant::now();
        let mut warned = false;
        let mut asked: Option<(Paths, i32)> = None;
        let mut inherited = None;
        loop {
            match pidfile::state(self.paths, Some(self.path)) {
                State::Running { pid, kind, name } => {
                    let theirs = self.paths.named(&name);
                    if !warned && let Some(words) = pidfile::another_file(&theirs, pid, self.path) {
                        complain(&words);
                        tracing::info!("{words}");
                    }
                    warned = true;
                    if self.launch.takeover == Takeover::Leave {
                        if is_enough(&theirs, kind, began) {
                            return Ok(None);
                        }
                    } else {
                        // Whoever runs makes room for nobody who could not begin.
                        if ready.is_none() {
                            ready = Some((self.open()?, self.pending()?));
                        }
                        if asked.is_none() {
                            inherited = Some(replace(&theirs, pid, kind));
                            asked = Some((theirs, pid));
                        } else if began.elapsed() > OTHERS {
                            tracing::info!("pid {pid} did not hand over within {} s and is killed", OTHERS.as_secs());
                            let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
                        }
                    }
                }
                State::Stale | State::Absent if self.launch.takeover == Takeover::ReplaceOnly && asked.is_none() => {
                    return Ok(None);
                }
                State::Stale | State::Absent => {
                    let (table, pid_file) = match ready.take() {
                        Some(ready) => ready,
                        None => (self.open()?, self.pending()?),
                    };
                    match self.take_lock()? {
                        Some(lock) => {
                            // The sibling's pid file is not replaced by this one's.
                            if let Some((theirs, pid)) = asked.filter(|(theirs, _)| theirs.name != self.paths.name) {
                                pidfile::remove_of(&theirs, pid);
                            }
                            return Ok(Some(Taken { lock, table, pid_file, inherited }));
                        }
                        None if began.elapsed() > OTHERS * 3 => {
                            let pid =
                                lock::read(self.paths).map_or_else(String::new, |note| format!(" (pid {})", note.pid));
                            return Err(format!("another instance{pid} holds {}", self.paths.lock().display()));
                        }
                        // Starting or ending: it has no pid file yet, or not any more.
                        None => ready = Some((table, pid_file)),
                    }
                }
            }
            sleep(if asked.is_some() { STEP / 10 } else { STEP });
        }
    }

    fn pending(&self) -> Result<Option<Pending>, String> {
        let cannot =
            |error: std::io::Error| format!("Can not open {}: {}", self.paths.pid_file().display(), words(&error));
        self.own_files.then(|| Pending::write(self.paths)).transpose().map_err(cannot)
    }

    /// `Ok(Some(None))`: there is no place for a lock, and none is needed.
    fn take_lock(&self) -> Result<Option<Option<Lock>>, String> {
        match Lock::try_take(self.paths, &self.path.to_string_lossy(), self.table_name()) {
            Ok(Some(lock)) => Ok(Some(Some(lock))),
            Ok(None) => Ok(None),
            Err(_) if !self.own_files => Ok(Some(None)),
            Err(error) => Err(format!("Can not open {}: {}", self.paths.lock().display(), words(&error))),
        }
    }

    /// Which table: a replacement writes the same one as its predecessor.
    pub(super) fn table_name(&self) -> &'static str {
        match self.table {
            Which::Kernel => "kernel",
            Which::Memory => "memory",
        }
    }

    fn open(&self) -> Result<Box<dyn Table>, String> {
        opener(self.table)().map_err(|error| error.to_string())
    }
}

/// Opens the wanted table, again and again.
pub(super) fn opener(which: Which) -> Open {
    match which {
        Which::Kernel => Box::new(|| recorded(KernelTable::open()?)),
        Which::Memory => Box::new(|| recorded(MemoryTable::new())),
    }
}

/// Whether a running instance makes a start superfluous. One that is ending does not, and one that is starting is given the time to
/// become ready.
fn is_enough(theirs: &Paths, kind: Kind, began: Instant) -> bool {
    if kind == Kind::Perl {
        return true;
    }
    let phase = || lock::read(theirs).map(|note| note.phase);
    match phase() {
        Some(Phase::Starting) => began.elapsed() > OTHERS,
        // A terminating signal may be on its way: whoever answers after it has seen it.
        Some(Phase::Running) => {
            let _ended_meanwhile = control::ask(&theirs.socket(), "ping", ANSWER);
            phase() == Some(Phase::Running)
        }
        Some(Phase::Stopping) => false,
        None => true,
    }
}

/// Asks an instance to leave everything as it is and end.
fn replace(theirs: &Paths, pid: i32, kind: Kind) -> Inherited {
    match kind {
        // The one signal that ends ldirectord without its cleaning up.
        Kind::Perl => {
            let _gone = kill(Pid::from_raw(pid), Signal::SIGUSR1);
            Inherited::default()
        }
        Kind::Ours => match control::ask(&theirs.socket(), "handover", ANSWER) {
            Ok(answer) => {
                let list = |name| answer.get(name).and_then(|names| names.as_array()).cloned().unwrap_or_default();
                Inherited {
                    services: list("services").iter().filter_map(|name| name.as_str()?.parse().ok()).collect(),
                    execute: list("execute").iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect(),
                }
            }
            Err(error) => {
                tracing::info!("pid {pid} does not answer: {error}");
                last(theirs)
            }
        },
    }
}

/// What an instance that says nothing had: by the last configuration that it loaded.
fn last(theirs: &Paths) -> Inherited {
    let text = load::read(&theirs.last_good()).ok();
    let config = text.and_then(|text| load::judge(text, &load::Addresses::new()).config);
    let of = |config: Config| Inherited {
        services: config.virtuals.iter().map(|service| service.id).collect(),
        execute: config.globals.execute,
    };
    config.map(of).unwrap_or_default()
}

/// An error without its number.
pub(super) fn words(error: &std::io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}
