//! A folder with a configuration, its own run directory, and small web servers; everything ends with the test.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything takes on a slow machine; nothing waits for it when all is well.
pub const DEADLINE: Duration = Duration::from_secs(40);

/// Waits until `what` holds.
pub fn until(words: &str, mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < DEADLINE, "in vain: {words}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What a web server does with a request.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Mood {
    /// The test page.
    Good,
    /// Another page.
    Wrong,
    /// Takes the connection and says nothing.
    Silent,
}

/// A web server on port 8080 of a loopback address of its own: direct routing keeps the virtual's port.
pub struct Web {
    pub at: Ipv4Addr,
    mood: Arc<AtomicU8>,
}

impl Web {
    pub fn new(mood: Mood) -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(1);
        let (at, listener) = loop {
            let [high, low] = NEXT.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            let at = Ipv4Addr::new(127, (std::process::id() % 250) as u8 + 2, high, low.max(1));
            // Another run of these tests may have it.
            if let Ok(listener) = TcpListener::bind((at, 8080)) {
                break (at, listener);
            }
        };
        let shared = Arc::new(AtomicU8::new(mood as u8));
        let moods = shared.clone();
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming().flatten() {
                let mood = moods.load(Ordering::SeqCst);
                if mood == Mood::Silent as u8 {
                    kept.push(stream);
                } else {
                    let page = if mood == Mood::Good as u8 { "Test Page\n" } else { "Oops\n" };
                    std::thread::spawn(move || answer(stream, page));
                }
            }
        });
        Self { at, mood: shared }
    }
    pub fn set(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }
}

fn answer(mut stream: TcpStream, page: &str) {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(length) if length > 0 => request.extend_from_slice(&buffer[..length]),
            _ => return,
        }
    }
    let _gone = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}", page.len());
}

/// A place with everything that an instance needs.
pub struct Site {
    folder: tempfile::TempDir,
    name: String,
}

impl Site {
    /// With the configuration `a.cf`: `globals`, and one virtual service over these real servers.
    pub fn new(globals: &str, reals: &[(Ipv4Addr, u32)]) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap(), name: "a.cf".into() };
        std::fs::create_dir(site.path("run")).unwrap();
        site.configure(globals, reals);
        site
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn config(&self) -> PathBuf {
        self.path("a.cf")
    }
    /// The text of a configuration.
    pub fn text(&self, globals: &str, reals: &[(Ipv4Addr, u32)]) -> String {
        let log = self.path("log");
        let mut text = format!(
            "checkinterval=1\nchecktimeout=2\nnegotiatetimeout=2\nlogfile=\"{}\"\n{globals}\nvirtual=10.1.2.3:8080\n",
            log.display()
        );
        for (at, weight) in reals {
            text.push_str(&format!("\treal={at}:8080 gate {weight}\n"));
        }
        if reals.is_empty() {
            text.push_str("\tfallback=127.0.0.1 gate\n");
        }
        text.push_str("\tservice=http\n\tscheduler=wrr\n\trequest=\"index.html\"\n\treceive=\"Test Page\"\n");
        text
    }
    pub fn configure(&self, globals: &str, reals: &[(Ipv4Addr, u32)]) {
        std::fs::write(self.config(), self.text(globals, reals)).unwrap();
    }
    /// Another CFGNAME in the same place.
    pub fn called(&mut self, name: &str) {
        self.name = name.to_owned();
    }
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ldirectord-rs"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("LDIRECTORD_RUNDIR", self.path("run"))
            .env("LDIRECTORD_RECORD", self.path("record"))
            .stdin(Stdio::null());
        command
    }
    /// Runs `ldirectord-rs ARGUMENTS` to its end, which must come.
    pub fn run(&self, arguments: &[&str]) -> Said {
        let mut child = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if began.elapsed() > DEADLINE {
                child.kill().unwrap();
                panic!("{arguments:?} does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Said::from(child.wait_with_output().unwrap())
    }
    /// Starts `a.cf` with the memory table; it must succeed.
    pub fn start(&self) -> i32 {
        let said = self.run(&[&self.name, "start", "--table", "memory"]);
        assert_eq!(said.code, 0, "{said:?}\n{}", self.log());
        self.pid()
    }
    pub fn pid_file(&self) -> PathBuf {
        self.path("run").join(format!("ldirectord.{}.pid", self.name))
    }
    pub fn pid(&self) -> i32 {
        std::fs::read_to_string(self.pid_file()).unwrap().trim().parse().unwrap()
    }
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }
    /// Log lines without their stamps.
    pub fn lines(&self) -> Vec<String> {
        self.log().lines().map(|line| line.split_once("] ").map_or(line, |(_, words)| words).to_owned()).collect()
    }
    pub fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|found| *found == line).count()
    }
    pub fn wait_for_line(&self, line: &str) {
        until(&format!("{line:?} in {}", self.path("log").display()), || {
            self.lines().iter().any(|found| found.contains(line))
        });
    }
    /// The memory table as `ipvsadm -L -n`.
    pub fn table(&self) -> String {
        let said = self.run(&["table", "list", &self.name]);
        assert_eq!(said.code, 0, "{said:?}");
        said.stdout
    }
    /// Whether the table has this real server with this weight.
    pub fn has(&self, at: Ipv4Addr, weight: u32) -> bool {
        let words = format!("-> {at}:8080 Route {weight} 0 0");
        self.table().lines().any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") == words)
    }
    pub fn record(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.path("record")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // Whatever holds a lock here was started here.
        let Ok(entries) = std::fs::read_dir(self.path("run").join("ldirectord")) else { return };
        for entry in entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "lock")) {
            let note: serde_json::Value =
                serde_json::from_slice(&std::fs::read(entry.path()).unwrap_or_default()).unwrap_or_default();
            let free = std::fs::File::open(entry.path()).is_ok_and(|file| file.try_lock_shared().is_ok());
            if let (false, Some(pid)) = (free, note["pid"].as_i64()) {
                let _gone = kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
            }
        }
    }
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Said {
    /// All three at once.
    pub fn expect(&self, code: i32, stdout: &str, stderr: &str) {
        assert_eq!((self.code, self.stdout.as_str(), self.stderr.as_str()), (code, stdout, stderr));
    }
}

/// Whether a process is there and not a zombie.
pub fn alive(pid: i32) -> bool {
    std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).is_ok_and(|line| !line.is_empty())
}

pub fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap();
}
