//! A web server that misbehaves on command. The file given with `--state` is read for every connection; its first word is
//! the behaviour:
//!   page      200 with `real NAME` and `Test Page` (also when the file is missing)
//!   wrong     200 with a page that lacks `Test Page`
//!   500       an error page
//!   silence   accepts, reads, never answers
//!   drip      answers one byte every 200 ms
//!   headers   endless header lines
//!   body      a right status line and an endless body
//!   reset     half an answer, then a reset
//!   garbage   4 kB of bytes that are no HTTP
//! `/hold` under `page` sends a line every 100 ms until the client leaves. Without `--name` a server calls itself by the
//! local address of the connection, so that one process can stand for a thousand. `--hang FILE` lists local addresses, one
//! a line, that behave as `silence` whatever the state says. `--requests FILE` gets a line for each request:
//! `MILLISECONDS LOCAL-ADDRESS CLIENT-ADDRESS METHOD PATH`.

use crate::common::{Outcome, log, now, option, options, say};
use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// No connection lives longer, so that a forgotten server stays small.
const LIFE: Duration = Duration::from_secs(120);
/// Connections served at once; those beyond are dropped.
const ROOM: usize = 4000;

struct Server {
    name: Option<String>,
    state: String,
    hang: HashSet<String>,
    open: AtomicUsize,
    requests: Option<File>,
}

/// `web --state FILE [--name NAME] [--hang FILE] ADDRESS:PORT…`
pub(crate) fn run(words: &[&str]) -> Outcome {
    let (named, addresses) = options(words);
    let hang = match option(&named, "hang") {
        Some(path) => std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?,
        None => String::new(),
    };
    let server = Arc::new(Server {
        name: option(&named, "name").map(str::to_string),
        state: option(&named, "state").ok_or("--state FILE is missing")?.to_string(),
        hang: hang.lines().map(|line| line.trim().to_string()).collect(),
        open: AtomicUsize::new(0),
        requests: option(&named, "requests").map(|path| log(Some(&path))).transpose()?,
    });
    let mut listening = Vec::new();
    for word in &addresses {
        let address: SocketAddr = word.parse().map_err(|_| format!("'{word}' is no ADDRESS:PORT"))?;
        let listener = listen(address).map_err(|error| format!("{address}: {error}"))?;
        let server = Arc::clone(&server);
        listening.push(std::thread::spawn(move || accept(&listener, &server)));
    }
    for thread in listening {
        let _ = thread.join();
    }
    Ok(())
}

/// With room for a thousand connections at once; the standard library's queue is shorter, and a full one costs seconds.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}

fn accept(listener: &TcpListener, server: &Arc<Server>) {
    for stream in listener.incoming().flatten() {
        if server.open.fetch_add(1, Ordering::Relaxed) >= ROOM {
            server.open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let server = Arc::clone(server);
        let worker = std::thread::Builder::new().stack_size(64 * 1024);
        let _ = worker.spawn(move || {
            let _ = serve(stream, &server);
            server.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

fn serve(mut stream: TcpStream, server: &Server) -> std::io::Result<()> {
    let local = stream.local_addr()?.ip().to_canonical().to_string();
    stream.set_read_timeout(Some(LIFE))?;
    stream.set_write_timeout(Some(LIFE))?;
    let request = request(&mut stream)?;
    if let Some(requests) = &server.requests {
        let client = stream.peer_addr()?.ip().to_canonical();
        let line: Vec<&str> = request.split_whitespace().take(2).collect();
        say(requests, &format!("{} {local} {client} {}", now(), line.join(" ")));
    }
    let state = std::fs::read_to_string(&server.state).unwrap_or_default();
    let state = state.split_whitespace().next().unwrap_or("page");
    let state = if server.hang.contains(&local) { "silence" } else { state };
    let name = server.name.as_deref().unwrap_or(&local);
    let end = Instant::now() + LIFE;
    match state {
        "silence" => while stream.read(&mut [0; 512])? > 0 {},
        "wrong" => answer(&mut stream, "200 OK", &format!("real {name}\nUnder construction\n"))?,
        "500" => answer(&mut stream, "500 Internal Server Error", &format!("real {name}\nTest Page of an error\n"))?,
        "drip" => {
            for byte in page(name).bytes().cycle() {
                stream.write_all(&[byte])?;
                std::thread::sleep(Duration::from_millis(200));
                if Instant::now() > end {
                    break;
                }
            }
        }
        "headers" => endless(&mut stream, b"HTTP/1.1 200 OK\r\n", b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", end)?,
        "body" => endless(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n", b"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n", end)?,
        "reset" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of the pa")?;
            reset(stream);
        }
        "garbage" => stream.write_all(&[0xff, 0x00, 0x0a, 0x80].repeat(1024))?,
        _ if request.starts_with("GET /hold") => {
            stream.write_all(format!("HTTP/1.0 200 OK\r\n\r\nreal {name}\n").as_bytes())?;
            while Instant::now() < end {
                stream.write_all(b"tick\n")?;
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        _ => answer(&mut stream, "200 OK", &format!("real {name}\nTest Page\n"))?,
    }
    Ok(())
}

fn page(name: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nreal {name}\nTest Page\n")
}

/// Reads to the end of the request's header, at most 8 kB of it.
fn request(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut header, mut buffer) = (Vec::new(), [0; 1024]);
    while header.len() < 8192 && !header.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => break,
            count => header.extend(buffer.iter().take(count)),
        }
    }
    Ok(String::from_utf8_lossy(&header).into_owned())
}

fn answer(stream: &mut TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes())
}

fn endless(stream: &mut TcpStream, first: &[u8], then: &[u8], end: Instant) -> std::io::Result<()> {
    stream.write_all(first)?;
    let block = then.repeat(100);
    while Instant::now() < end {
        stream.write_all(&block)?;
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// A connection closed without lingering ends with a reset instead of an orderly end.
fn reset(stream: TcpStream) {
    std::thread::sleep(Duration::from_millis(20));
    let socket = socket2::Socket::from(stream);
    let _ = socket.set_linger(Some(Duration::ZERO));
}
