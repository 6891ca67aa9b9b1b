//! Clients: one page, a stream of new connections that counts and dates what happens to each, long-held connections.

use crate::common::{Outcome, address, log, now, number, say};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The body of a page, read to the end of the connection, at most 64 kB of it.
fn page(peer: SocketAddr, path: &str, limit: Duration) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&peer, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: lab\r\n\r\n").as_bytes())?;
    let mut text = Vec::new();
    stream.take(65_536).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(text.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_string()))
}

/// `get ADDRESS:PORT [PATH] [MILLISECONDS]`
pub(crate) fn get(words: &[&str]) -> Outcome {
    let peer = address(words.first())?;
    let limit = Duration::from_millis(number(words.get(2), 3000)?);
    let body = page(peer, words.get(1).unwrap_or(&"/"), limit).map_err(|error| format!("{peer}: {error}"))?;
    print!("{body}");
    Ok(())
}

/// `stream ADDRESS:PORT EVERY-MILLISECONDS LOG`: one line a connection, dated by its beginning:
/// `MILLISECONDS ok NAME`, `MILLISECONDS wrong NAME` (a page that is not the right one) or `MILLISECONDS failed WHY`.
pub(crate) fn stream(words: &[&str]) -> Outcome {
    let peer = address(words.first())?;
    let every = Duration::from_millis(number(words.get(1), 20)?.max(1));
    let log = Arc::new(log(words.get(2))?);
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        std::thread::sleep(every);
        if open.fetch_add(1, Ordering::Relaxed) >= 200 {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (log, open) = (Arc::clone(&log), Arc::clone(&open));
        std::thread::spawn(move || {
            let began = now();
            say(&log, &format!("{began} {}", attempt(peer)));
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

fn attempt(peer: SocketAddr) -> String {
    match page(peer, "/", Duration::from_secs(5)) {
        Ok(body) => {
            let name = body.lines().find_map(|line| line.strip_prefix("real ")).unwrap_or("?");
            format!("{} {name}", if body.lines().any(|line| line == "Test Page") { "ok" } else { "wrong" })
        }
        Err(error) => format!("failed {error}"),
    }
}

/// `hold ADDRESS:PORT COUNT LOG`: `opened NAME` once per connection that the server keeps feeding, `broken WHY` when one
/// ends; a connection without a line for ten seconds counts as broken.
pub(crate) fn hold(words: &[&str]) -> Outcome {
    let peer = address(words.first())?;
    let count = number(words.get(1), 1)?.min(1000);
    let log = Arc::new(log(words.get(2))?);
    let threads: Vec<_> = (0..count)
        .map(|_| {
            let log = Arc::clone(&log);
            std::thread::spawn(move || {
                let why = match keep(peer, &log) {
                    Ok(()) => "the server ended it".to_string(),
                    Err(error) => error.to_string(),
                };
                say(&log, &format!("{} broken {why}", now()));
            })
        })
        .collect();
    for thread in threads {
        let _ = thread.join();
    }
    Ok(())
}

fn keep(peer: SocketAddr, log: &File) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&peer, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET /hold HTTP/1.0\r\n\r\n")?;
    for line in BufReader::new(stream).lines() {
        if let Some(name) = line?.strip_prefix("real ") {
            say(log, &format!("{} opened {name}", now()));
        }
    }
    Ok(())
}
