//! Commands of the administrator's: `callback` hears of a changed configuration file, `fallbackcommand` of a service without a real
//! server. They go through a shell, as ever; they are bounded in time, and nobody waits for them.
#![allow(clippy::disallowed_methods, reason = "programs are run here")]

use crate::ipvs::{Protocol, ServiceId};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `<callback> <path>` in the background if the callback is an executable file. Must run inside a runtime.
pub fn callback(callback: &str, path: &Path) {
    let executable =
        std::fs::metadata(callback).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0);
    if !executable {
        tracing::info!("callback {callback} is not an executable file");
        return;
    }
    let arguments = vec![path.to_string_lossy().into_owned()];
    tokio::task::spawn(shell(callback.to_owned(), arguments, PATIENCE));
}

/// `fallbackcommand`: one run after the other for each service, in the order of what happened.
#[derive(Debug, Default)]
pub struct FallbackCommands(HashMap<ServiceId, Arc<Mutex<()>>>);

impl FallbackCommands {
    /// Runs `<command> start|stop <vip>:<vport> <protocol>` in the background. Must run inside a runtime.
    pub fn run(&mut self, command: &str, start: bool, service: &ServiceId) {
        let turn = self.0.entry(*service).or_default().clone();
        let (command, arguments) = (command.to_owned(), fallback_arguments(start, service));
        tokio::task::spawn(async move {
            let _turn = turn.lock().await;
            shell(command, arguments, PATIENCE).await;
        });
    }
}

fn fallback_arguments(start: bool, service: &ServiceId) -> Vec<String> {
    let word = if start { "start" } else { "stop" };
    let (place, protocol) = match service {
        ServiceId::Address { protocol, .. } => {
            let protocol = match protocol {
                Protocol::Tcp => "tcp",
                Protocol::Udp => "udp",
                Protocol::Sctp => "sctp",
            };
            (service.vip(), protocol)
        }
        // As ldirectord has it: a mark has no address.
        ServiceId::Mark { .. } => (":0".to_owned(), "fwm"),
    };
    vec![word.to_owned(), place, protocol.to_owned()]
}

/// Runs a command with the shell's meaning; the arguments are not text for the shell.
async fn shell(text: String, arguments: Vec<String>, patience: Duration) {
    let words = format!("{text} {}", arguments.join(" "));
    let mut command = std::process::Command::new("/bin/sh");
    command.arg("-c").arg(format!("{text} \"$@\"")).arg("sh").args(&arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = match tokio::process::Command::from(command).spawn() {
        Ok(child) => child,
        Err(error) => {
            tracing::info!("system({words}) failed: {error}");
            return;
        }
    };
    match tokio::time::timeout(patience, child.wait()).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::info!("system({words}) failed: {status}"),
        Ok(Err(error)) => tracing::info!("system({words}) failed: {error}"),
        Err(_) => {
            tracing::info!("system({words}) took longer than {} s and is killed", patience.as_secs());
            if let Some(group) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
                let group = nix::unistd::Pid::from_raw(group);
                let _gone = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
            }
            let _reaped = child.wait().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn script(folder: &Path, text: &str) -> String {
        let path = folder.join("callback");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.to_string_lossy().into_owned()
    }

    #[tokio::test]
    async fn gets_the_path_as_one_argument() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let callback = script(folder.path(), &format!("echo \"$# $1\" > {}", out.display()));
        shell(callback, vec!["/etc/ha.d/a b;reboot.cf".into()], PATIENCE).await;
        assert_eq!(std::fs::read_to_string(out).unwrap(), "1 /etc/ha.d/a b;reboot.cf\n");
    }

    #[tokio::test]
    async fn one_that_hangs_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let callback = script(folder.path(), "sleep 300 & wait");
        let begun = Instant::now();
        shell(callback, vec!["/x".into()], Duration::from_millis(200)).await;
        assert!(begun.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn what_a_fallbackcommand_is_told() {
        let six = ServiceId::Address { protocol: Protocol::Udp, address: "fd00::1".parse().unwrap(), port: 53 };
        assert_eq!(fallback_arguments(true, &six), ["start", "[fd00::1]:53", "udp"]);
        let mark = ServiceId::Mark { family: crate::ipvs::Family::V4, mark: 7 };
        assert_eq!(fallback_arguments(false, &mark), ["stop", ":0", "fwm"]);
    }
}
