//! The control socket: one JSON line asks, one JSON answer comes back, for root (or whoever runs the daemon) only. Clients are
//! bounded in number, size and time; they only send values to the owner.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the control socket is spoken here")]

use super::paths::Paths;
use serde_json::{Value, json};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Longest request.
const LONGEST: u64 = 4096;
/// Clients at once.
const CLIENTS: usize = 16;
/// A client must have asked and taken its answer within this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer that [`ask`] takes: 50,000 real servers fit.
const LONGEST_ANSWER: u64 = 256 * 1024 * 1024;

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Everything there is to know.
    Status,
    /// The table as `ipvsadm -L -n` prints it.
    Table,
    /// Leave the table as it is and end: another instance takes over.
    Handover,
    /// Only the pid and the phase.
    Ping,
}

/// A request with the way back.
#[derive(Debug)]
pub struct Request {
    /// What is asked.
    pub verb: Verb,
    /// Takes the answer.
    pub answer: oneshot::Sender<Value>,
}

/// The bound socket; its file goes with it.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    requests: mpsc::Receiver<Request>,
}

impl Control {
    /// Binds the socket, in place of a dead instance's. Must run inside a runtime.
    pub fn bind(paths: &Paths) -> io::Result<Self> {
        let path = paths.socket();
        let temporary = paths.folder().join(format!(".{}.sock.{}", paths.name, std::process::id()));
        let _leftover = std::fs::remove_file(&temporary);
        let listener = UnixListener::bind(&temporary)?;
        std::fs::set_permissions(&temporary, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&temporary, &path)?;
        let (sender, requests) = mpsc::channel(CLIENTS);
        tokio::task::spawn(serve(listener, sender));
        Ok(Self { path, requests })
    }

    /// The next request.
    pub async fn next(&mut self) -> Request {
        match self.requests.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_file(&self.path);
    }
}

async fn serve(listener: UnixListener, sender: mpsc::Sender<Request>) {
    let places = Arc::new(Semaphore::new(CLIENTS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let sender = sender.clone();
                tokio::task::spawn(async move {
                    // A client that is slow or gone harms only itself.
                    let _ignored = tokio::time::timeout(PATIENCE, client(stream, sender)).await;
                    drop(place);
                });
            }
            // No descriptors: wait, do not spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn client(mut stream: UnixStream, sender: mpsc::Sender<Request>) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    let answer = if peer == 0 || peer == nix::unistd::geteuid().as_raw() {
        let (reading, _) = stream.split();
        let mut line = Vec::new();
        BufReader::new(reading.take(LONGEST)).read_until(b'\n', &mut line).await?;
        answer(&line, sender).await
    } else {
        json!({ "error": "not permitted" })
    };
    let mut text = answer.to_string();
    text.push('\n');
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

async fn answer(line: &[u8], sender: mpsc::Sender<Request>) -> Value {
    let Some(verb) = verb(line) else {
        return json!({ "error": "expected one line {\"verb\": \"status\" | \"table\" | \"handover\" | \"ping\"}" });
    };
    let (answer, wait) = oneshot::channel();
    if sender.send(Request { verb, answer }).await.is_err() {
        return json!({ "error": "the daemon is ending" });
    }
    wait.await.unwrap_or_else(|_| json!({ "error": "the daemon is ending" }))
}

fn verb(line: &[u8]) -> Option<Verb> {
    let request: Value = serde_json::from_slice(line).ok()?;
    Some(match request.get("verb")?.as_str()? {
        "status" => Verb::Status,
        "table" => Verb::Table,
        "handover" => Verb::Handover,
        "ping" => Verb::Ping,
        _ => return None,
    })
}

/// The client's side, blocking: asks the instance behind `socket` and waits at most `patience`.
pub fn ask(socket: &Path, verb: &str, patience: Duration) -> io::Result<Value> {
    let mut stream = std::os::unix::net::UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream.write_all(format!("{}\n", json!({ "verb": verb })).as_bytes())?;
    let mut text = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_verbs() {
        assert_eq!(verb(b"{\"verb\":\"status\"}\n"), Some(Verb::Status));
        for line in ["", "{}", "status", "{\"verb\":1}", "{\"verb\":\"stop\"}", "[\"verb\"]"] {
            assert_eq!(verb(line.as_bytes()), None, "{line}");
        }
    }

    #[tokio::test]
    async fn asks_and_answers_whatever_the_other_clients_do() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::below(folder.path(), "a.cf");
        std::fs::create_dir_all(paths.folder()).unwrap();
        let mut control = Control::bind(&paths).unwrap();
        let mode = std::fs::metadata(paths.socket()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        // A silent client and one that talks too much.
        let _silent = std::os::unix::net::UnixStream::connect(paths.socket()).unwrap();
        let mut endless = std::os::unix::net::UnixStream::connect(paths.socket()).unwrap();
        let socket = paths.socket();
        let asking = tokio::task::spawn_blocking(move || {
            let _may_be_cut = endless.write_all(&[b'x'; 8192]);
            let mut refusal = String::new();
            let _reset = endless.read_to_string(&mut refusal);
            ask(&socket, "status", Duration::from_secs(30)).unwrap()
        });
        let request = control.next().await;
        assert_eq!(request.verb, Verb::Status);
        request.answer.send(json!({ "pid": 7 })).unwrap();
        assert_eq!(asking.await.unwrap(), json!({ "pid": 7 }));
        drop(control);
        assert!(!paths.socket().exists());
    }
}
