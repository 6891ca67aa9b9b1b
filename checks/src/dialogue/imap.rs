//! IMAP (RFC 3501, 9051): greeting, STARTTLS when asked, LOGIN with a login, NOOP, LOGOUT. No mailbox is opened, so nothing
//! can be expunged.

use super::Outcome;
use super::talk::Talk;
use crate::{Failure, Reason};

/// Up when the server greets with OK or PREAUTH, the greeting matches, and each command is completed with OK.
pub(super) async fn run(mut talk: Talk<'_>) -> Result<Outcome<'_>, Failure> {
    let greeting = response(&mut talk).await?;
    let preauthenticated = match state(&greeting) {
        Some(State::Ok) => false,
        Some(State::Preauth) => true,
        Some(State::No | State::Bad | State::Bye) => return Err(talk.rejected("service", &greeting)),
        None => return Err(talk.nonsense("IMAP", &greeting)),
    };
    talk.matching(&greeting)?;
    if talk.starttls() {
        // STARTTLS is only for those who are not logged in; a PREAUTH in clear text may be somebody's in the middle.
        if preauthenticated {
            return Err(talk.rejected("STARTTLS", &greeting));
        }
        talk.send("a1 STARTTLS").await?;
        completed(&mut talk, "a1", "STARTTLS").await?;
        talk = talk.upgrade().await?;
    }
    if let Some(login) = talk.spec.login.as_ref().filter(|_| !preauthenticated) {
        log_in(&mut talk, &[&login.name, login.password.reveal()]).await?;
        completed(&mut talk, "a2", "login").await?;
    }
    talk.send("a3 NOOP").await?;
    completed(&mut talk, "a3", "NOOP").await?;
    Ok(Outcome { words: talk.words(&greeting), talk, farewell: "a4 LOGOUT" })
}

/// Sends LOGIN. An argument with 8-bit characters may not be quoted: it goes as a literal, once the server asks for it.
async fn log_in(talk: &mut Talk<'_>, arguments: &[&str]) -> Result<(), Failure> {
    let mut text = "a2 LOGIN".to_owned();
    for argument in arguments {
        if argument.is_ascii() {
            let quoted = argument.replace('\\', "\\\\").replace('"', "\\\"");
            text.push_str(&format!(" \"{quoted}\""));
        } else {
            text.push_str(&format!(" {{{}}}", argument.len()));
            talk.send(&text).await?;
            continued(talk).await?;
            (*argument).clone_into(&mut text);
        }
    }
    talk.send(&text).await
}

/// Waits for the server to ask for the rest of a command.
async fn continued(talk: &mut Talk<'_>) -> Result<(), Failure> {
    loop {
        let line = response(talk).await?;
        match line.first() {
            Some(b'+') => return Ok(()),
            Some(b'*') if !matches!(state(&line), Some(State::Bye)) => {}
            _ => return Err(talk.rejected("login", without_tag(&line))),
        }
    }
}

/// Waits for the completion of the command `tag`; what else the server tells in between is passed over.
async fn completed(talk: &mut Talk<'_>, tag: &str, what: &'static str) -> Result<(), Failure> {
    loop {
        let line = response(talk).await?;
        let mine = line.strip_prefix(tag.as_bytes()).is_some_and(|rest| rest.starts_with(b" "));
        match (mine, state(&line)) {
            (true, Some(State::Ok)) => return Ok(()),
            (true, Some(State::No | State::Bad)) => return Err(talk.rejected(what, without_tag(&line))),
            (false, Some(State::Bye)) => return Err(talk.rejected(what, &line)),
            (false, _) if line.starts_with(b"* ") => {}
            _ => return Err(talk.nonsense("IMAP", &line)),
        }
    }
}

/// One response, literals and all: a line that ends in `{N}` goes on behind the next N bytes, and those are data whatever they
/// look like.
async fn response(talk: &mut Talk<'_>) -> Result<Vec<u8>, Failure> {
    let mut whole = Vec::new();
    loop {
        let line = talk.line().await?;
        whole.extend_from_slice(&line);
        match literal(&line) {
            None => return Ok(whole),
            Some(Some(length)) => talk.skip(length).await?,
            Some(None) => return Err(talk.failure(Reason::Protocol("a literal without end".to_owned()))),
        }
    }
}

/// The length of the literal that a line announces; `Some(None)`: one beyond all numbers.
fn literal(line: &[u8]) -> Option<Option<usize>> {
    let text = line.strip_suffix(b"}")?;
    let open = text.iter().rposition(|byte| *byte == b'{')?;
    let digits = text.get(open + 1..)?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u32>().ok()).map(|length| length as usize))
}

/// The states that a response may tell.
enum State {
    Ok,
    No,
    Bad,
    Preauth,
    Bye,
}

/// The second word of a response, in any letter case.
fn state(line: &[u8]) -> Option<State> {
    let word = line.split(|byte| *byte == b' ').nth(1)?;
    Some(match word.to_ascii_uppercase().as_slice() {
        b"OK" => State::Ok,
        b"NO" => State::No,
        b"BAD" => State::Bad,
        b"PREAUTH" => State::Preauth,
        b"BYE" => State::Bye,
        _ => return None,
    })
}

fn without_tag(line: &[u8]) -> &[u8] {
    let blank = line.iter().position(|byte| *byte == b' ');
    blank.and_then(|blank| line.get(blank + 1..)).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn literals() {
        for (line, expected) in [
            (&b"* OK {5}"[..], Some(Some(5))),
            (b"* OK {0}", Some(Some(0))),
            (b"* OK {12+}", Some(Some(12))),
            (b"* OK {99999999999999999999}", Some(None)),
            (b"* OK {}", None),
            (b"* OK {+}", None),
            (b"* OK {x}", None),
            (b"* OK 5}", None),
            (b"}", None),
            (b"", None),
        ] {
            assert_eq!(literal(line), expected, "{line:?}");
        }
    }
}
