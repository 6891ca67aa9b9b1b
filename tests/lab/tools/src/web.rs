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
//!
//! One thread serves all connections: a thread each costs tens of milliseconds in a User-mode-Linux guest.

use crate::common::{Outcome, log, now, option, options, say};
use std::collections::HashSet;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// No connection lives longer, so that a forgotten server stays small.
const LIFE: Duration = Duration::from_secs(120);
/// Connections served at once; those beyond are dropped.
const ROOM: usize = 8000;

struct Server {
    name: Option<String>,
    state: String,
    hang: HashSet<String>,
    open: AtomicUsize,
    requests: Option<File>,
}

/// `web --state FILE [--name NAME] [--hang FILE] [--requests FILE] ADDRESS:PORT…`
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let mut listening = Vec::new();
        for word in &addresses {
            let address: SocketAddr = word.parse().map_err(|_| format!("'{word}' is no ADDRESS:PORT"))?;
            let listener = listen(address).map_err(|error| format!("{address}: {error}"))?;
            listening.push(tokio::spawn(accept(listener, Arc::clone(&server))));
        }
        for task in listening {
            let _ = task.await;
        }
        Ok(())
    })
}

/// With room for a thousand connections at once; the standard library's queue is shorter, and a full one costs seconds.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

async fn accept(listener: TcpListener, server: Arc<Server>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        if server.open.fetch_add(1, Ordering::Relaxed) >= ROOM {
            server.open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let _ = tokio::time::timeout(LIFE, serve(stream, &server)).await;
            server.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

async fn serve(mut stream: TcpStream, server: &Server) -> std::io::Result<()> {
    let local = stream.local_addr()?.ip().to_canonical().to_string();
    let request = request(&mut stream).await?;
    if let Some(requests) = &server.requests {
        let client = stream.peer_addr()?.ip().to_canonical();
        let line: Vec<&str> = request.split_whitespace().take(2).collect();
        say(requests, &format!("{} {local} {client} {}", now(), line.join(" ")));
    }
    let state = std::fs::read_to_string(&server.state).unwrap_or_default();
    let state = state.split_whitespace().next().unwrap_or("page");
    let state = if server.hang.contains(&local) { "silence" } else { state };
    let name = server.name.as_deref().unwrap_or(&local);
    match state {
        "silence" => while stream.read(&mut [0; 512]).await? > 0 {},
        "wrong" => answer(&mut stream, "200 OK", &format!("real {name}\nUnder construction\n")).await?,
        "500" => answer(&mut stream, "500 Internal Server Error", &format!("real {name}\nTest Page\n")).await?,
        "drip" => drip(&mut stream, name).await?,
        "headers" => endless(&mut stream, b"HTTP/1.1 200 OK\r\n", b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await?,
        "body" => endless(&mut stream, b"HTTP/1.1 200 OK\r\n\r\n", b"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n").await?,
        "reset" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of the pa").await?;
            reset(stream).await;
        }
        "garbage" => stream.write_all(&[0xff, 0x00, 0x0a, 0x80].repeat(1024)).await?,
        _ if request.starts_with("GET /hold") => hold(&mut stream, name).await?,
        _ => answer(&mut stream, "200 OK", &format!("real {name}\nTest Page\n")).await?,
    }
    Ok(())
}

/// Reads to the end of the request's header, at most 8 kB of it.
async fn request(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut header, mut buffer) = (Vec::new(), [0; 1024]);
    while header.len() < 8192 && !header.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer).await? {
            0 => break,
            count => header.extend(buffer.iter().take(count)),
        }
    }
    Ok(String::from_utf8_lossy(&header).into_owned())
}

async fn answer(stream: &mut TcpStream, status: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).await
}

async fn drip(stream: &mut TcpStream, name: &str) -> std::io::Result<()> {
    let page = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nreal {name}\nTest Page\n");
    for byte in page.bytes().cycle() {
        stream.write_all(&[byte]).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

async fn hold(stream: &mut TcpStream, name: &str) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.0 200 OK\r\n\r\nreal {name}\n").as_bytes()).await?;
    loop {
        stream.write_all(b"tick\n").await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn endless(stream: &mut TcpStream, first: &[u8], then: &[u8]) -> std::io::Result<()> {
    stream.write_all(first).await?;
    let block = then.repeat(100);
    loop {
        stream.write_all(&block).await?;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A connection closed without lingering ends with a reset instead of an orderly end.
async fn reset(stream: TcpStream) {
    tokio::time::sleep(Duration::from_millis(20)).await;
    let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
}
