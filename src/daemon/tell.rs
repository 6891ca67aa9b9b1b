//! Everybody who hears of an event: the log, the monitorfile, whoever gets mail, `fallbackcommand`.

use super::hooks::FallbackCommands;
use super::mail::Mailer;
use super::resolve;
use crate::config::Config;
use crate::director::{Event, Time};
use crate::report::appender::Appender;
use crate::report::mail::{Alert, Reminders, State};
use crate::report::monitor::MonitorFiles;
use crate::report::{clock, lines};

/// What it takes to tell them.
#[derive(Debug)]
pub(super) struct Tell {
    fallback_commands: FallbackCommands,
    monitor_files: MonitorFiles,
    /// Writes them; started with the first line.
    appender: Option<Appender>,
    /// Started with the first alert.
    mailer: Option<Mailer>,
    reminders: Reminders,
    /// Somebody wants mail.
    alerting: bool,
}

impl Tell {
    pub(super) fn new(config: &Config) -> Self {
        let mut tell = Self {
            fallback_commands: FallbackCommands::default(),
            monitor_files: MonitorFiles::default(),
            appender: None,
            mailer: None,
            reminders: Reminders::default(),
            alerting: false,
        };
        tell.configured(config);
        tell
    }

    /// Another configuration is in force.
    pub(super) fn configured(&mut self, config: &Config) {
        self.monitor_files = MonitorFiles::new(config);
        self.reminders.configured(config);
        self.alerting = is_alerting(config);
    }

    /// Tells one event. Must run inside a runtime.
    pub(super) fn event(&mut self, event: &Event, config: &Config, state: State, now: Time) {
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
        if self.alerting {
            self.reminders.event(event, now);
            if let Some(alert) = Alert::of(event, config, state) {
                self.alert(alert);
            }
        }
    }

    /// Says again who is still down (`emailalertfreq`). Must run inside a runtime.
    pub(super) fn remind(&mut self, config: &Config, state: State, now: Time) {
        if self.alerting {
            for alert in self.reminders.due(config, state, now) {
                self.alert(alert);
            }
        }
    }

    /// When [`Self::remind`] has something to say next.
    pub(super) fn reminder(&mut self) -> Option<Time> {
        if self.alerting { self.reminders.next_due() } else { None }
    }

    fn alert(&mut self, alert: Alert) {
        tracing::info!("emailalert: {}", alert.message());
        self.mailer.get_or_insert_with(|| Mailer::start(resolve::hostname())).alert(alert);
    }

    /// Waits, a bounded time, for what is still to be sent and written.
    pub(super) async fn flush(&self) {
        if let Some(mailer) = &self.mailer {
            mailer.close().await;
        }
        if let Some(appender) = &self.appender {
            appender.flush();
        }
    }
}

fn is_alerting(config: &Config) -> bool {
    !config.globals.alert.to.is_empty() || config.virtuals.iter().any(|virtual_| !virtual_.alert.to.is_empty())
}
