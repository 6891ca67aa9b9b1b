//! STARTTLS and STLS: agreed, refused, and spoken before its time.

use super::peer::*;
use checks::{Dialogue, LineProtocol, Phase, Reason, Security, Tls, Verify};

/// Each protocol's conversation up to the command that starts TLS, the word that agrees, and one that does not.
fn every() -> Vec<(Dialogue, Vec<Step>, &'static str, &'static str)> {
    use LineProtocol::*;
    let smtp = || vec![say("220 a"), hear("EHLO localhost.localdomain"), say("250 a"), hear("STARTTLS")];
    vec![
        (dialogue(Smtp).starttls(), smtp(), "220 go", "454 not now"),
        (dialogue(Submission).starttls(), smtp(), "220 go", "502 what"),
        (dialogue(Pop).starttls(), vec![say("+OK"), hear("STLS")], "+OK go", "-ERR what"),
        (dialogue(Imap).starttls(), vec![say("* OK"), hear("a1 STARTTLS")], "a1 OK go", "a1 BAD what"),
        (dialogue(Nntp).starttls(), vec![say("200 a"), hear("STARTTLS")], "382 go", "580 no"),
    ]
}

#[tokio::test]
async fn refused_is_down() {
    for (spec, begin, _, no) in every() {
        let failure = run(&spec, &[&begin[..], &[say(no), Hang]].concat()).await.unwrap_err();
        assert!(matches!(&failure.reason, Reason::Rejected { what: "STARTTLS" | "STLS", .. }), "{failure}");
        assert!(failure.to_string().ends_with(no.trim_start_matches("a1 ")), "{failure}");
    }
    let known = [say("* PREAUTH hello")];
    down(&dialogue(LineProtocol::Imap).starttls(), &known, "receive: STARTTLS refused: * PREAUTH hello").await;
}

#[tokio::test]
async fn what_is_said_before_tls_is_not_believed() {
    for (spec, begin, go, _) in every() {
        // The injected answers would do for everything that follows.
        let injected = format!("{go}\r\n250 a\r\n+OK\r\na3 OK\r\n221 b\r\n");
        let script = [&begin[..], &[Say(injected.into_bytes()), Secure, Hang]].concat();
        let failure = run(&spec, &script).await.unwrap_err();
        let words = "more than the reply to STARTTLS before TLS began".to_owned();
        assert_eq!(failure.reason, Reason::Protocol(words), "{spec:?}");
    }
}

#[tokio::test]
async fn who_agrees_and_goes_on_in_clear_text_is_down() {
    for (spec, begin, go, _) in every() {
        let silent = [&begin[..], &[say(go), Hear(vec![22, 3, 1]), say("250 a, in clear text")]].concat();
        let failure = run(&spec, &silent).await.unwrap_err();
        assert_eq!(failure.to_string(), "tls: the server does not speak TLS on this port", "{spec:?}");
    }
}

#[tokio::test]
async fn certificates_are_judged_as_everywhere() {
    for (mut spec, begin, go, _) in every() {
        spec.security = Security::Starttls(Tls {
            verify: Verify::Full,
            authorities: None,
            name: Some("mail.example".into()),
            identity: None,
        });
        let failure = run(&spec, &[&begin[..], &[say(go), Secure, Hang]].concat()).await.unwrap_err();
        assert_eq!(failure.phase, Phase::Tls, "{failure}");
        assert!(failure.to_string().contains("unknown authority") || failure.to_string().contains("certificate"));
    }
}

#[test]
fn who_has_none_says_so() {
    for protocol in [LineProtocol::Ftp, LineProtocol::Redis, LineProtocol::Memcached, LineProtocol::Ssh] {
        let target = checks::Target { address: super::support::HERE, port: 1 };
        let spec = checks::Spec::Dialogue(Box::new(dialogue(protocol).starttls()));
        assert!(checks::Probe::new(spec, target).unwrap_err().to_string().ends_with("has no STARTTLS here"));
    }
}
