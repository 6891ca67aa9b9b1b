//! One good conversation of each kind: it is up, at any speed, and at no byte before it is complete.

use super::peer::*;
use super::support::{DEADLINE, ask};
use checks::{Class, Dialogue, LineProtocol, Reason, Spec};
use std::time::Duration;

/// A check, its conversation, and how many of its last steps are courtesy.
pub(crate) type Conversation = (&'static str, Dialogue, Vec<Step>, usize);

/// One of each kind.
pub(crate) fn every() -> Vec<Conversation> {
    use LineProtocol::*;
    let smtp =
        || [hear("EHLO localhost.localdomain"), say("250-mail.example"), say("250-SIZE 1000"), say("250 STARTTLS")];
    let goodbye = |word: &str, reply: &str| [hear(word), say(reply)];
    let ftp_login = || {
        [
            say("220 ftp.example"),
            hear("USER anonymous"),
            say("331 any password"),
            hear("PASS me@here"),
            say("230 welcome"),
        ]
    };
    let mut file = dialogue(Ftp).login("anonymous", "me@here").receive("^second$");
    file.request = "pub/README".to_owned();
    file.receive = Some(checks::Pattern::compile("(?m)^second$").unwrap());
    let mut secure_file = file.clone().tls();
    secure_file.receive = None;
    vec![
        (
            "smtp over TLS",
            dialogue(Smtp).tls(),
            [&[Secure, say("220 mail.example ESMTP")][..], &smtp(), &goodbye("QUIT", "221 bye")].concat(),
            2,
        ),
        (
            "ftp with a file over TLS",
            secure_file,
            [
                &[Secure][..],
                &ftp_login(),
                &[hear("CWD /"), say("250 there"), hear("TYPE I"), say("200 binary"), hear("PBSZ 0"), say("200 0")],
                &[hear("PROT P"), say("200 private"), hear("EPSV"), Listen("229 Entering (|||{}|)")],
                &[hear("RETR pub/README"), say("150 comes"), SecureData(b"all\n".to_vec()), say("226 done")],
                &goodbye("QUIT", "221 bye"),
            ]
            .concat(),
            2,
        ),
        (
            "redis over TLS",
            dialogue(Redis).tls().login("", "s3cret"),
            vec![
                Secure,
                Hear(b"*2\r\n$4\r\nAUTH\r\n$6\r\ns3cret\r\n".to_vec()),
                say("+OK"),
                Hear(b"*1\r\n$4\r\nPING\r\n".to_vec()),
                say("+PONG"),
            ],
            0,
        ),
        (
            "smtp",
            dialogue(Smtp),
            [&[say("220 mail.example ESMTP")][..], &smtp(), &goodbye("QUIT", "221 bye")].concat(),
            2,
        ),
        (
            "submission with STARTTLS",
            dialogue(Submission).starttls(),
            [
                &[say("220-mail.example ESMTP"), say("220 ready")][..],
                &smtp(),
                &[hear("STARTTLS"), say("220 go ahead"), Secure],
                &smtp(),
                &goodbye("QUIT", "221 bye"),
            ]
            .concat(),
            2,
        ),
        ("pop", dialogue(Pop), [&[say("+OK ready")][..], &goodbye("QUIT", "+OK bye")].concat(), 2),
        (
            "pops with login",
            dialogue(Pop).tls().login("probe", "s3cret words"),
            [
                &[Secure, say("+OK ready <1.2@mail.example>"), hear("USER probe"), say("+OK")][..],
                &[hear("PASS s3cret words"), say("+OK logged in")],
                &goodbye("QUIT", "+OK bye"),
            ]
            .concat(),
            2,
        ),
        (
            "imap with STARTTLS and login",
            dialogue(Imap).starttls().login("probe", "s3\"cr\\et"),
            [
                &[say("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready"), hear("a1 STARTTLS")][..],
                &[say("a1 OK begin"), Secure, hear("a2 LOGIN \"probe\" \"s3\\\"cr\\\\et\"")],
                &[say("* CAPABILITY IMAP4rev1"), say("a2 OK logged in"), hear("a3 NOOP"), say("a3 OK done")],
                &[hear("a4 LOGOUT"), say("* BYE"), say("a4 OK bye")],
            ]
            .concat(),
            3,
        ),
        (
            "imaps",
            dialogue(Imap).tls(),
            [
                &[Secure, say("* OK ready"), hear("a3 NOOP"), say("a3 OK done")][..],
                &[hear("a4 LOGOUT"), say("* BYE"), say("a4 OK bye")],
            ]
            .concat(),
            3,
        ),
        (
            "ftp",
            dialogue(Ftp).login("anonymous", "me@here"),
            [&ftp_login()[..], &goodbye("QUIT", "221 bye")].concat(),
            2,
        ),
        (
            "ftp with a file",
            file,
            [
                &ftp_login()[..],
                &[hear("CWD /"), say("250 there"), hear("TYPE I"), say("200 binary"), hear("EPSV")],
                &[Listen("229 Entering (|||{}|)"), hear("RETR pub/README"), say("150 here it comes")],
                &[Data(b"first\nsecond\nthird\n".to_vec()), say("226 done")],
                &goodbye("QUIT", "221 bye"),
            ]
            .concat(),
            2,
        ),
        (
            "nntp with login",
            dialogue(Nntp).login("probe", "s3cret"),
            [
                &[say("201 news.example, no posting"), hear("AUTHINFO USER probe"), say("381 more")][..],
                &[hear("AUTHINFO PASS s3cret"), say("281 welcome")],
                &goodbye("QUIT", "205 bye"),
            ]
            .concat(),
            2,
        ),
        (
            "redis with password",
            dialogue(Redis).login("", "s3cret"),
            vec![
                Hear(b"*2\r\n$4\r\nAUTH\r\n$6\r\ns3cret\r\n".to_vec()),
                say("+OK"),
                Hear(b"*1\r\n$4\r\nPING\r\n".to_vec()),
                say("+PONG"),
            ],
            0,
        ),
        ("memcached", dialogue(Memcached), vec![hear("version"), say("VERSION 1.6.18"), hear("quit")], 1),
        (
            "ssh",
            dialogue(Ssh).receive("OpenSSH"),
            vec![
                say("hello"),
                say("SSH-2.0-OpenSSH_9.2p1"),
                hear("SSH-2.0-ldirectord-rs"),
                Say(b"\0\0\x01\x02".to_vec()),
            ],
            2,
        ),
    ]
}

/// How many bytes a script says.
fn said(script: &[Step]) -> usize {
    let lengths = script.iter().map(|step| match step {
        Say(bytes) | Data(bytes) | SecureData(bytes) => bytes.len(),
        Listen(words) => words.len() + 3 + 2,
        Hear(_) | Secure | Hang => 0,
    });
    lengths.sum()
}

#[tokio::test]
async fn each_is_up() {
    for (name, spec, script, _) in every() {
        let result = run(&spec, &script).await;
        assert!(result.is_ok(), "{name}: {result:?}");
        let secured = !matches!(spec.security, checks::Security::Plain);
        assert_eq!(Spec::Dialogue(Box::new(spec)).class() == Class::Heavy, secured, "{name}");
    }
}

#[tokio::test]
async fn closing_at_any_byte_is_down_until_the_last_one_that_counts() {
    for (name, spec, script, courtesy) in every() {
        let needed = said(&script[..script.len() - courtesy]);
        for budget in 0..=said(&script) {
            let (target, _) = playing(script.clone(), Manner { budget: Some(budget), pause: None }).await;
            let result = ask(Spec::Dialogue(Box::new(spec.clone())), target, DEADLINE).await;
            assert_eq!(result.is_ok(), budget >= needed, "{name}, {budget} of {needed} bytes: {result:?}");
            if let Err(failure) = result {
                let ended = matches!(failure.reason, Reason::Closed(_) | Reason::Reset(_) | Reason::Data { .. });
                let told = matches!(failure.reason, Reason::Rejected { .. }) && name == "ssh";
                assert!(ended || told || name.starts_with("ftp with a file"), "{name}, {budget}: {failure}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_is_up_with_patience_and_down_at_the_deadline() {
    small_steps();
    for (name, spec, script, _) in every() {
        let manner = Manner { budget: None, pause: Some(Duration::from_secs(1)) };
        let (target, _) = playing(script, manner).await;
        let spec = Spec::Dialogue(Box::new(spec));
        let failure = ask(spec.clone(), target, Duration::from_secs(8)).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Timeout(Duration::from_secs(8)), "{name}");
        let result = ask(spec, target, Duration::from_secs(3600)).await;
        assert!(result.is_ok(), "{name}: {result:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_at_any_step_ends_at_the_deadline() {
    small_steps();
    for (name, spec, script, courtesy) in every() {
        let needed = script.len() - courtesy;
        for length in 0..=script.len() {
            let halted = [&script[..length], &[Hang]].concat();
            let (target, _) = playing(halted, Manner::default()).await;
            let result = ask(Spec::Dialogue(Box::new(spec.clone())), target, DEADLINE).await;
            assert_eq!(result.is_ok(), length >= needed, "{name}, {length} of {needed} steps: {result:?}");
            if let Err(failure) = result {
                assert_eq!(failure.reason, Reason::Timeout(DEADLINE), "{name}, step {length}");
            }
        }
    }
}
