//! Redis and its relatives (RESP): AUTH with a password, PING. Commands go as arrays of counted strings, so that a password may
//! hold anything.

use super::Outcome;
use super::talk::Talk;
use crate::{Failure, Login};

/// Up when AUTH is answered with OK and PING with PONG. A server that still loads its data says so, and is down.
pub(super) async fn run(mut talk: Talk<'_>) -> Result<Outcome<'_>, Failure> {
    if let Some(Login { name, password }) = &talk.spec.login {
        // Before Redis 6 there were no names.
        let command = if name.is_empty() {
            array(&["AUTH", password.reveal()])
        } else {
            array(&["AUTH", name, password.reveal()])
        };
        ask(&mut talk, &command, b"+OK", "login").await?;
    }
    let pong = ask(&mut talk, &array(&["PING"]), b"+PONG", "PING").await?;
    talk.matching(&pong)?;
    Ok(Outcome { words: talk.words(pong.strip_prefix(b"+").unwrap_or(&pong)), talk, farewell: "" })
}

async fn ask(talk: &mut Talk<'_>, command: &[u8], wanted: &[u8], what: &'static str) -> Result<Vec<u8>, Failure> {
    talk.send_bytes(command).await?;
    let line = talk.line().await?;
    match line.split_first() {
        Some((b'-', words)) => Err(talk.rejected(what, words)),
        _ if line == wanted => Ok(line),
        _ => Err(talk.nonsense("Redis", &line)),
    }
}

fn array(words: &[&str]) -> Vec<u8> {
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    text.into_bytes()
}
