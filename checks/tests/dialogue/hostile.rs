//! Peers that lie, flood, or speak something else: down with a reason, within the deadline, whatever the protocol.

use super::good::every;
use super::peer::*;
use super::support::{DEADLINE, HERE, ask, closed_port, tcp};
use checks::{Phase, Reason, Security, Spec};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Says the same bytes without end, over TLS where that comes first; everything is read.
fn endless(piece: &'static [u8], secured: bool) -> Vec<Step> {
    let mut script = if secured { vec![Secure] } else { Vec::new() };
    script.push(Say(piece.iter().copied().cycle().take(1 << 20).collect()));
    script.push(Hang);
    script
}

#[tokio::test]
async fn floods_are_cut_off() {
    for (piece, what) in [
        (&b"x"[..], "a line without end"),
        (b"\0", "NUL without end"),
        (b"\xff\xfe\r\n", "lines of no encoding"),
        (b"x\r\n", "lines of nonsense"),
        (b"\r\n", "empty lines"),
        (b"\n", "newlines"),
        (b"220-x\r\n", "a reply without end"),
        (b"* OK x\r\n", "untagged responses without end"),
        (b"* OK {9}\r\n", "literals without end"),
        (b"* OK {4000000000}\r\n", "one huge literal"),
        (b"-", "hyphens"),
    ] {
        for (name, spec, ..) in every() {
            let secured = matches!(spec.security, Security::Tls(_));
            let (target, _) = playing(endless(piece, secured), Manner::default()).await;
            let result = ask(Spec::Dialogue(Box::new(spec)), target, DEADLINE).await;
            let Err(failure) = result else { panic!("{name}, {what}: up") };
            assert!(!matches!(failure.reason, Reason::Timeout(_) | Reason::Internal(_)), "{name}, {what}: {failure}");
        }
    }
}

#[tokio::test]
async fn limits_have_their_words() {
    let mut reasons = BTreeSet::new();
    for piece in [&b"x"[..], b"220-x\r\n", b"* OK x\r\n", b"* OK {4000000000}\r\n"] {
        for (_, spec, ..) in every() {
            let secured = matches!(spec.security, Security::Tls(_));
            let (target, _) = playing(endless(piece, secured), Manner::default()).await;
            let failure = ask(Spec::Dialogue(Box::new(spec)), target, DEADLINE).await.unwrap_err();
            reasons.insert(failure.reason.to_string());
        }
    }
    for words in ["line longer than 8192 bytes", "answer longer than 65536 bytes", "more than 512 lines"] {
        assert!(reasons.contains(words), "{words}: {reasons:?}");
    }
}

#[tokio::test]
async fn whoever_speaks_another_protocol_is_down() {
    let greetings = [
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        "220 mail.example ESMTP\r\n",
        "+OK pop\r\n",
        "* OK imap\r\n",
        "200 news\r\n",
        "-ERR redis\r\n",
        "ERROR\r\n",
        "SSH-2.0-x\r\n",
        "J\0\0\0\x0a5.5.5-10.11.6-MariaDB\0",
        "\x05\x00",
        "\0\0\0\0",
        "\u{feff}220 a\r\n",
        " 220 a\r\n",
        "550 a\r\n",
        "\r\n\r\n",
    ];
    for (name, spec, ..) in every() {
        let secured = matches!(spec.security, Security::Tls(_));
        for greeting in greetings {
            let own = match name.split_once(' ').map_or(name, |(first, _)| first) {
                "smtp" | "submission" | "ftp" => greeting.starts_with("220"),
                "pop" | "pops" => greeting.starts_with("+OK"),
                "imap" | "imaps" => greeting.starts_with("* OK"),
                "nntp" => greeting.starts_with("200"),
                _ => greeting.starts_with("SSH") && name == "ssh",
            };
            let mut script = if secured { vec![Secure] } else { Vec::new() };
            script.push(Say(greeting.as_bytes().to_vec()));
            let (target, _) = playing(script, Manner::default()).await;
            let result = ask(Spec::Dialogue(Box::new(spec.clone())), target, DEADLINE).await;
            assert!(result.is_err() || own && matches!(name, "pop" | "ssh"), "{name} took {greeting:?}");
        }
    }
}

#[tokio::test]
async fn an_echo_is_no_server() {
    for (name, spec, ..) in every() {
        let target = tcp(HERE, |mut stream| async move {
            let (mut reader, mut writer) = stream.split();
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        })
        .await;
        let result = ask(Spec::Dialogue(Box::new(spec)), target, Duration::from_millis(300)).await;
        assert!(result.is_err(), "{name}");
    }
}

#[tokio::test]
async fn tls_where_none_is_expected_and_the_reverse() {
    for (name, spec, ..) in every() {
        let secured = matches!(spec.security, Security::Tls(_));
        // An alert is what a TLS server says to who speaks first in clear text.
        let script =
            if secured { vec![say("220 in clear text")] } else { vec![Say(b"\x15\x03\x01\0\x02\x02\x46".to_vec())] };
        let (target, _) = playing(script, Manner::default()).await;
        let failure = ask(Spec::Dialogue(Box::new(spec)), target, DEADLINE).await.unwrap_err();
        let words = if secured {
            "tls: the server does not speak TLS on this port"
        } else {
            "receive: not a valid answer: the server speaks TLS on this port"
        };
        assert_eq!(failure.to_string(), words, "{name}");
    }
}

#[tokio::test]
async fn nobody_there() {
    for (name, spec, ..) in every() {
        let spec = Spec::Dialogue(Box::new(spec));
        let failure = ask(spec.clone(), closed_port().await, DEADLINE).await.unwrap_err();
        assert_eq!((failure.phase, failure.reason), (Phase::Connect, Reason::Refused), "{name}");
        // Reads, so that its end is an ordinary one.
        let closing = tcp(HERE, |mut stream| async move {
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        let failure = ask(spec, closing.await, DEADLINE).await.unwrap_err();
        assert!(matches!(failure.reason, Reason::Closed(0) | Reason::Reset(0)), "{name}: {failure}");
    }
}
