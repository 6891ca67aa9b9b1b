//! SMTP and its submission variant (RFC 5321, 6409): greeting, EHLO (HELO where that is refused), STARTTLS when asked (RFC
//! 3207), QUIT. Nothing is delivered.

use super::Outcome;
use super::reply::{Form, Reply};
use super::talk::Talk;
use crate::Failure;

const FORM: Form = Form { protocol: "SMTP", loose: false };
/// What ldirectord says, and servers that look at names have accepted all along.
const EHLO: &str = "EHLO localhost.localdomain";
const HELO: &str = "HELO localhost.localdomain";
/// The service is closing down (RFC 5321, 3.8): no other command will fare better.
const CLOSING: u16 = 421;

/// Up when the greeting and the answer to EHLO or HELO are 2xx, with TLS where it is asked for, and the greeting matches.
pub(super) async fn run(mut talk: Talk<'_>) -> Result<Outcome<'_>, Failure> {
    let greeting = talk.reply(FORM).await?;
    let greeting = talk.accepted(greeting, |code| matches!(code, 200..=299), "service")?;
    talk.matching(&greeting.text)?;
    hello(&mut talk).await?;
    if talk.starttls() {
        let reply = talk.ask("STARTTLS", FORM).await?;
        talk.accepted(reply, |code| code == 220, "STARTTLS")?;
        talk = talk.upgrade().await?;
        hello(&mut talk).await?;
    }
    Ok(Outcome { words: talk.words(&greeting.text), talk, farewell: "QUIT" })
}

async fn hello(talk: &mut Talk<'_>) -> Result<Reply, Failure> {
    let reply = talk.ask(EHLO, FORM).await?;
    if reply.is_success() {
        return Ok(reply);
    }
    if reply.code == CLOSING {
        return Err(talk.rejected("EHLO", &reply.text));
    }
    let reply = talk.ask(HELO, FORM).await?;
    talk.accepted(reply, |code| matches!(code, 200..=299), "HELO")
}
