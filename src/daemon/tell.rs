//! Everybody who hears of an event: the log, the monitorfile, `fallbackcommand`.

use super::hooks::FallbackCommands;
use crate::config::Config;
use crate::director::Event;
use crate::report::appender::Appender;
use crate::report::monitor::MonitorFiles;
use crate::report::{clock, lines};

/// What it takes to tell them.
#[derive(Debug)]
pub(super) struct Tell {
    fallback_commands: FallbackCommands,
    monitor_files: MonitorFiles,
    /// Writes them; started with the first line.
    appender: Option<Appender>,
}

impl Tell {
    pub(super) fn new(config: &Config) -> Self {
        let monitor_files = MonitorFiles::new(config);
        Self { fallback_commands: FallbackCommands::default(), monitor_files, appender: None }
    }

    /// Another configuration is in force.
    pub(super) fn configured(&mut self, config: &Config) {
        self.monitor_files = MonitorFiles::new(config);
    }

    /// Tells one event. Must run inside a runtime.
    pub(super) fn event(&mut self, event: &Event, config: &Config) {
        match event {
            Event::AllDown(service) | Event::FirstUp(service) => {
                let known = config.virtuals.iter().find(|known| known.id == *service);
                if let Some(command) = known.and_then(|known| known.fallbackcommand.as_ref()) {
                    self.fallback_commands.run(command, matches!(event, Event::AllDown(_)), service);
                }
            }
            Event::Checked { service, real, up, words } => {
                if let Some((path, line)) = self.monitor_files.line((*service, *real), *up, words, clock::now()) {
                    self.appender.get_or_insert_with(Appender::start).append(path, line);
                }
            }
            _ => {}
        }
        match lines::line(event) {
            Some(line) => tracing::info!("{line}"),
            None => tracing::debug!("{event:?}"),
        }
    }

    /// Waits, a bounded time, for what is still to be written.
    pub(super) fn flush(&self) {
        if let Some(appender) = &self.appender {
            appender.flush();
        }
    }
}
