//! POP3: greeting, login, and passwords that come back.

use super::peer::*;
use checks::LineProtocol::Pop;

#[tokio::test]
async fn greetings() {
    let end = [hear("QUIT"), say("+OK")];
    for greeting in ["+OK", "+OK Dovecot ready."] {
        up(&dialogue(Pop).receive("^\\+OK"), &[&[say(greeting)][..], &end].concat(), greeting).await;
    }
    let refused = "receive: service refused: -ERR [SYS/TEMP] too many";
    down(&dialogue(Pop), &[say("-ERR [SYS/TEMP] too many")], refused).await;
    down(&dialogue(Pop), &[say("+OKAY")], "receive: not a valid answer: not POP3: +OKAY").await;
    down(&dialogue(Pop), &[say("* OK imap")], "receive: not a valid answer: not POP3: * OK imap").await;
}

#[tokio::test]
async fn a_refused_login_is_told_without_the_password() {
    let spec = dialogue(Pop).login("probe", "Hunter2 it is");
    let begin = [say("+OK"), hear("USER probe"), say("+OK"), hear("PASS Hunter2 it is")];
    let refusal = say("-ERR [AUTH] \"Hunter2 it is\" and HUNTER2 IT IS are wrong");
    let words = "receive: login refused: -ERR [AUTH] \"***\" and *** are wrong";
    down(&spec, &[&begin[..], &[refusal]].concat(), words).await;
    // Not even where it is not understood, nor where it stands at the end of what is shown.
    down(&spec, &[&begin[..], &[say("Hunter2 it is")]].concat(), "receive: not a valid answer: not POP3: ***").await;
    for length in 60..130 {
        let refusal = say(&format!("-ERR {} Hunter2 it is Hunter2 it is", "x".repeat(length)));
        let words = run(&spec, &[&begin[..], &[refusal]].concat()).await.unwrap_err().to_string();
        assert!(words.starts_with("receive: login refused: -ERR xxx") && !words.contains('H'), "{words}");
    }
    let script = [say("+OK"), hear("USER probe"), say("-ERR nobody")];
    down(&spec, &script, "receive: login refused: -ERR nobody").await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_at_once() {
    for (spec, what) in [
        (dialogue(Pop).login("a\r\nDELE 1", "b"), "login"),
        (dialogue(Pop).login("a", "b\nc"), "passwd"),
        (dialogue(Pop).login("a", "b\0"), "passwd"),
    ] {
        let target = checks::Target { address: super::support::HERE, port: 1 };
        let reason = checks::Probe::new(checks::Spec::Dialogue(Box::new(spec)), target).unwrap_err();
        assert_eq!(reason.to_string(), format!("a line break or NUL in {what} cannot be sent"));
    }
}
