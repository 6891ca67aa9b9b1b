//! Into the background without fork: `start` runs this program once more with the same words in its argv (clusters look for
//! `…/ldirectord CONF start` with pgrep), the child leaves the session and tells through its stdout when it is ready.
#![allow(clippy::disallowed_methods, reason = "processes are started here")]

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Tells a child whose it is: `<pid of the launcher>:<verb>`. It counts only below that launcher, because the children of the
/// daemon (checks, callback) inherit it.
const MARK: &str = "LDIRECTORD_LAUNCHER";
/// What the child writes to its stdout when it is ready.
const READY: &str = "ready\n";

/// The pid of the launcher, in the child that it started for the background.
pub fn launcher() -> Option<i32> {
    mark().map(|(pid, _)| pid)
}

/// The verb that the launcher was called with; its child's own argv always says `start`.
pub fn launched_verb() -> Option<String> {
    mark().map(|(_, verb)| verb)
}

fn mark() -> Option<(i32, String)> {
    let mark = std::env::var(MARK).ok()?;
    let (pid, verb) = mark.split_once(':')?;
    let pid: i32 = pid.parse().ok()?;
    (nix::unistd::getppid().as_raw() == pid).then(|| (pid, verb.to_owned()))
}

/// Runs this program once more in the background with `arguments` and waits until it is ready or has ended: its exit code.
pub fn launch(argv0: &str, arguments: &[String], verb: &str) -> io::Result<u8> {
    let program = std::env::current_exe()?;
    let mut child = Command::new(program)
        .arg0(found_in_path(argv0))
        .args(arguments)
        .env(MARK, format!("{}:{verb}", std::process::id()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut text = String::new();
    if let Some(stdout) = child.stdout.take() {
        // Ends with the line, or with the child.
        let _bytes = stdout.take(READY.len() as u64).read_to_string(&mut text)?;
    }
    if text == READY {
        return Ok(0);
    }
    let status = child.wait()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// A name without a slash as the path where it was found: Perl's argv has the script's path, too.
fn found_in_path(argv0: &str) -> OsString {
    if argv0.contains('/') {
        return argv0.into();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(argv0)).find(|path| path.is_file());
    found.map_or_else(|| argv0.into(), Into::into)
}

/// Closes what the launcher's caller left open beyond the three streams: a daemon would hold somebody's lock or pipe for life.
/// To be called before anything is opened.
pub fn close_inherited() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in open {
        // The folder that was read is among them and closed already.
        let _closed = nix::unistd::close(number);
    }
}

/// Leaves the launcher's session and folder.
pub fn detach() -> io::Result<()> {
    nix::unistd::setsid()?;
    nix::unistd::chdir("/")?;
    Ok(())
}

/// Tells the launcher that everything is there, and lets go of its streams.
pub fn ready() -> io::Result<()> {
    let told = io::stdout().write_all(READY.as_bytes()).and_then(|()| io::stdout().flush());
    let null = OpenOptions::new().read(true).write(true).open(Path::new("/dev/null"))?;
    nix::unistd::dup2_stdin(&null)?;
    nix::unistd::dup2_stdout(&null)?;
    nix::unistd::dup2_stderr(&null)?;
    // A launcher that was killed meanwhile needs no answer.
    told.or(Ok(()))
}

/// A file that reached its size limit, the log above all, ends nobody: the write fails instead (setrlimit(2)). To be called
/// before there are other threads; programs that are run get the signal as ever.
pub fn outlive_size_limits() {
    use nix::sys::signal::{SigSet, Signal};
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGXFSZ);
    let _refused = signals.thread_block();
}

/// No core dump of a process that knows passwords.
pub fn no_core_dumps() {
    use nix::sys::resource::{Resource, setrlimit};
    let _refused = setrlimit(Resource::RLIMIT_CORE, 0, 0);
}

/// Tells systemd that the service is ready, where it asked for it (sd_notify(3)).
pub fn notify_supervisor() {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let name = path.as_encoded_bytes();
    let Ok(socket) = std::os::unix::net::UnixDatagram::unbound() else { return };
    let _nobody_there = match name.strip_prefix(b"@") {
        Some(name) => {
            use std::os::linux::net::SocketAddrExt;
            std::os::unix::net::SocketAddr::from_abstract_name(name)
                .and_then(|address| socket.send_to_addr(b"READY=1", &address))
        }
        None => socket.send_to(b"READY=1", Path::new(&path)),
    };
}
