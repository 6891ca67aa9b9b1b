//! A listener of Oracle's, as far as its connect handshake goes, made from public descriptions of TNS. What it does with a
//! connect packet is what its state file says:
//!   accept         accepts service or SID `shop`; with ORA-12514 or 12505 refuses any other
//!   resend         asks for the packet once more, then accepts
//!   redirect PORT  sends to this port of the address that was asked; there (any other port of it) it accepts
//!   refuse CODE    refuses with this code
//!   silence        never answers

use crate::common::{Outcome, address, option, options};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const ACCEPT: u8 = 2;
const REFUSE: u8 = 4;
const REDIRECT: u8 = 5;
const RESEND: u8 = 11;

/// `tns --state FILE ADDRESS:PORT…`; the first port of each address is the listener, others are where it redirects to.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let (named, plain) = options(words);
    let state = option(&named, "state").ok_or("--state FILE is missing")?.to_owned();
    let main = address(plain.first())?.port();
    let mut threads = Vec::new();
    for word in &plain {
        let local = address(Some(word))?;
        let listener = TcpListener::bind(local).map_err(|error| format!("{local}: {error}"))?;
        let state = state.clone();
        threads.push(std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = state.clone();
                std::thread::spawn(move || {
                    let _ = talk(stream, &state, local.port() == main);
                });
            }
        }));
    }
    for thread in threads {
        let _ = thread.join();
    }
    Ok(())
}

fn talk(mut stream: TcpStream, state: &str, listens: bool) -> std::io::Result<()> {
    let request = receive(&mut stream)?;
    let text = String::from_utf8_lossy(&request).into_owned();
    let word = std::fs::read_to_string(state).unwrap_or_default();
    let mut words = word.split_whitespace();
    let (order, argument) = (words.next().unwrap_or("accept"), words.next().unwrap_or_default());
    let answer = match order {
        "silence" => return stream.read_to_end(&mut Vec::new()).map(drop),
        "refuse" => refusal(argument),
        "redirect" if listens => {
            let host = stream.local_addr()?.ip();
            let place = format!("(ADDRESS=(PROTOCOL=tcp)(HOST={host})(PORT={argument}))");
            packet(REDIRECT, &counted(&place))
        }
        "resend" => {
            stream.write_all(&packet(RESEND, &[]))?;
            if receive(&mut stream)? == request { acceptance() } else { refusal("12592") }
        }
        _ if text.contains("(SERVICE_NAME=shop)") || text.contains("(SID=shop)") => acceptance(),
        _ if text.contains("(SID=") => refusal("12505"),
        _ => refusal("12514"),
    };
    stream.write_all(&answer)?;
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// A packet, header and all.
fn receive(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut packet = vec![0; 8];
    stream.read_exact(&mut packet)?;
    let length = packet.iter().take(2).fold(0, |sum, byte| sum * 256 + usize::from(*byte));
    packet.resize(length.max(8), 0);
    stream.read_exact(packet.get_mut(8..).unwrap_or_default())?;
    Ok(packet)
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(body.len() + 8).unwrap_or(8).to_be_bytes();
    [&[high, low, 0, 0, kind, 0, 0, 0], body].concat()
}

fn counted(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap_or_default().to_be_bytes(), text.as_bytes()].concat()
}

/// Version 314, units of 8 and 64 kB, no data.
fn acceptance() -> Vec<u8> {
    packet(ACCEPT, b"\x01\x3a\0\0\x20\0\xff\xff\x01\0\0\0\0\x20\x41\x41\0\0\0\0\0\0\0\0")
}

fn refusal(code: &str) -> Vec<u8> {
    let text = format!("(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))");
    packet(REFUSE, &[&[0x22, 0], &counted(&text)[..]].concat())
}
