//! `stop`: asks for an orderly end and waits for it, so that a start behind it finds the place empty.
#![allow(clippy::disallowed_methods, reason = "it waits")]

use super::call::{Call, Instance};
use crate::daemon::pidfile::{self, State};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::time::{Duration, Instant};

/// How long it waits; clusters give a stop 15 s.
const PATIENCE: Duration = Duration::from_secs(10);

/// Exit code 0, whether something ran or not: clusters depend on it.
pub fn run(call: &Call<'_>) -> u8 {
    let instance = match Instance::of(call, false) {
        Ok(instance) => instance,
        Err(code) => return code,
    };
    if let State::Running { pid, .. } = instance.state {
        if let Err(error) = kill(Pid::from_raw(pid), Signal::SIGTERM) {
            crate::daemon::serve::complain(&format!("Can not stop pid {pid}: {}", error.desc()));
            return instance.exit(1, "stop");
        }
        let began = Instant::now();
        while began.elapsed() < PATIENCE && pidfile::kind(pid).is_some() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    instance.log.flush();
    0
}
