//! SMTP: greetings, EHLO and HELO, the pattern.

use super::peer::*;
use checks::{LineProtocol, Phase, Reason};

const EHLO: &str = "EHLO localhost.localdomain";
const HELO: &str = "HELO localhost.localdomain";

#[tokio::test]
async fn greetings_of_every_style() {
    let smtp = dialogue(LineProtocol::Smtp);
    let end = [hear(EHLO), say("250 hello"), hear("QUIT"), say("221 bye")];
    for (greeting, words) in [
        ("220 mail.example ESMTP Postfix", "220 mail.example ESMTP Postfix"),
        ("220", "220"),
        ("220 ", "220"),
        ("220-first\r\n220-\r\n220 last", "220-first 220- 220 last"),
        ("250 unusual but 2xx", "250 unusual but 2xx"),
        ("220 \0\u{fffd}\u{7f}", "220  \u{fffd}"),
    ] {
        up(&smtp, &[&[say(greeting)][..], &end].concat(), words).await;
    }
    // Lines may end in a newline alone.
    let bare = [Say(b"220 ok\n".to_vec()), hear(EHLO), Say(b"250-a\n250 b\n".to_vec()), hear("QUIT"), say("221")];
    up(&smtp, &bare, "220 ok").await;
    for (greeting, words) in [
        ("554 no service here", "receive: service refused: 554 no service here"),
        ("421-busy\r\n421 later", "receive: service refused: 421-busy 421 later"),
        ("354 odd", "receive: service refused: 354 odd"),
        ("220-a\r\n250 b", "receive: not a valid answer: not SMTP: 250 b"),
        ("220-a\r\nb", "receive: not a valid answer: not SMTP: b"),
        ("2200 no", "receive: not a valid answer: not SMTP: 2200 no"),
        ("+OK pop", "receive: not a valid answer: not SMTP: +OK pop"),
        ("", "receive: not a valid answer: not SMTP: an empty line"),
    ] {
        down(&smtp, &[say(greeting), Hang], words).await;
    }
}

#[tokio::test]
async fn helo_after_ehlo_was_refused() {
    let smtp = dialogue(LineProtocol::Smtp);
    for refusal in ["502 what", "500 what", "550-no\r\n550 no", "450 not now"] {
        let script = [say("220 a"), hear(EHLO), say(refusal), hear(HELO), say("250 a"), hear("QUIT"), say("221")];
        up(&smtp, &script, "220 a").await;
    }
    let script = [say("220 a"), hear(EHLO), say("421 closing")];
    down(&smtp, &script, "receive: EHLO refused: 421 closing").await;
    let script = [say("220 a"), hear(EHLO), say("502 what"), hear(HELO), say("550 go away")];
    down(&smtp, &script, "receive: HELO refused: 550 go away").await;
}

#[tokio::test]
async fn the_pattern_is_matched_on_the_greeting() {
    let script = [say("220-mail.example"), say("220 Postfix"), hear(EHLO), say("250 a"), hear("QUIT"), say("221 a")];
    for pattern in ["Postfix", "^220 Postfix$|\\n220 Postfix$", "(?s)^220-mail.*Postfix$"] {
        up(&dialogue(LineProtocol::Smtp).receive(pattern), &script, "220-mail.example 220 Postfix").await;
    }
    let failure = run(&dialogue(LineProtocol::Submission).receive("Exim"), &script).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Match);
    let excerpt = "220-mail.example 220 Postfix".to_owned();
    assert_eq!(failure.reason, Reason::NoMatch { bytes: 28, excerpt });
}
