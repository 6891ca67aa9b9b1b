//! This program itself as a child in the foreground, on a private folder, and the questions that are put to it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running director; killed and its folder removed when dropped.
pub(super) struct Director {
    child: Child,
    folder: PathBuf,
    configuration: PathBuf,
}

/// Moves into a network namespace of its own where root has a kernel with IPVS; true when it did.
pub(super) fn enter_own_namespace() -> bool {
    use nix::sched::{CloneFlags, setns, unshare};
    if !nix::unistd::geteuid().is_root() || !Path::new("/proc/net/ip_vs").exists() {
        return false;
    }
    let Ok(before) = std::fs::File::open("/proc/self/ns/net") else { return false };
    if unshare(CloneFlags::CLONE_NEWNET).is_err() {
        return false;
    }
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).stderr(Stdio::null()).status();
    if up.is_ok_and(|status| status.success()) && Path::new("/proc/net/ip_vs").exists() {
        return true;
    }
    // Without loopback there is nothing to show there: back to where it came from, with the table in memory.
    let _ = setns(before, CloneFlags::CLONE_NEWNET);
    false
}

impl Director {
    /// Starts it over this configuration.
    pub(super) fn start(text: &str, kernel: bool) -> Result<Self, String> {
        let folder = std::env::temp_dir().join(format!("ldirectord-rs-demo-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
        let configuration = folder.join("ldirectord.cf");
        let log = folder.join("ldirectord.log");
        let text = format!("logfile=\"{}\"\n{text}", log.display());
        std::fs::write(&configuration, text)
            .map_err(|error| format!("cannot write {}: {error}", configuration.display()))?;
        let child = Self::command(&folder)?
            .arg(&configuration)
            .args(["start", "--foreground", "--table", if kernel { "kernel" } else { "memory" }])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start the director: {error}"))?;
        let mut director = Self { child, folder, configuration };
        director.wait_until_it_answers()?;
        Ok(director)
    }

    fn command(folder: &Path) -> Result<Command, String> {
        let program = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
        let mut command = Command::new(program);
        command.env("LDIRECTORD_RUNDIR", folder);
        Ok(command)
    }

    fn wait_until_it_answers(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        while self.table().is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                let log = std::fs::read_to_string(self.folder.join("ldirectord.log")).unwrap_or_default();
                return Err(format!("the director ended at once ({status})\n{log}"));
            }
            if begun.elapsed() > Duration::from_secs(10) {
                return Err("the director does not answer on its control socket".to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Where its configuration lies.
    pub(super) fn configuration(&self) -> std::path::Display<'_> {
        self.configuration.display()
    }

    /// Its table, as `ipvsadm -L -n` prints one.
    pub(super) fn table(&self) -> Result<String, String> {
        let output = Self::command(&self.folder)?
            .args(["table", "list"])
            .arg(&self.configuration)
            .output()
            .map_err(|error| format!("cannot ask the director: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
    }

    /// Stops it in order; an error when it does not end well.
    pub(super) fn stop(mut self) -> Result<(), String> {
        let output = Self::command(&self.folder)?
            .arg(&self.configuration)
            .arg("stop")
            .output()
            .map_err(|error| format!("cannot stop the director: {error}"))?;
        if !output.status.success() {
            return Err(format!("stop failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
        }
        let status = self.child.wait().map_err(|error| format!("the director is lost: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("the director ended with {status}")) }
    }
}

impl Drop for Director {
    fn drop(&mut self) {
        // Already ended after an orderly stop; then these have nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
