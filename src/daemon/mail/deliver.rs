//! One attempt to deliver a mail: over SMTP as the directive `smtp` says, or through the machine's own sendmail.

use crate::report::mail::Letter;
use lettre::address::Envelope;
use lettre::message::{Mailbox, Mailboxes};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How long one attempt may take, all steps together.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where sendmail is, if anywhere.
const SENDMAIL: [&str; 3] = ["/usr/sbin/sendmail", "/usr/lib/sendmail", "/usr/bin/sendmail"];
/// What is kept of a failed sendmail's words.
const WORDS: u64 = 512;

/// Who did not get a mail, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Undelivered {
    /// The recipients that are left.
    pub(super) to: Vec<String>,
    pub(super) words: String,
    /// Whether another attempt can help.
    pub(super) again: bool,
}

/// Delivers to every recipient that is left.
pub(super) async fn deliver(letter: &Letter, hostname: &str) -> Result<(), Undelivered> {
    let never = |words: String| Undelivered { to: Vec::new(), words, again: false };
    let message = compose(letter, hostname).map_err(never)?;
    match &letter.smtp {
        Some(server) => by_smtp(server, &message, letter, hostname).await,
        None => {
            let program = SENDMAIL.iter().map(Path::new).find(|path| path.exists());
            let missing = || never("there is no sendmail here: install a mail server, or write smtp=HOST".to_owned());
            let again = |words| Undelivered { to: letter.to.clone(), words, again: true };
            by_sendmail(program.ok_or_else(missing)?, &message.formatted()).await.map_err(again)
        }
    }
}

fn compose(letter: &Letter, hostname: &str) -> Result<Message, String> {
    let mut to = Mailboxes::new();
    for recipient in &letter.to {
        to.push(mailbox(recipient, hostname)?);
    }
    let from = match &letter.from {
        Some(from) => mailbox(from, hostname)?,
        None => mailbox(&user(), hostname)?,
    };
    let builder = Message::builder().from(from).mailbox(lettre::message::header::To::from(to));
    let message = builder.subject(&letter.subject).date_now().body(letter.body.clone());
    message.map_err(|error| format!("it cannot be composed: {error}"))
}

/// Who runs this; their mail is from them.
fn user() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).ok().flatten();
    user.map_or_else(|| "root".to_owned(), |user| user.name)
}

/// `admin@example.org`, `"Alerts" <alerts@example.org>`, or a user of this machine.
fn mailbox(text: &str, hostname: &str) -> Result<Mailbox, String> {
    let full = if text.contains('@') { text.to_owned() } else { format!("{text}@{hostname}") };
    full.parse().map_err(|error| format!("{text:?} is not a mail address: {error}"))
}

async fn by_smtp(server: &str, message: &Message, letter: &Letter, hostname: &str) -> Result<(), Undelivered> {
    let all = |words, again| Undelivered { to: letter.to.clone(), words, again };
    let (host, port) = host_and_port(server).map_err(|words| all(words, false))?;
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host)
        .port(port)
        .timeout(Some(PATIENCE))
        .hello_name(ClientId::Domain(hostname.to_owned()))
        .build::<Tokio1Executor>();
    let text = message.formatted();
    let sender = message.envelope().from().cloned();
    let (mut left, mut refused) = (Vec::new(), Vec::new());
    // One after the other: a recipient that the server refuses costs nobody else the mail.
    for recipient in &letter.to {
        let address: Result<Address, _> = mailbox(recipient, hostname).map(|mailbox| mailbox.email);
        let envelope =
            address.and_then(|address| Envelope::new(sender.clone(), vec![address]).map_err(|error| error.to_string()));
        let envelope = match envelope {
            Ok(envelope) => envelope,
            Err(words) => {
                refused.push(words);
                continue;
            }
        };
        match timeout(PATIENCE, transport.send_raw(&envelope, &text)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.is_permanent() => {
                refused.push(format!("{server} refuses {recipient}: {}", words(&error)))
            }
            Ok(Err(error)) => left.push((recipient.clone(), format!("{server}: {}", words(&error)))),
            Err(_) => {
                left.push((recipient.clone(), format!("{server} did not take it within {} s", PATIENCE.as_secs())))
            }
        }
    }
    match (left.first(), refused.first()) {
        (Some((_, words)), _) => Err(Undelivered {
            words: words.clone(),
            to: left.iter().map(|(recipient, _)| recipient.clone()).collect(),
            again: true,
        }),
        (None, Some(words)) => Err(Undelivered { to: Vec::new(), words: words.clone(), again: false }),
        (None, None) => Ok(()),
    }
}

/// An error with its causes.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(&format!(": {more}"));
        }
        cause = error.source();
    }
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// `host`, `host:port`, an IPv6 address with or without brackets; port 25.
fn host_and_port(server: &str) -> Result<(String, u16), String> {
    let wrong = || format!("smtp={server} is no mail server: write host or host:port");
    if let Some(rest) = server.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(wrong)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => port.parse().map_err(|_| wrong())?,
            None if rest.is_empty() => 25,
            None => return Err(wrong()),
        };
        return Ok((host.to_owned(), port));
    }
    match server.split_once(':') {
        Some((host, port)) if !port.contains(':') => Ok((host.to_owned(), port.parse().map_err(|_| wrong())?)),
        _ => Ok((server.to_owned(), 25)),
    }
}

/// The program reads the recipients from the message, as ldirectord has it.
async fn by_sendmail(program: &Path, text: &[u8]) -> Result<(), String> {
    let mut command = tokio::process::Command::new(program);
    command.args(["-t", "-i"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command
        .kill_on_drop(true)
        .process_group(0)
        .spawn()
        .map_err(|error| format!("{} cannot be run: {error}", program.display()))?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let run = async {
        if let Some(mut stdin) = stdin {
            // One that does not want to read all says so by its exit code.
            let _closed = stdin.write_all(text).await;
        }
        let mut said = Vec::new();
        if let Some(stderr) = stderr {
            let _end = stderr.take(WORDS).read_to_end(&mut said).await;
        }
        child.wait().await.map(|status| (status, said))
    };
    match timeout(PATIENCE, run).await {
        Ok(Ok((status, _))) if status.success() => Ok(()),
        Ok(Ok((status, said))) => Err(format!(
            "{}: {status}: {}",
            program.display(),
            String::from_utf8_lossy(&said).trim().replace('\n', " ")
        )),
        Ok(Err(error)) => Err(format!("{}: {error}", program.display())),
        Err(_) => Err(format!("{} took longer than {} s and is killed", program.display(), PATIENCE.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn letter(to: &[&str], smtp: Option<&str>) -> Letter {
        Letter {
            to: to.iter().map(|to| (*to).to_owned()).collect(),
            from: Some("\"ldirectord Alerts\" <alerts@x.test>".to_owned()),
            smtp: smtp.map(str::to_owned),
            subject: "[My Web] Deleted real server: 10.9.1.1:80 (10.9.0.1:80)".to_owned(),
            body: "ldirectord host: labhost\nDaemon-Status: running\n".to_owned(),
        }
    }

    #[test]
    fn servers() {
        for (text, host, port) in [
            ("mail.example.org", "mail.example.org", 25),
            ("mail:2525", "mail", 2525),
            ("[fd00::1]:26", "fd00::1", 26),
            ("[fd00::1]", "fd00::1", 25),
            ("fd00::1", "fd00::1", 25),
        ] {
            assert_eq!(host_and_port(text), Ok((host.to_owned(), port)), "{text}");
        }
        for text in ["mail:smtp", "[fd00::1", "[fd00::1]26", "mail:99999"] {
            assert!(host_and_port(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_message_says_whom_it_is_from_and_to() {
        let text =
            String::from_utf8(compose(&letter(&["a@x.test", "root"], None), "labhost").unwrap().formatted()).unwrap();
        for line in
            ["From: \"ldirectord Alerts\" <alerts@x.test>", "To: a@x.test, root@labhost", "Daemon-Status: running"]
        {
            assert!(text.contains(&format!("{line}\r\n")), "{line} is not in\n{text}");
        }
        assert!(compose(&letter(&["a b@"], None), "labhost").is_err());
    }

    #[tokio::test]
    async fn sendmail_reads_it_and_its_words_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (program, got) = (folder.path().join("sendmail"), folder.path().join("got"));
        let script = |text: String| {
            std::fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        script(format!("echo \"$@\" > {0}; cat >> {0}", got.display()));
        by_sendmail(&program, b"To: a@x.test\n\nhello\n").await.unwrap();
        assert_eq!(std::fs::read_to_string(&got).unwrap(), "-t -i\nTo: a@x.test\n\nhello\n");
        script("echo no route to host >&2; exit 75".to_owned());
        assert!(by_sendmail(&program, b"x").await.unwrap_err().ends_with("exit status: 75: no route to host"));
    }
}
