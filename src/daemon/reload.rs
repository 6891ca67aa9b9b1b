//! Reload: a new configuration over the health of everything unchanged, or, when anything is wrong with it, nothing at all and
//! every error in the log. Loading asks name servers, so it runs beside the checks.
#![allow(clippy::disallowed_methods, reason = "the last good configuration is kept in a file")]

use super::load::{self, Loaded};
use super::owner::{Owner, Why};
use super::pool::room_for_programs;
use super::{hooks, sysctl};
use crate::config::render::Source;
use crate::config::{Config, Diagnostic, Severity};
use crate::report::Destination;
use crate::report::mail::State;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Findings that are logged of one file; noise has thousands.
const LOGGED: usize = 100;

/// What a load came to: the file could not be read, or it was judged.
pub(super) type Outcome = Result<Loaded, String>;

impl Owner {
    /// Asks for a load; one is under way at a time, and however many ask meanwhile, one more answers them all. The caller waits
    /// for the returned task.
    pub(super) fn load(&mut self, why: Why) -> Option<JoinHandle<Outcome>> {
        if self.loading.is_some() {
            if why != Why::Names {
                self.waiting = self.waiting.max(Some(why));
            }
            return None;
        }
        let (path, last) = (self.facts.path.clone(), self.addresses.clone());
        let known = (why == Why::Names).then(|| self.text.clone());
        self.names.asking();
        self.loading = Some(why);
        Some(tokio::task::spawn_blocking(move || {
            let text = known.map_or_else(|| load::read(&path), Ok)?;
            Ok(load::judge(text, &last))
        }))
    }

    /// Takes what a load came to. Returns the next load if somebody asked meanwhile.
    pub(super) fn loaded(&mut self, outcome: Outcome) -> Option<JoinHandle<Outcome>> {
        let why = self.loading.take();
        match outcome {
            Err(words) => {
                tracing::info!("Error [{}]: {words}", std::process::id());
                self.refused = vec![whole_file(words)];
            }
            Ok(loaded) => self.judged(loaded, why.unwrap_or(Why::Changed)),
        }
        if why == Some(Why::Changed) {
            self.run_callback();
        }
        self.waiting.take().and_then(|why| self.load(why))
    }

    /// The command that is told about a changed file, from the configuration in force.
    pub(super) fn run_callback(&self) {
        if let Some(command) = &self.director.config().globals.callback {
            hooks::callback(command, &self.facts.path);
        }
    }

    fn judged(&mut self, loaded: Loaded, why: Why) {
        let names_only = why == Why::Names;
        let Loaded { config, findings, text, addresses, kept, missing } = loaded;
        let source = Source::new(&self.facts.printed, &text);
        if !names_only {
            log_findings(&source, &findings);
        }
        let Some(config) = config else {
            self.refused = findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
            return;
        };
        if text.trim_ascii().is_empty() && !self.director.config().virtuals.is_empty() {
            // A file that is being written is empty for a moment; taking that at its word would end every service.
            let words = format!("{}: the file is empty, the running configuration stays", self.facts.printed);
            tracing::info!("Error [{}]: {words}; write a comment into it if that is meant", std::process::id());
            self.refused = vec![whole_file(words)];
            return;
        }
        self.names.judged(missing.len() + kept.len(), !names_only, Instant::now());
        if !names_only {
            for (name, address) in kept {
                tracing::info!(
                    "Warning [{}]: {name} does not resolve now, its last address {address} is kept",
                    std::process::id()
                );
            }
        }
        // Somebody who asks for a reload wants to have back what was removed by hand, also with an unchanged file.
        if why == Why::Signal || config != **self.director.config() {
            self.enter(config, names_only);
        }
        self.refused.clear();
        self.addresses = addresses;
        self.text = text;
        self.keep();
    }

    /// A new configuration is in force.
    fn enter(&mut self, config: Config, names_only: bool) {
        let old = self.director.config().clone();
        let to =
            |config: &Config| Destination::of(&config.globals.logfile, config.globals.supervised, self.facts.debug);
        if to(&config) != to(&old) {
            self.log.redirect(to(&config));
        }
        if !names_only && self.facts.table == "kernel" {
            sysctl::settle(&config);
        }
        self.executed.reload(&config.globals.execute);
        self.tell.configured(&config);
        if !names_only && self.state == State::Running {
            self.state = State::Reloading;
        }
        room_for_programs(&self.pool, &config);
        if names_only {
            self.director.renamed(Arc::new(config), self.now());
        } else {
            self.director.reload(Arc::new(config), self.now());
        }
        self.pool.reloaded();
        self.watch_maintenance();
    }

    /// Keeps the text for a restart with a broken file, and for `stop` and `status`, which need its `logfile`.
    pub(super) fn keep(&self) {
        if self.lock.is_some()
            && let Err(error) = write_private(&self.facts.paths.last_good(), &self.text)
        {
            tracing::debug!("{}: {error}", self.facts.paths.last_good().display());
        }
    }
}

/// An error of the file as a whole.
fn whole_file(message: String) -> Diagnostic {
    Diagnostic { severity: Severity::Error, line: 0, column: 1, length: 1, message, help: None }
}

/// Errors and warnings in ldirectord's words; notes only when debugging.
fn log_findings(source: &Source<'_>, findings: &[Diagnostic]) {
    let pid = std::process::id();
    let told: Vec<&Diagnostic> = findings.iter().filter(|finding| finding.severity != Severity::Note).collect();
    for finding in told.iter().take(LOGGED) {
        tracing::info!("{}", source.log_line(finding, pid));
    }
    if let Some(more) = told.len().checked_sub(LOGGED).filter(|more| *more > 0) {
        tracing::info!("Error [{pid}]: {more} more findings in this file, see `check`");
    }
}

/// Written beside and renamed; readable for nobody else, because passwords are in it.
fn write_private(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension(format!("cf.{}", std::process::id()));
    let _leftover = std::fs::remove_file(&temporary);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = file.write_all(text).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // A full disk is not made fuller.
        let _gone = std::fs::remove_file(&temporary);
    }
    written
}
