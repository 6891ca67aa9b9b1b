//! LDAP.

use crate::peer::{Fault, Peer, Script, asked, hostile, serve};
use crate::support::{DEADLINE, ask};
use checks::{Ldap, Pattern, Phase, Reason, Secret, Security, Spec, Tls, Verify};

fn spec(security: Security, login: &str, receive: Option<&str>) -> Spec {
    Spec::Ldap(Ldap {
        security,
        login: login.to_owned(),
        password: Secret::new(if login.is_empty() { "" } else { "hunter2" }),
        base: "dc=example".to_owned(),
        receive: receive.map(|pattern| Pattern::compile(pattern).unwrap()),
    })
}

fn plain() -> Spec {
    spec(Security::Plain, "", None)
}

/// A message with a short length.
async fn hear(peer: &mut Peer) -> Option<Vec<u8>> {
    let head = peer.hear(2).await?;
    peer.hear(usize::from(head[1])).await
}

/// An operation whose contents are short.
async fn say(peer: &mut Peer, id: u8, tag: u8, contents: &[u8]) -> Option<()> {
    let operation = [&[2, 1, id, tag, contents.len() as u8], contents].concat();
    peer.say(&[&[0x30, operation.len() as u8], operation.as_slice()].concat()).await
}

fn result(code: u8, words: &str) -> Vec<u8> {
    [&[0x0a, 1, code, 4, 0, 4, words.len() as u8], words.as_bytes()].concat()
}

/// Bind with `bound`, entries of these names, search ended with `done`.
async fn directory(peer: &mut Peer, id: u8, bound: u8, names: &[&str], done: u8) -> Option<()> {
    let bind = hear(peer).await?;
    assert_eq!(bind[..7], [2, 1, id, 0x60, bind.len() as u8 - 5, 2, 1]);
    say(peer, id, 0x61, &result(bound, if bound == 0 { "" } else { "no, not hunter2" })).await?;
    let search = hear(peer).await?;
    assert!(search.windows(10).any(|part| part == b"dc=example"), "{search:?}");
    for name in names {
        let entry = [&[4, name.len() as u8], name.as_bytes(), &[0x30, 0]].concat();
        say(peer, id + 1, 0x64, &entry).await?;
    }
    say(peer, id + 1, 0x65, &result(done, "")).await?;
    let end = peer.rest().await;
    assert!(end.is_empty() || end == [0x30, 5, 2, 1, id + 2, 0x42, 0], "{end:?}");
    Some(())
}

const GOOD: Script = |mut peer| Box::pin(async move { directory(&mut peer, 1, 0, &["dc=example"], 0).await });

#[tokio::test]
async fn up_when_the_entry_is_there() {
    assert_eq!(asked(&plain(), GOOD).await.unwrap().words, "dc=example");
    assert!(asked(&spec(Security::Plain, "cn=a", Some("^dc=ex")), GOOD).await.is_ok());
    let failure = asked(&spec(Security::Plain, "", Some("^cn=")), GOOD).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Match);
    assert_eq!(failure.reason, Reason::NoMatch { bytes: 10, excerpt: "dc=example".to_owned() });
}

#[tokio::test]
async fn hostile_peers() {
    hostile(plain(), GOOD).await;
}

#[tokio::test]
async fn down_in_words() {
    let words =
        |script| async move { asked(&spec(Security::Plain, "cn=a", None), script).await.unwrap_err().to_string() };
    let refused: Script = |mut peer| Box::pin(async move { directory(&mut peer, 1, 49, &[], 0).await });
    assert_eq!(words(refused).await, "receive: login refused: invalid credentials (49): no, not ***");
    let none: Script = |mut peer| Box::pin(async move { directory(&mut peer, 1, 0, &[], 0).await });
    assert_eq!(words(none).await, "match: no entry of this DN can be seen");
    let unknown: Script = |mut peer| Box::pin(async move { directory(&mut peer, 1, 0, &[], 32).await });
    assert_eq!(words(unknown).await, "receive: no such object (32)");
    let two: Script = |mut peer| Box::pin(async move { directory(&mut peer, 1, 0, &["a", "b"], 0).await });
    assert_eq!(words(two).await, "receive: not a valid answer: two entries of one DN");
    let leaving: Script = |mut peer| {
        Box::pin(async move {
            hear(&mut peer).await?;
            say(&mut peer, 0, 0x78, &result(52, "shutting down")).await
        })
    };
    assert_eq!(words(leaving).await, "receive: the server disconnects: unavailable (52): shutting down");
    let other: Script = |mut peer| {
        Box::pin(async move {
            hear(&mut peer).await?;
            say(&mut peer, 9, 0x61, &result(0, "")).await
        })
    };
    assert!(words(other).await.contains("answers another request"));
    let huge: Script = |mut peer| Box::pin(async move { peer.say(b"\x30\x84\x7f\xff\xff\xff").await });
    assert_eq!(words(huge).await, "receive: LDAP message longer than 65536 bytes");
    let endless: Script = |mut peer| {
        Box::pin(async move {
            hear(&mut peer).await?;
            say(&mut peer, 1, 0x61, &result(0, "")).await?;
            loop {
                say(&mut peer, 2, 0x73, b"").await?;
            }
        })
    };
    assert!(words(endless).await.contains("a search without end"));
}

#[tokio::test]
async fn over_tls_and_with_starttls() {
    let tls: Script =
        |peer| Box::pin(async move { directory(&mut peer.secure().await?, 1, 0, &["dc=example"], 0).await });
    assert!(asked(&spec(Security::Tls(Tls::default()), "cn=a", None), tls).await.is_ok());
    let starttls: Script = |mut peer| {
        Box::pin(async move {
            let request = hear(&mut peer).await?;
            assert!(request.ends_with(b"1.3.6.1.4.1.1466.20037"));
            say(&mut peer, 1, 0x78, &result(0, "")).await?;
            directory(&mut peer.secure().await?, 2, 0, &["dc=example"], 0).await
        })
    };
    let start = || Security::Starttls(Tls::default());
    assert!(asked(&spec(start(), "cn=a", None), starttls).await.is_ok());
    let full = Tls { verify: Verify::Full, ..Tls::default() };
    let failure = asked(&spec(Security::Starttls(full), "cn=a", None), starttls).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Tls);
    let without: Script = |mut peer| {
        Box::pin(async move {
            hear(&mut peer).await?;
            say(&mut peer, 1, 0x78, &result(2, "unsupported")).await?;
            assert!(peer.rest().await.is_empty(), "nothing follows in plain text");
            Some(())
        })
    };
    let failure = asked(&spec(start(), "cn=a", None), without).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Answer("StartTLS refused: protocol error (2): unsupported".to_owned()));
    let failure = asked(&plain(), tls).await.unwrap_err();
    assert!(!matches!(failure.reason, Reason::Internal(_)), "{failure}");
    let (target, _, _ends) = serve(GOOD, Fault::None).await;
    let failure = ask(spec(Security::Tls(Tls::default()), "", None), target, DEADLINE).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Tls);
}
