//! `reload`, `force-reload`: refused with every error where the file is wrong, else the running instance is told.

use super::call::{Call, Instance};
use crate::daemon::load;
use crate::daemon::pidfile::State;
use crate::daemon::serve::{complain, findings};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;

/// Exit code 0: told; 1: nothing runs; 2: the configuration is wrong, and the running instance is left alone.
pub fn run(call: &Call<'_>, word: &str) -> u8 {
    let Some(config) = call.find() else { return call.not_found() };
    let wrong = match load::read(Path::new(&config)) {
        Ok(text) => {
            let loaded = load::judge(text, &load::Addresses::new());
            let text = findings(&config, &loaded);
            if !text.is_empty() {
                complain(text.trim_end());
            }
            loaded.config.is_none()
        }
        Err(words) => {
            complain(&format!("Error [{}]: {words}", std::process::id()));
            true
        }
    };
    let instance = match Instance::of(call, false) {
        Ok(instance) => instance,
        Err(code) => return code,
    };
    if wrong {
        instance.log.line("Exiting with exit_status 2: config_error: Configuration Error");
        instance.log.flush();
        return 2;
    }
    match instance.state {
        State::Running { pid, .. } => {
            let told = kill(Pid::from_raw(pid), Signal::SIGHUP);
            instance.log.flush();
            match told {
                Ok(()) => 0,
                Err(error) => {
                    complain(&format!("Can not reload pid {pid}: {}", error.desc()));
                    instance.exit(1, word)
                }
            }
        }
        State::Stale | State::Absent => {
            instance.log.line(&format!("ldirectord is stopped for {}", instance.shown));
            instance.exit(1, word)
        }
    }
}
