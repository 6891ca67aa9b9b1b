//! IMAP: greetings, LOGIN with quoting and literals, what stands between command and completion.

use super::peer::*;
use checks::LineProtocol::Imap;

fn end() -> [Step; 5] {
    [hear("a3 NOOP"), say("a3 OK"), hear("a4 LOGOUT"), say("* BYE"), say("a4 OK")]
}

#[tokio::test]
async fn greetings() {
    for greeting in ["* OK ready", "* ok ready", "* PREAUTH you are known", "* OK"] {
        up(&dialogue(Imap), &[&[say(greeting)][..], &end()].concat(), greeting).await;
    }
    // Who is known already does not log in again.
    let known = [&[say("* PREAUTH hello probe")][..], &end()].concat();
    up(&dialogue(Imap).login("probe", "s3cret"), &known, "* PREAUTH hello probe").await;
    down(&dialogue(Imap), &[say("* BYE too busy")], "receive: service refused: * BYE too busy").await;
    down(&dialogue(Imap), &[say("* NO")], "receive: service refused: * NO").await;
    down(&dialogue(Imap), &[say("+OK pop")], "receive: not a valid answer: not IMAP: +OK pop").await;
    let failure = run(&dialogue(Imap).receive("Cyrus"), &[say("* OK Dovecot ready.")]).await.unwrap_err();
    assert_eq!(failure.to_string(), "match: pattern not found in 19 bytes starting \"* OK Dovecot ready.\"");
}

#[tokio::test]
async fn refusals_without_the_password() {
    let spec = dialogue(Imap).login("probe", "p\"w");
    let begin = [say("* OK"), hear("a2 LOGIN \"probe\" \"p\\\"w\"")];
    for (reply, words) in [
        ("a2 NO [AUTHENTICATIONFAILED] no", "receive: login refused: NO [AUTHENTICATIONFAILED] no"),
        ("a2 BAD LOGIN \"probe\" \"p\\\"w\" or p\"w?", "receive: login refused: BAD LOGIN \"probe\" \"***\" or ***?"),
        ("* BYE enough", "receive: login refused: * BYE enough"),
        ("a9 OK other", "receive: not a valid answer: not IMAP: a9 OK other"),
        ("a2 WHAT", "receive: not a valid answer: not IMAP: a2 WHAT"),
        ("+ go on", "receive: not a valid answer: not IMAP: + go on"),
    ] {
        down(&spec, &[&begin[..], &[say(reply)]].concat(), words).await;
    }
    let script = [say("* OK"), hear("a3 NOOP"), say("a3 NO broken")];
    down(&dialogue(Imap), &script, "receive: NOOP refused: NO broken").await;
}

#[tokio::test]
async fn literals_are_data_whatever_they_look_like() {
    let spec = dialogue(Imap).login("u", "s3cret");
    let begin = [say("* OK"), hear("a2 LOGIN \"u\" \"s3cret\"")];
    let literal = |length: &str, rest: &str| say(&format!("* OK [ALERT] {{{length}}}\r\n{rest}"));
    let good = [&begin[..], &[literal("9", "a2 NO no\n {0}\r\n"), say("a2 OK")], &end()].concat();
    up(&spec, &good, "* OK").await;
    let fooling = [&begin[..], &[literal("9", "a2 OK yes"), say("a2 NO no")]].concat();
    down(&spec, &fooling, "receive: login refused: NO no").await;
    let endless = [&begin[..], &[literal("99999999999999999999", "")]].concat();
    down(&spec, &endless, "receive: not a valid answer: a literal without end").await;
    let long = [&begin[..], &[literal("1000000", &"x".repeat(100_000)), Hang]].concat();
    down(&spec, &long, "receive: answer longer than 65536 bytes").await;
}

#[tokio::test]
async fn what_may_not_be_quoted_goes_as_a_literal() {
    let spec = dialogue(Imap).login("jörg", "pässwort \"x\"");
    let begin = [
        say("* OK"),
        hear("a2 LOGIN {5}"),
        say("* OK by the way"),
        say("+ go on"),
        hear("jörg {13}"),
        say("+"),
        hear("pässwort \"x\""),
    ];
    up(&spec, &[&begin[..], &[say("a2 OK in")], &end()].concat(), "* OK").await;
    let refused = [say("* OK"), hear("a2 LOGIN {5}"), say("a2 BAD no literals")];
    down(&spec, &refused, "receive: login refused: BAD no literals").await;
    let mixed = [say("* OK"), hear("a2 LOGIN \"a\" {3}"), say("+"), hear("é!"), say("a2 OK")];
    up(&dialogue(Imap).login("a", "é!"), &[&mixed[..], &end()].concat(), "* OK").await;
}
