//! NNTP (RFC 3977): greeting, STARTTLS when asked (RFC 4642), AUTHINFO with a login (RFC 4643), QUIT.

use super::Outcome;
use super::reply::Form;
use super::talk::Talk;
use crate::Failure;

const FORM: Form = Form { protocol: "NNTP", loose: false };

/// Up when the greeting is 200 (posting allowed) or 201 (not allowed) and matches, and a login succeeds.
pub(super) async fn run(mut talk: Talk<'_>) -> Result<Outcome<'_>, Failure> {
    let greeting = talk.reply(FORM).await?;
    let greeting = talk.accepted(greeting, |code| matches!(code, 200 | 201), "service")?;
    talk.matching(&greeting.text)?;
    if talk.starttls() {
        let reply = talk.ask("STARTTLS", FORM).await?;
        talk.accepted(reply, |code| code == 382, "STARTTLS")?;
        talk = talk.upgrade().await?;
    }
    if let Some(login) = &talk.spec.login {
        let reply = talk.ask(&format!("AUTHINFO USER {}", login.name), FORM).await?;
        let reply = talk.accepted(reply, |code| matches!(code, 281 | 381), "login")?;
        if reply.code == 381 {
            let reply = talk.ask(&format!("AUTHINFO PASS {}", login.password.reveal()), FORM).await?;
            talk.accepted(reply, |code| code == 281, "login")?;
        }
    }
    Ok(Outcome { words: talk.words(&greeting.text), talk, farewell: "QUIT" })
}
