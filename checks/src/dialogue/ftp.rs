//! FTP (RFC 959): greeting, login, and where a file is named its transfer over a passive data connection, EPSV before PASV (RFC
//! 2428). Over TLS the data connection is secured as well. The data connection goes to the real server itself, whatever address it names: an answer from elsewhere would say
//! nothing about it.

use super::Outcome;
use super::reply::{Form, Reply};
use super::talk::Talk;
use crate::http::{BODY_LIMIT, UNMATCHED_LIMIT};
use crate::net::{self, Progress, reason_of};
use crate::stream::Stream;
use crate::{Failure, Reason, Target};
use std::net::IpAddr;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

const FORM: Form = Form { protocol: "FTP", loose: true };
/// The service is closing down.
const CLOSING: u16 = 421;

/// Up when the login succeeds and, where a file is named, its transfer does and its bytes match.
pub(super) async fn run(mut talk: Talk<'_>) -> Result<Outcome<'_>, Failure> {
    let mut greeting = talk.reply(FORM).await?;
    // 120: ready in so many minutes; 220 follows when it is.
    while greeting.code == 120 {
        greeting = talk.reply(FORM).await?;
    }
    let greeting = talk.accepted(greeting, |code| code == 220, "service")?;
    log_in(&mut talk).await?;
    let file = talk.spec.request.trim_start_matches('/');
    if file.is_empty() {
        if talk.spec.receive.is_some() {
            let words = "request names no file that receive could match".to_owned();
            return Err(talk.failure(Reason::Local(words)));
        }
        return Ok(Outcome { words: talk.words(&greeting.text), talk, farewell: "QUIT" });
    }
    // As ldirectord does: from the root, where the server lets us go there; where it does not, from where the login led.
    let reply = talk.ask("CWD /", FORM).await?;
    talk.accepted(reply, |code| code != CLOSING, "CWD")?;
    let reply = talk.ask("TYPE I", FORM).await?;
    talk.accepted(reply, |code| matches!(code, 200..=299), "TYPE")?;
    if talk.begins_with_tls() {
        // RFC 4217, sections 8 and 9: without them the data would go in clear text.
        for command in ["PBSZ 0", "PROT P"] {
            let reply = talk.ask(command, FORM).await?;
            talk.accepted(reply, |code| matches!(code, 200..=299), command)?;
        }
    }
    let (port, stream) = passive(&mut talk).await?;
    let reply = talk.ask(&format!("RETR {file}"), FORM).await?;
    talk.accepted(reply, |code| matches!(code, 100..=199), "RETR")?;
    let broken = |reason| Reason::Data { port, reason: Box::new(reason) };
    let stream = talk.secured(stream).await.map_err(|failure| talk.failure(broken(failure.reason)))?;
    let (bytes, count) = download(&talk, stream).await.map_err(|reason| talk.failure(broken(reason)))?;
    let reply = talk.reply(FORM).await?;
    let reply = talk.accepted(reply, |code| matches!(code, 200..=299), "RETR")?;
    talk.matching(&bytes)?;
    Ok(Outcome { words: format!("{count} bytes, {}", talk.words(&reply.text)), talk, farewell: "QUIT" })
}

async fn log_in(talk: &mut Talk<'_>) -> Result<(), Failure> {
    let Some(login) = &talk.spec.login else { return Ok(()) };
    let reply = talk.ask(&format!("USER {}", login.name), FORM).await?;
    let reply = talk.accepted(reply, |code| matches!(code, 200..=299 | 331), "login")?;
    if reply.code == 331 {
        let reply = talk.ask(&format!("PASS {}", login.password.reveal()), FORM).await?;
        talk.accepted(reply, |code| matches!(code, 200..=299), "login")?;
    }
    Ok(())
}

/// Has the server listen, and connects there.
async fn passive(talk: &mut Talk<'_>) -> Result<(u16, TcpStream), Failure> {
    let reply = talk.ask("EPSV", FORM).await?;
    let port = if reply.code == 229 {
        port_of_epsv(&reply.text)
    } else if reply.code == CLOSING || talk.target.address.is_ipv6() {
        return Err(talk.rejected("EPSV", &reply.text));
    } else {
        let reply = talk.ask("PASV", FORM).await?;
        let reply: Reply = talk.accepted(reply, |code| code == 227, "PASV")?;
        port_of_pasv(&reply.text)
    };
    let Some(port) = port else {
        return Err(talk.failure(Reason::Protocol("no port in the answer to EPSV or PASV".to_owned())));
    };
    let address: IpAddr = talk.target.address;
    // The phases and timings are those of the control connection.
    let connected = net::connect(Target { address, port }, &mut Progress::start()).await;
    let stream = connected.map_err(|failure| talk.failure(Reason::Data { port, reason: Box::new(failure.reason) }))?;
    Ok((port, stream))
}

/// Reads to the end; what is not to be matched is counted, not kept.
async fn download(talk: &Talk<'_>, mut stream: Stream) -> Result<(Vec<u8>, usize), Reason> {
    let keep = talk.spec.receive.is_some();
    let limit = if keep { BODY_LIMIT } else { UNMATCHED_LIMIT };
    let (mut bytes, mut count) = (Vec::new(), 0);
    let mut chunk = vec![0; 16 * 1024];
    loop {
        let length = stream.read(&mut chunk).await.map_err(|error| reason_of(&error, count as u64))?;
        if length == 0 {
            return Ok((bytes, count));
        }
        count += length;
        if count > limit {
            return Err(Reason::TooLong { what: "file", limit });
        }
        if keep {
            bytes.extend_from_slice(chunk.get(..length).unwrap_or_default());
        }
    }
}

/// `229 Entering Extended Passive Mode (|||6446|)`: any delimiter, four times.
fn port_of_epsv(text: &[u8]) -> Option<u16> {
    let open = text.iter().position(|byte| *byte == b'(')?;
    let (delimiter, rest) = text.get(open + 1..)?.split_first()?;
    let mut parts = rest.split(|byte| byte == delimiter);
    // Protocol and address are left empty by a server that keeps to the RFC; nothing depends on them.
    number(parts.nth(2)?).filter(|port| *port != 0)
}

/// `227 Entering Passive Mode (10,0,0,1,25,46)`: six numbers, with or without brackets; the last two are the port.
fn port_of_pasv(text: &[u8]) -> Option<u16> {
    let words = text.get(3..)?.split(|byte| !byte.is_ascii_digit() && *byte != b',');
    words.into_iter().find_map(|word| {
        let numbers: Vec<u16> = word.split(|byte| *byte == b',').map(number).collect::<Option<_>>()?;
        match numbers.as_slice() {
            [.., high, low] if numbers.len() == 6 && numbers.iter().all(|number| *number < 256) => {
                Some(high * 256 + low).filter(|port| *port != 0)
            }
            _ => None,
        }
    })
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports() {
        for (text, expected) in [
            (&b"229 Entering Extended Passive Mode (|||6446|)"[..], Some(6446)),
            (b"229 ok (!!!1!)", Some(1)),
            (b"229 (|1|10.0.0.1|6446|)", Some(6446)),
            (b"229 (|||0|)", None),
            (b"229 (|||70000|)", None),
            (b"229 (|||6446", Some(6446)),
            (b"229 (", None),
            (b"229", None),
        ] {
            assert_eq!(port_of_epsv(text), expected, "{}", String::from_utf8_lossy(text));
        }
        for (text, expected) in [
            (&b"227 Entering Passive Mode (10,0,0,1,25,46)."[..], Some(25 * 256 + 46)),
            (b"227 =10,0,0,1,0,21", Some(21)),
            (b"227 2 modes: 1,2,3,4,5,6", Some(5 * 256 + 6)),
            (b"227 (10,0,0,1,256,46)", None),
            (b"227 (10,0,0,1,25)", None),
            (b"227 (10,0,0,1,0,0)", None),
            (b"227 (10,0,0,1,,)", None),
            (b"227", None),
            (b"22", None),
        ] {
            assert_eq!(port_of_pasv(text), expected, "{}", String::from_utf8_lossy(text));
        }
    }
}
