//! What the verbs about a running instance share: which configuration is meant, where to log, and who is running.
#![allow(clippy::disallowed_methods, reason = "verbs look at the machine")]

use super::locate;
use crate::cli::Configured;
use crate::daemon::paths::Paths;
use crate::daemon::pidfile::{self, State};
use crate::daemon::serve::{complain, logfile_of_last};
use crate::daemon::{execute, load};
use crate::report::{Destination, Log};
use std::path::{Path, PathBuf};

/// A call of a verb about one configuration.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The name that the program was called by.
    pub argv0: &'a str,
    /// The understood command line.
    pub configured: &'a Configured,
}

impl Call<'_> {
    /// `argv0 arguments`, as the log tells it.
    pub fn invoked(&self, arguments: &[String]) -> String {
        std::iter::once(self.argv0).chain(arguments.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
    }

    /// The configuration as it is printed: the first of the places that is a file.
    pub fn find(&self) -> Option<String> {
        locate(&self.configured.config).ok()
    }

    /// The sentence for a configuration that is nowhere, on stderr and in the log; exit code 1.
    pub fn not_found(&self) -> u8 {
        let Configured { config, name, debug, arguments, .. } = self.configured;
        let words = locate(config).err().unwrap_or_else(|| format!("Config file {config} not found"));
        complain(&words);
        let log = Log::start(name, logfile_of_last(&Paths::of(name), *debug), *debug);
        if !debug {
            log.line(&format!("Invoking ldirectord invoked as: {} ", self.invoked(arguments)));
            log.line(&words);
            log.line("Exiting with exit_status 1: Initialisation Error");
            log.flush();
        }
        1
    }
}

/// The instance that a call is about.
#[derive(Debug)]
pub struct Instance {
    /// `<CONFIG>` as it is printed.
    pub shown: String,
    /// Its files; of the sibling name where that one runs.
    pub paths: Paths,
    /// What the pid file says.
    pub state: State,
    /// The log, with `Invoking…` already in it.
    pub log: Log,
    /// `execute`, as far as the configuration can be read, and the folder that it lies in.
    execute: Vec<String>,
    folder: PathBuf,
}

impl Instance {
    /// Finds it. A configuration that is broken or missing is only warned about: whoever runs is in the pid file. `Err`: exit
    /// code, because there is neither a file nor an instance.
    pub fn of(call: &Call<'_>, quiet: bool) -> Result<Self, u8> {
        let Configured { config, name, debug, arguments, .. } = call.configured;
        let own = Paths::of(name);
        let found = call.find();
        let path: Option<PathBuf> = found.as_ref().and_then(|found| std::path::absolute(found).ok());
        let state = pidfile::settled_state(&own, path.as_deref());
        let running = matches!(state, State::Running { .. });
        let shown = match found {
            Some(found) => found,
            None if running => {
                complain(&format!("Warning: {}", locate(config).err().unwrap_or_default()));
                config.clone()
            }
            None => return Err(call.not_found()),
        };
        let text = path.as_deref().and_then(|path| load::read(path).ok());
        let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new("/")).to_owned();
        let glance = text.and_then(|text| load::glance(&text));
        let execute = glance.as_ref().map(|config| config.globals.execute.clone()).unwrap_or_default();
        let destination = match glance {
            Some(config) => Destination::of(&config.globals.logfile, config.globals.supervised, *debug),
            None => {
                if path.is_some() {
                    complain(&format!("Warning: {shown} can not be loaded, see: {} {config} check", call.argv0));
                }
                logfile_of_last(&own, *debug)
            }
        };
        // Where stdout belongs to the answer alone, the log does not write there.
        let destination = match destination {
            Destination::Stdout if quiet => Destination::File("/dev/null".into()),
            other => other,
        };
        let log = Log::start(name, destination, *debug);
        log.line(&format!("Invoking ldirectord invoked as: {} ", call.invoked(arguments)));
        let paths = match &state {
            State::Running { name, pid, .. } => {
                let theirs = own.named(name);
                if let Some(words) = path.and_then(|path| pidfile::another_file(&theirs, *pid, &path)) {
                    complain(&words);
                    log.line(&words);
                }
                theirs
            }
            _ => own,
        };
        Ok(Self { shown, paths, state, log, execute, folder })
    }

    /// Only files and state: nothing is logged and nothing complained about. Nothing: neither a file nor an instance.
    pub fn silently(call: &Call<'_>) -> Option<(Paths, State)> {
        let own = Paths::of(&call.configured.name);
        let path = call.find().and_then(|found| std::path::absolute(found).ok());
        let state = pidfile::settled_state(&own, path.as_deref());
        match &state {
            State::Running { name, .. } => Some((own.named(name), state)),
            _ => path.map(|_| (own, state)),
        }
    }

    /// What the configurations of `execute` have to say for themselves.
    pub fn others(&self) {
        if !self.execute.is_empty() {
            execute::status_of(&self.execute, &self.paths.name, &self.folder);
        }
    }

    /// Logs the last line of a verb that did not find what it wanted, and returns the exit code.
    pub fn exit(&self, code: u8, verb: &str) -> u8 {
        self.log.line(&format!("Exiting with exit_status {code}: Exiting from ldirectord {verb}"));
        self.log.flush();
        code
    }
}
