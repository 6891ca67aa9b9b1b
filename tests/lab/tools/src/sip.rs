//! A SIP server over UDP that answers OPTIONS by what its state file says (`200`, `503` or `silence`), and a client that
//! sends one OPTIONS and prints what came back.

use crate::common::{Outcome, address, number, option, options as split};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// `sip --state FILE [--name NAME] ADDRESS:PORT`
pub(crate) fn run(words: &[&str]) -> Outcome {
    let (named, plain) = split(words);
    let state = option(&named, "state").ok_or("--state FILE is missing")?;
    let name = option(&named, "name").unwrap_or("sip");
    let local = address(plain.first())?;
    let socket = UdpSocket::bind(local).map_err(|error| format!("{local}: {error}"))?;
    let mut buffer = [0; 4096];
    loop {
        let (count, peer) = socket.recv_from(&mut buffer).map_err(|error| error.to_string())?;
        let request = String::from_utf8_lossy(buffer.get(..count).unwrap_or_default()).into_owned();
        let word = std::fs::read_to_string(state).unwrap_or_default();
        let status = match word.trim() {
            "silence" => continue,
            "503" => "503 Service Unavailable",
            _ => "200 OK",
        };
        let _ = socket.send_to(reply(&request, status, name).as_bytes(), peer);
    }
}

/// RFC 3261, 8.2.6: the reply repeats Via, From, To (with a tag), Call-ID and CSeq of the request.
fn reply(request: &str, status: &str, name: &str) -> String {
    let mut lines = vec![format!("SIP/2.0 {status}")];
    for line in request.lines().skip(1) {
        let header = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        match header.as_str() {
            "via" | "v" | "from" | "f" | "call-id" | "i" | "cseq" => lines.push(line.to_string()),
            "to" | "t" => lines.push(format!("{line};tag={name}")),
            _ => {}
        }
    }
    lines.push(format!("Server: {name}"));
    lines.push("Content-Length: 0".to_string());
    format!("{}\r\n\r\n", lines.join("\r\n"))
}

/// `options ADDRESS:PORT [SOURCE-PORT]`: prints `STATUS SERVER`, or fails after two seconds of silence.
pub(crate) fn options(words: &[&str]) -> Outcome {
    let peer = address(words.first())?;
    let source = number(words.get(1), 0)?;
    let any = if peer.is_ipv4() { "0.0.0.0" } else { "::" };
    let local: SocketAddr = format!("{any}:{source}")
        .parse()
        .or_else(|_| format!("[{any}]:{source}").parse())
        .map_err(|_| "the source port is no port")?;
    let talk = || -> std::io::Result<String> {
        let socket = UdpSocket::bind(local)?;
        socket.connect(peer)?;
        socket.set_read_timeout(Some(Duration::from_secs(2)))?;
        let own = socket.local_addr()?;
        let id = crate::common::now();
        let request = [
            format!("OPTIONS sip:lab@{peer} SIP/2.0"),
            format!("Via: SIP/2.0/UDP {own};branch=z9hG4bK{id}"),
            "Max-Forwards: 70".to_string(),
            format!("From: <sip:lab@{own}>;tag={id}"),
            format!("To: <sip:lab@{peer}>"),
            format!("Call-ID: {id}@lab"),
            "CSeq: 1 OPTIONS".to_string(),
            "Content-Length: 0".to_string(),
        ];
        socket.send(format!("{}\r\n\r\n", request.join("\r\n")).as_bytes())?;
        let mut buffer = [0; 4096];
        let count = socket.recv(&mut buffer)?;
        Ok(String::from_utf8_lossy(buffer.get(..count).unwrap_or_default()).into_owned())
    };
    let answer = talk().map_err(|error| format!("{peer}: {error}"))?;
    let status = answer.split_whitespace().nth(1).unwrap_or("?");
    let server = answer.lines().find_map(|line| line.strip_prefix("Server: ")).unwrap_or("?");
    println!("{status} {server}");
    Ok(())
}
