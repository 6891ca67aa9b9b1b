//! A server program: started, asked in every state it can be in, and ended.

use crate::support::{HERE, ask};
use checks::{Failure, Reason, Spec, Success, Target};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv6Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// For answers of servers that are there; and for those that will not come.
const GENEROUS: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(700);
/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program of a package, wherever it is installed.
pub(crate) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let found = places.into_iter().map(|place| place.join(name)).find(|place| place.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed"))
}

/// The root of the file system that a program belongs to: "" for /usr/sbin/slapd.
pub(crate) fn root_of(program: &Path) -> String {
    program.ancestors().nth(3).unwrap().to_string_lossy().trim_end_matches('/').to_owned()
}

pub(crate) fn is_root() -> bool {
    Uid::effective().is_root()
}

/// A port that nobody uses.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((HERE, 0)).unwrap().local_addr().unwrap().port()
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {words}{}", String::from_utf8_lossy(&output.stdout));
}

pub(crate) struct Server {
    child: Child,
    port: u16,
    directory: TempDir,
}

impl Server {
    pub(crate) fn start<A: AsRef<OsStr>>(directory: TempDir, port: u16, program: &Path, arguments: &[A]) -> Self {
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn().unwrap();
        Self { child, port, directory }
    }

    /// The same server on another of its ports.
    pub(crate) fn on(self, port: u16) -> Self {
        let mut server = self;
        server.port = port;
        server
    }

    fn target(&self, six: bool) -> Target {
        let address = if six { IpAddr::V6(Ipv6Addr::LOCALHOST) } else { HERE };
        Target { address, port: self.port }
    }

    /// Asks over both families, which must agree.
    async fn asked(&self, spec: &Spec, deadline: Duration) -> Result<Success, Failure> {
        let four = ask(spec.clone(), self.target(false), deadline).await;
        let six = ask(spec.clone(), self.target(true), deadline).await;
        assert_eq!(four.is_ok(), six.is_ok(), "{four:?} {six:?}");
        four
    }

    pub(crate) async fn up(&self, spec: &Spec) -> Success {
        let begin = Instant::now();
        loop {
            let result = ask(spec.clone(), self.target(false), GENEROUS).await;
            if result.is_ok() {
                return self.asked(spec, GENEROUS).await.unwrap();
            }
            if begin.elapsed() > PATIENCE {
                let log = std::fs::read(self.directory.path().join("log")).unwrap_or_default();
                let log = String::from_utf8_lossy(&log);
                let beginning: Vec<&str> = log.lines().take(40).collect();
                panic!("{result:?}, and its log begins: {beginning:#?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Down, in words that contain these.
    pub(crate) async fn down(&self, spec: &Spec, words: &str) {
        let failure = self.asked(spec, GENEROUS).await.unwrap_err().to_string();
        assert!(failure.contains(words), "{failure}");
    }

    /// Up; stopped, where it accepts and never answers; up; gone.
    pub(crate) async fn through_its_life(self, spec: &Spec) {
        self.up(spec).await;
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        kill(pid, Signal::SIGSTOP).unwrap();
        let failure = self.asked(spec, SHORT).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Timeout(SHORT));
        kill(pid, Signal::SIGCONT).unwrap();
        self.refuses_when_gone(spec).await;
    }

    /// Up; gone. For servers of many processes, of which only one could be stopped.
    pub(crate) async fn refuses_when_gone(mut self, spec: &Spec) {
        self.up(spec).await;
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let failure = self.asked(spec, GENEROUS).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Refused);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
