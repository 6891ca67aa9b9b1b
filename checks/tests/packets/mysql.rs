//! MySQL and MariaDB.

use crate::peer::{Peer, Script, asked, hostile, login_refused, told};
use checks::{Phase, Reason, Secret, Spec, Sql, SqlKind, Tls, Verify};

const TLS: u16 = 0x800;
const SCRAMBLE: &[u8] = b"abcdefghijklmnopqrst";

fn spec(login: &str, request: &str, verify: Verify) -> Spec {
    Spec::Sql(Sql {
        kind: SqlKind::Mysql,
        login: login.to_owned(),
        password: Secret::new("secret"),
        database: "shop".to_owned(),
        request: request.to_owned(),
        tls: Tls { verify, ..Tls::default() },
    })
}

fn good() -> Spec {
    spec("user", "SELECT 1", Verify::None)
}

async fn say(peer: &mut Peer, number: u8, payload: &[u8]) -> Option<()> {
    peer.say(&[&[payload.len() as u8, 0, 0, number], payload].concat()).await
}

async fn hear(peer: &mut Peer, number: u8) -> Option<Vec<u8>> {
    let head = peer.hear(4).await?;
    assert_eq!(head[3], number);
    peer.hear(usize::from(u16::from_le_bytes([head[0], head[1]]))).await
}

async fn greet(peer: &mut Peer, tls: u16, plugin: &str) -> Option<()> {
    let mut payload = b"\x0a8.0.36\0\x07\0\0\0".to_vec();
    payload.extend(&SCRAMBLE[..8]);
    payload.push(0);
    payload.extend((0xa208 | tls).to_le_bytes());
    payload.extend([33, 2, 0, 0x08, 0, 21]);
    payload.extend([0; 10]);
    payload.extend(&SCRAMBLE[8..]);
    payload.push(0);
    payload.extend(plugin.as_bytes());
    payload.push(0);
    say(peer, 0, &payload).await
}

fn error(code: u16, words: &str) -> Vec<u8> {
    [&[0xff], code.to_le_bytes().as_slice(), b"#28000", words.as_bytes()].concat()
}

/// A query's answer: one column, these rows.
async fn answer(peer: &mut Peer, rows: &[&[u8]]) -> Option<()> {
    assert_eq!(hear(peer, 0).await?, b"\x03SELECT 1");
    say(peer, 1, &[1]).await?;
    say(peer, 2, b"\x03def\0\0\0\x011\0\x0c\x3f\0\x01\0\0\0\x08\x81\0\0\0\0").await?;
    say(peer, 3, &[0xfe, 0, 0, 2, 0]).await?;
    let mut number = 4;
    for row in rows {
        say(peer, number, row).await?;
        number += 1;
    }
    say(peer, number, &[0xfe, 0, 0, 2, 0]).await?;
    assert_eq!(peer.rest().await, [1, 0, 0, 0, 1]);
    Some(())
}

/// mysql_native_password for "secret", as in the unit test of the formula.
const NATIVE: Script = |mut peer| {
    Box::pin(async move {
        greet(&mut peer, 0, "mysql_native_password").await?;
        let login = hear(&mut peer, 1).await?;
        assert_eq!(login[32..38], *b"user\0\x14");
        assert!(login.ends_with(b"shop\0mysql_native_password\0"));
        say(&mut peer, 2, &[0, 0, 0, 2, 0, 0, 0]).await?;
        answer(&mut peer, &[b"\x011"]).await
    })
};

#[tokio::test]
async fn up_when_the_query_finds_a_row() {
    assert_eq!(asked(&good(), NATIVE).await.unwrap().words, "8.0.36, the query finds rows");
    let none: Script = |mut peer| {
        Box::pin(async move {
            greet(&mut peer, 0, "mysql_native_password").await?;
            hear(&mut peer, 1).await?;
            say(&mut peer, 2, &[0, 0, 0, 2, 0, 0, 0]).await?;
            answer(&mut peer, &[]).await
        })
    };
    let failure = asked(&good(), none).await.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Match, Reason::Answer("the query finds no row".to_owned())));
}

#[tokio::test]
async fn hostile_peers() {
    hostile(good(), NATIVE).await;
}

/// TLS, then caching_sha2_password in full: the password itself, over TLS only.
const CACHING: Script = |mut peer| {
    Box::pin(async move {
        greet(&mut peer, TLS, "caching_sha2_password").await?;
        assert_eq!(hear(&mut peer, 1).await?.len(), 32);
        let mut peer = peer.secure().await?;
        let login = hear(&mut peer, 2).await?;
        assert_eq!(login[36..38], *b"\0\x20");
        say(&mut peer, 3, &[1, 4]).await?;
        assert_eq!(hear(&mut peer, 4).await?, b"secret\0");
        say(&mut peer, 5, &[0, 0, 0, 2, 0, 0, 0]).await?;
        answer(&mut peer, &[b"\x011", b"\xfb"]).await
    })
};

#[tokio::test]
async fn over_tls_where_it_is_offered() {
    assert!(asked(&good(), CACHING).await.is_ok());
    let failure = asked(&spec("user", "SELECT 1", Verify::Chain), CACHING).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Tls);
    let failure = asked(&spec("user", "SELECT 1", Verify::Chain), NATIVE).await.unwrap_err();
    assert!(failure.to_string().contains("offers no TLS"), "{failure}");
}

#[tokio::test]
async fn other_plugins_and_fast_logins() {
    let switched: Script = |mut peer| {
        Box::pin(async move {
            greet(&mut peer, 0, "client_ed25519").await?;
            hear(&mut peer, 1).await?;
            say(&mut peer, 2, &[b"\xfecaching_sha2_password\0", SCRAMBLE, &[0]].concat()).await?;
            assert_eq!(hear(&mut peer, 3).await?.len(), 32);
            say(&mut peer, 4, &[1, 3]).await?;
            say(&mut peer, 5, &[0, 0, 0, 2, 0, 0, 0]).await?;
            answer(&mut peer, &[b"\x011"]).await
        })
    };
    assert!(asked(&good(), switched).await.is_ok());
    let unknown: Script = |mut peer| {
        Box::pin(async move {
            greet(&mut peer, 0, "mysql_native_password").await?;
            hear(&mut peer, 1).await?;
            say(&mut peer, 2, b"\xfeauth_gssapi_client\0x").await
        })
    };
    let failure = asked(&good(), unknown).await.unwrap_err();
    assert!(failure.to_string().contains("wants the plugin auth_gssapi_client"), "{failure}");
}

#[tokio::test]
async fn the_password_itself_never_travels_in_the_clear() {
    let full: Script = |mut peer| {
        Box::pin(async move {
            greet(&mut peer, 0, "caching_sha2_password").await?;
            hear(&mut peer, 1).await?;
            say(&mut peer, 2, &[1, 4]).await?;
            assert!(peer.rest().await.is_empty());
            Some(())
        })
    };
    let failure = asked(&good(), full).await.unwrap_err();
    assert!(failure.to_string().contains("offers no TLS to send it over"), "{failure}");
    let clear: Script = |mut peer| {
        Box::pin(async move {
            greet(&mut peer, 0, "mysql_native_password").await?;
            hear(&mut peer, 1).await?;
            say(&mut peer, 2, b"\xfemysql_clear_password\0").await?;
            assert!(peer.rest().await.is_empty());
            Some(())
        })
    };
    let failure = asked(&good(), clear).await.unwrap_err();
    assert!(failure.to_string().contains("offers no TLS to send it over"), "{failure}");
}

#[tokio::test]
async fn down_in_words() {
    let refused: Script = |mut peer| {
        Box::pin(async move {
            greet(&mut peer, 0, "mysql_native_password").await?;
            hear(&mut peer, 1).await?;
            say(&mut peer, 2, &error(1045, "Access denied for 'user' (secret)")).await
        })
    };
    let failure = asked(&good(), refused).await.unwrap_err();
    assert_eq!(failure.reason, login_refused("Access denied for 'user' (***)"));
    let unnamed = asked(&spec("", "", Verify::None), refused).await.unwrap();
    assert_eq!(unnamed.words, "8.0.36 answers (no login is given)");
    let busy: Script =
        |mut peer| Box::pin(async move { say(&mut peer, 0, &error(1040, "Too many connections")).await });
    assert_eq!(asked(&good(), busy).await.unwrap_err().to_string(), "receive: error 1040: Too many connections");
    assert!(asked(&spec("", "", Verify::None), busy).await.is_err());
    let huge: Script = |mut peer| Box::pin(async move { peer.say(&[0xff, 0xff, 0xff, 0]).await });
    let failure = asked(&good(), huge).await.unwrap_err();
    assert_eq!(failure.reason, Reason::TooLong { what: "MySQL packet", limit: 16_384 });
    let file: Script = |mut peer| {
        Box::pin(async move {
            greet(&mut peer, 0, "mysql_native_password").await?;
            hear(&mut peer, 1).await?;
            say(&mut peer, 2, &[0, 0, 0, 2, 0, 0, 0]).await?;
            hear(&mut peer, 0).await?;
            say(&mut peer, 1, b"\xfb/etc/passwd").await?;
            assert!(peer.rest().await.is_empty(), "no file is sent");
            Some(())
        })
    };
    let failure = asked(&good(), file).await.unwrap_err();
    assert!(failure.to_string().contains("a result that cannot be read"), "{failure}");
}

/// The digest of the password and the server's scramble could be tried against a list of passwords; over TLS it is the password.
#[tokio::test]
async fn a_watched_login_tells_neither_password_nor_digest() {
    let native = told(&good(), NATIVE).await;
    assert!(native.contains("8.0.36") && native.contains("SELECT 1"), "{native}");
    assert_eq!(native.split_whitespace().filter(|word| *word == "**").count(), 20, "SHA-1 has 20 bytes: {native}");
    let caching = told(&good(), CACHING).await;
    assert!(caching.contains("TLS 1.3 with ") && caching.contains("certificate of "), "{caching}");
    // Number 4: seven bytes, six of password and NUL.
    assert!(caching.contains("07 00 00 04 ** ** ** **  ** ** 00"), "{caching}");
}
