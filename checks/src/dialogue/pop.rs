//! POP3 (RFC 1939): greeting, STLS when asked (RFC 2595), USER and PASS with a login, QUIT. No message is touched.

use super::Outcome;
use super::talk::Talk;
use crate::Failure;

/// Up when every answer is +OK and the greeting matches.
pub(super) async fn run(mut talk: Talk<'_>) -> Result<Outcome<'_>, Failure> {
    let greeting = status(&mut talk, "service").await?;
    talk.matching(&greeting)?;
    if talk.starttls() {
        ask(&mut talk, "STLS", "STLS").await?;
        talk = talk.upgrade().await?;
    }
    if let Some(login) = &talk.spec.login {
        ask(&mut talk, &format!("USER {}", login.name), "login").await?;
        ask(&mut talk, &format!("PASS {}", login.password.reveal()), "login").await?;
    }
    Ok(Outcome { words: talk.words(&greeting), talk, farewell: "QUIT" })
}

async fn ask(talk: &mut Talk<'_>, command: &str, what: &'static str) -> Result<Vec<u8>, Failure> {
    talk.send(command).await?;
    status(talk, what).await
}

/// A line that begins with +OK.
async fn status(talk: &mut Talk<'_>, what: &'static str) -> Result<Vec<u8>, Failure> {
    let line = talk.line().await?;
    match line.split(|byte| *byte == b' ').next() {
        Some(b"+OK") => Ok(line),
        Some(b"-ERR") => Err(talk.rejected(what, &line)),
        _ => Err(talk.nonsense("POP3", &line)),
    }
}
