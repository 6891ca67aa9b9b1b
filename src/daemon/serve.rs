//! From a verb to a running instance: loads the configuration, becomes the one instance of it (`takeover`), and hands everything
//! to the owner. The same for the background, `--foreground`, `supervised` and `-d`.
#![allow(clippy::disallowed_methods, reason = "a verb becomes a running instance here")]

use super::control::Control;
use super::load::{self, Loaded};
use super::lock;
use super::owner::{Facts, Owner, Parts};
use super::paths::Paths;
use super::pidfile::{self, Pending, State};
use super::pool::{Limits, Pool, room_for_programs};
use super::signals::Signals;
use super::takeover::{Attempt, Taken, opener, words};
pub use super::takeover::{Takeover, Which};
use super::writer::Writer;
use super::{process, sysctl};
use crate::config::render::Source;
use crate::config::{Config, Severity};
use crate::director::{Director, Time};
use crate::report::{Destination, Log, clock};
use std::io::Write;
use std::sync::Arc;

/// Findings that are printed of one file.
const PRINTED: usize = 100;
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
    let theirs = match pidfile::state(&paths, Some(&path)) {
        State::Running { name, .. } => paths.named(&name),
        _ => paths.clone(),
    };
    let table = match lock::read(&theirs) {
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

impl Attempt<'_> {
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
        let facts = Facts {
            path: self.path.to_owned(),
            printed: launch.config.clone(),
            paths: self.paths.clone(),
            debug: launch.debug,
            table: self.table_name(),
            pid_file: self.own_files,
            predecessor: inherited.as_ref().map(|inherited| inherited.execute.clone()),
            launched: launch.launched,
            started: clock::now(),
        };
        let mut director = Director::new(config, Time::ZERO);
        director.inherit(inherited.map(|inherited| inherited.services).unwrap_or_default());
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
                room_for_programs(&pool, director.config());
                let log = log.clone();
                let parts = Parts { facts, log, lock, control, pool, writer, loaded, director };
                // As a task of its own: waking the future that the runtime itself blocks on costs a write to its eventfd, for
                // every verdict.
                match tokio::spawn(Owner::new(parts).run(signals)).await {
                    Ok(code) => Ok::<u8, std::io::Error>(code),
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(error) => Err(std::io::Error::other(error)),
                    },
                }
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
