//! From a verb to a running instance: loads the configuration, finds out who is there already, opens the table, takes the lock, and
//! hands everything to the owner. The same for the background, `--foreground`, `supervised` and `-d`.
#![allow(clippy::disallowed_methods, reason = "instances wait for each other here")]

use super::control::{self, Control};
use super::load::{self, Loaded};
use super::lock::{self, Lock, Phase};
use super::owner::{Facts, Owner, Parts};
use super::paths::Paths;
use super::pidfile::{self, Kind, Pending, State};
use super::pool::{Limits, Pool};
use super::record::recorded;
use super::signals::Signals;
use super::writer::{Open, Writer};
use super::{process, reload, sysctl};
use crate::config::render::Source;
use crate::config::{Config, Severity};
use crate::director::{Director, Time};
use crate::ipvs::{KernelTable, MemoryTable, ServiceId, Table};
use crate::report::{Destination, Log, clock};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Findings that are printed of one file.
const PRINTED: usize = 100;
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

/// What to start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The configuration as it was found and is printed.
    pub config: String,
    /// CFGNAME.
    pub name: String,
    /// `argv0 arguments` of the call, for the log.
    pub invoked: String,
    /// `-d`
    pub debug: bool,
    /// About an instance that runs already.
    pub takeover: Takeover,
    /// Which table.
    pub table: Which,
    /// In the background, below a launcher that waits.
    pub launched: bool,
}

/// One sentence for the administrator who called.
pub fn complain(words: &str) {
    let _closed = writeln!(std::io::stderr().lock(), "{words}");
}

/// Runs until the end; the exit code.
pub fn serve(launch: &Launch) -> u8 {
    let log_to = |config: &Config| Destination::of(&config.globals.logfile, config.globals.supervised, launch.debug);
    let paths = Paths::of(&launch.name);
    let path = std::path::absolute(&launch.config).unwrap_or_else(|_| launch.config.clone().into());
    let mut loaded = match load::read(&path) {
        Ok(text) => load::judge(text, &load::Addresses::new()),
        Err(words) => return misconfigured(&paths, launch, &format!("Error [{}]: {words}", std::process::id())),
    };
    let findings = findings(&launch.config, &loaded);
    let Some(config) = loaded.config.take() else { return misconfigured(&paths, launch, &findings) };
    if !findings.is_empty() {
        complain(findings.trim_end());
    }
    let config = Arc::new(config);
    let log = Log::start(&launch.name, log_to(&config), launch.debug);
    log.install();
    tracing::info!("Invoking ldirectord invoked as: {} ", launch.invoked);
    let own_files = !(launch.debug || config.globals.supervised);
    let table = match lock::read(&paths) {
        Some(note) if launch.takeover != Takeover::Leave && note.table == "memory" => Which::Memory,
        _ => launch.table,
    };
    let attempt = Attempt { launch, paths: &paths, path: &path, own_files, table };
    let outcome = attempt.become_the_one();
    let code = match outcome {
        Ok(Some(taken)) => attempt.begin(config, loaded, &log, taken),
        Ok(None) => 0,
        Err(words) => {
            complain(&words);
            tracing::info!("{words}");
            tracing::info!("Exiting with exit_status 1: Initialisation Error");
            1
        }
    };
    log.flush();
    code
}

/// Everything that is wrong with a file, for stderr; empty where nothing is.
pub fn findings(printed: &str, loaded: &Loaded) -> String {
    let source = Source::new(printed, &loaded.text);
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let wanted: Vec<_> = loaded.findings.iter().filter(|finding| finding.severity != Severity::Note).collect();
    let mut text = String::new();
    for finding in wanted.iter().take(PRINTED) {
        text.push_str(&source.log_line(finding, std::process::id()));
        text.push('\n');
        // What keeps a file from loading is shown with its place; a warning is one line.
        if finding.severity == Severity::Error {
            text.push_str(&source.pretty(finding, terminal));
        }
    }
    if loaded.config.is_none() || wanted.len() > PRINTED {
        text.push_str(&source.summary(&loaded.findings));
        text.push('\n');
    }
    text
}

fn misconfigured(paths: &Paths, launch: &Launch, words: &str) -> u8 {
    complain(words.trim_end());
    let log = Log::start(&launch.name, logfile_of_last(paths, launch.debug), launch.debug);
    log.line(&format!("Invoking ldirectord invoked as: {} ", launch.invoked));
    log.line("Exiting with exit_status 2: config_error: Configuration Error");
    log.flush();
    2
}

/// Where to log when the configuration cannot say it: as the last good one said, else ldirectord's default.
pub fn logfile_of_last(paths: &Paths, debug: bool) -> Destination {
    let last = load::read(&paths.last_good()).ok().and_then(|text| load::glance(&text));
    let (logfile, supervised) = last.map_or(("/var/log/ldirectord.log".into(), false), |config| {
        (config.globals.logfile, config.globals.supervised)
    });
    Destination::of(&logfile, supervised, debug)
}

struct Attempt<'a> {
    launch: &'a Launch,
    paths: &'a Paths,
    path: &'a Path,
    /// Pid file and lock are needed; `-d` and `supervised` do without where they must.
    own_files: bool,
    table: Which,
}

/// What a process has that became the instance.
struct Taken {
    lock: Option<Lock>,
    table: Box<dyn Table>,
    /// Not in place yet; nothing where none is wanted.
    pid_file: Option<Pending>,
    /// The predecessor's services.
    inherited: Vec<ServiceId>,
}

impl Attempt<'_> {
    /// Waits for, or replaces, whoever is there, until this process holds the lock and has the table open. Nothing: somebody
    /// runs, and that is enough.
    fn become_the_one(&self) -> Result<Option<Taken>, String> {
        let mut ready = None;
        let began = Instant::now();
        let (mut asked, mut warned) = (false, false);
        let mut inherited = Vec::new();
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
                        if !asked {
                            inherited = replace(&theirs, pid, kind);
                            asked = true;
                        } else if began.elapsed() > OTHERS {
                            tracing::info!("pid {pid} did not hand over within {} s and is killed", OTHERS.as_secs());
                            let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
                        }
                    }
                }
                State::Stale | State::Absent if self.launch.takeover == Takeover::ReplaceOnly && !asked => {
                    return Ok(None);
                }
                State::Stale | State::Absent => {
                    let (table, pid_file) = match ready.take() {
                        Some(ready) => ready,
                        None => (self.open()?, self.pending()?),
                    };
                    match self.take_lock()? {
                        Some(lock) => return Ok(Some(Taken { lock, table, pid_file, inherited })),
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
            sleep(if asked { STEP / 10 } else { STEP });
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
    fn table_name(&self) -> &'static str {
        match self.table {
            Which::Kernel => "kernel",
            Which::Memory => "memory",
        }
    }

    fn open(&self) -> Result<Box<dyn Table>, String> {
        opener(self.table)().map_err(|error| error.to_string())
    }

    fn begin(&self, config: Arc<Config>, loaded: Loaded, log: &Log, taken: Taken) -> u8 {
        let launch = self.launch;
        let Taken { lock, table, pid_file, inherited } = taken;
        if let Some(Err(error)) = pid_file.map(Pending::enter) {
            let words = format!("Can not open {}: {}", self.paths.pid_file().display(), words(&error));
            complain(&words);
            tracing::info!("{words}");
            tracing::info!("Exiting with exit_status 1: Initialisation Error");
            return 1;
        }
        if self.own_files {
            tracing::info!("Starting Linux Director v1.186-ha as daemon");
        } else {
            tracing::info!("Starting Linux Director v1.186-ha with pid: {}", std::process::id());
        }
        if launch.launched
            && let Err(error) = process::detach()
        {
            tracing::info!("Could not leave the session: {error}");
        }
        process::no_core_dumps();
        if self.table == Which::Kernel {
            sysctl::settle(&config);
        }
        reload::without_effect(&config, None);
        let facts = Facts {
            path: self.path.to_owned(),
            printed: launch.config.clone(),
            paths: self.paths.clone(),
            debug: launch.debug,
            table: self.table_name(),
            pid_file: self.own_files,
            launched: launch.launched,
            started: clock::now(),
        };
        let mut director = Director::new(config, Time::ZERO);
        director.inherit(inherited);
        let run = || -> std::io::Result<u8> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let writer = Writer::start(table, opener(self.table))?;
            let code = runtime.block_on(async {
                let signals = Signals::catch()?;
                let control = match &lock {
                    Some(_) => {
                        Control::bind(self.paths).inspect_err(|error| tracing::info!("No control socket: {error}")).ok()
                    }
                    None => None,
                };
                let pool = Pool::new(Limits::raise());
                let log = log.clone();
                let parts = Parts { facts, log, lock, control, pool, writer, loaded, director };
                Ok::<u8, std::io::Error>(Owner::new(parts).run(signals).await)
            })?;
            // A name server that does not answer must not keep an ending process.
            runtime.shutdown_background();
            Ok(code)
        };
        run().unwrap_or_else(|error| {
            complain(&format!("Can not start: {error}"));
            pidfile::remove(self.paths);
            1
        })
    }
}

/// Opens the wanted table, again and again.
fn opener(which: Which) -> Open {
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

/// Asks an instance to leave everything as it is and end; its services.
fn replace(theirs: &Paths, pid: i32, kind: Kind) -> Vec<ServiceId> {
    match kind {
        // The one signal that ends ldirectord without its cleaning up.
        Kind::Perl => {
            let _gone = kill(Pid::from_raw(pid), Signal::SIGUSR1);
            Vec::new()
        }
        Kind::Ours => match control::ask(&theirs.socket(), "handover", ANSWER) {
            Ok(answer) => {
                let names =
                    answer.get("services").and_then(|names| names.as_array()).map(Vec::as_slice).unwrap_or_default();
                names.iter().filter_map(|name| name.as_str()?.parse().ok()).collect()
            }
            Err(error) => {
                tracing::info!("pid {pid} does not answer: {error}");
                services_of_last(theirs)
            }
        },
    }
}

/// What an instance that says nothing owned: the services of the last configuration that it loaded.
fn services_of_last(theirs: &Paths) -> Vec<ServiceId> {
    let text = load::read(&theirs.last_good()).ok();
    let config = text.and_then(|text| load::judge(text, &load::Addresses::new()).config);
    config.map(|config| config.virtuals.iter().map(|service| service.id).collect()).unwrap_or_default()
}

/// An error without its number.
fn words(error: &std::io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}
