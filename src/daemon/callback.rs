//! `callback`: a command of the administrator's that is told about a changed configuration file. It goes through a shell, as ever;
//! it is bounded in time and nobody waits for it.
#![allow(clippy::disallowed_methods, reason = "a program is run here")]

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `<callback> <path>` in the background if the callback is an executable file. Must run inside a runtime.
pub fn run(callback: &str, path: &Path) {
    let executable =
        std::fs::metadata(callback).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0);
    if !executable {
        tracing::info!("callback {callback} is not an executable file");
        return;
    }
    tokio::task::spawn(watch_over(callback.to_owned(), path.to_owned(), PATIENCE));
}

async fn watch_over(callback: String, path: std::path::PathBuf, patience: Duration) {
    let mut command = std::process::Command::new("/bin/sh");
    // The file's name is an argument, not text for the shell.
    command.arg("-c").arg(format!("{callback} \"$1\"")).arg("sh").arg(&path);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = match tokio::process::Command::from(command).spawn() {
        Ok(child) => child,
        Err(error) => {
            tracing::info!("system({callback} {}) failed: {error}", path.display());
            return;
        }
    };
    match tokio::time::timeout(patience, child.wait()).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::info!("system({callback} {}) failed: {status}", path.display()),
        Ok(Err(error)) => tracing::info!("system({callback} {}) failed: {error}", path.display()),
        Err(_) => {
            tracing::info!("callback {callback} took longer than {} s and is killed", patience.as_secs());
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
        watch_over(callback, "/etc/ha.d/a b;reboot.cf".into(), PATIENCE).await;
        assert_eq!(std::fs::read_to_string(out).unwrap(), "1 /etc/ha.d/a b;reboot.cf\n");
    }

    #[tokio::test]
    async fn one_that_hangs_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let callback = script(folder.path(), "sleep 300 & wait");
        let begun = Instant::now();
        watch_over(callback, "/x".into(), Duration::from_millis(200)).await;
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
