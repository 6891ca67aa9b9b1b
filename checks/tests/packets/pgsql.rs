//! PostgreSQL.

use crate::peer::{Peer, Script, asked, hostile, login_refused, told};
use checks::{Phase, Reason, Secret, Spec, Sql, SqlKind, Tls, Verify};

fn spec(login: &str, request: &str, verify: Verify) -> Spec {
    Spec::Sql(Sql {
        kind: SqlKind::Pgsql,
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

fn message(kind: u8, contents: &[u8]) -> Vec<u8> {
    [&[kind], (contents.len() as u32 + 4).to_be_bytes().as_slice(), contents].concat()
}

async fn hear(peer: &mut Peer, kind: u8) -> Option<Vec<u8>> {
    let head = peer.hear(5).await?;
    assert_eq!(head[0], kind);
    peer.hear(usize::from(head[4]) - 4).await
}

/// Refuses TLS and reads the start-up message.
async fn start(peer: &mut Peer) -> Option<()> {
    assert_eq!(peer.hear(8).await?, [0, 0, 0, 8, 4, 210, 22, 47]);
    peer.say(b"N").await?;
    startup(peer, b"user\0user\0database\0shop\0").await
}

async fn startup(peer: &mut Peer, parameters: &[u8]) -> Option<()> {
    let length = peer.hear(4).await?;
    let rest = peer.hear(usize::from(length[3]) - 4).await?;
    assert!(rest.starts_with(&[&[0, 3, 0, 0], parameters].concat()), "{rest:?}");
    Some(())
}

/// Admits, and answers the query with these rows.
async fn answer(peer: &mut Peer, rows: &[&[u8]]) -> Option<()> {
    let ready = message(b'Z', b"I");
    let admitted = [message(b'R', &[0; 4]), message(b'S', b"a\0b\0"), message(b'K', &[1; 8]), ready.clone()].concat();
    peer.say(&admitted).await?;
    assert_eq!(hear(peer, b'Q').await?, b"SELECT 1\0");
    peer.say(&message(b'T', &[0, 0])).await?;
    for row in rows {
        peer.say(&message(b'D', row)).await?;
    }
    peer.say(&[message(b'C', b"SELECT 1\0"), ready].concat()).await?;
    assert_eq!(peer.rest().await, [b'X', 0, 0, 0, 4]);
    Some(())
}

const TRUST: Script = |mut peer| {
    Box::pin(async move {
        start(&mut peer).await?;
        answer(&mut peer, &[b"\0\x01\0\0\0\x011"]).await
    })
};

#[tokio::test]
async fn up_when_the_query_finds_a_row() {
    assert_eq!(asked(&good(), TRUST).await.unwrap().words, "the query finds rows");
    let none: Script = |mut peer| {
        Box::pin(async move {
            start(&mut peer).await?;
            answer(&mut peer, &[]).await
        })
    };
    let failure = asked(&good(), none).await.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Match, Reason::Answer("the query finds no row".to_owned())));
}

#[tokio::test]
async fn hostile_peers() {
    hostile(good(), TRUST).await;
}

#[tokio::test]
async fn passwords_clear_and_md5() {
    let clear: Script = |mut peer| {
        Box::pin(async move {
            start(&mut peer).await?;
            peer.say(&message(b'R', &[0, 0, 0, 3])).await?;
            assert_eq!(hear(&mut peer, b'p').await?, b"secret\0");
            answer(&mut peer, &[b""]).await
        })
    };
    assert!(asked(&good(), clear).await.is_ok());
    hostile(good(), clear).await;
    let md5: Script = |mut peer| {
        Box::pin(async move {
            start(&mut peer).await?;
            peer.say(&message(b'R', b"\0\0\0\x05abcd")).await?;
            let hash = hear(&mut peer, b'p').await?;
            assert!(hash.starts_with(b"md5") && hash.len() == 36);
            answer(&mut peer, &[b""]).await
        })
    };
    assert!(asked(&good(), md5).await.is_ok());
}

#[tokio::test]
async fn a_server_that_cannot_prove_the_password_is_down() {
    let impostor: Script = |mut peer| {
        Box::pin(async move {
            start(&mut peer).await?;
            peer.say(&message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")).await?;
            let first = hear(&mut peer, b'p').await?;
            let first = String::from_utf8_lossy(&first).into_owned();
            assert!(first.starts_with("SCRAM-SHA-256\0"), "{first}");
            let nonce = first.split("r=").nth(1)?.to_owned();
            peer.say(&message(b'R', &[b"\0\0\0\x0b", format!("r={nonce}more,s=AAAA,i=4096").as_bytes()].concat()))
                .await?;
            let last = hear(&mut peer, b'p').await?;
            assert!(String::from_utf8_lossy(&last).starts_with(&format!("c=biws,r={nonce}more,p=")));
            peer.say(&message(b'R', b"\0\0\0\x0cv=AAAA")).await?;
            answer(&mut peer, &[b""]).await
        })
    };
    let failure = asked(&good(), impostor).await.unwrap_err();
    assert!(failure.to_string().contains("not proven that it knows the password"), "{failure}");
    let told = told(&good(), impostor).await;
    assert_eq!(told.split_whitespace().filter(|word| *word == "**").count(), 44, "32 bytes in base64: {told}");
    let skipping: Script = |mut peer| {
        Box::pin(async move {
            start(&mut peer).await?;
            peer.say(&message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0")).await?;
            hear(&mut peer, b'p').await?;
            answer(&mut peer, &[b""]).await
        })
    };
    assert!(asked(&good(), skipping).await.unwrap_err().to_string().contains("not proven"));
}

#[tokio::test]
async fn over_tls_where_it_is_offered() {
    let tls: Script = |mut peer| {
        Box::pin(async move {
            peer.hear(8).await?;
            peer.say(b"S").await?;
            let mut peer = peer.secure().await?;
            startup(&mut peer, b"user\0").await?;
            answer(&mut peer, &[b""]).await
        })
    };
    assert!(asked(&good(), tls).await.is_ok());
    let failure = asked(&spec("user", "SELECT 1", Verify::Full), tls).await.unwrap_err();
    assert_eq!(failure.phase, Phase::Tls);
    let failure = asked(&spec("user", "SELECT 1", Verify::Full), TRUST).await.unwrap_err();
    assert!(failure.to_string().contains("offers no TLS"), "{failure}");
}

#[tokio::test]
async fn down_in_words() {
    let refused: Script = |mut peer| {
        Box::pin(async move {
            peer.hear(8).await?;
            peer.say(b"N").await?;
            startup(&mut peer, b"user\0").await?;
            peer.say(&message(b'E', b"SFATAL\0C28P01\0Mpassword authentication failed: secret\0\0")).await
        })
    };
    let failure = asked(&good(), refused).await.unwrap_err();
    assert_eq!(failure.reason, login_refused("password authentication failed: ***"));
    let unnamed = asked(&spec("", "", Verify::None), refused).await.unwrap();
    assert_eq!(unnamed.words, "answers (no login is given)");
    let starting: Script = |mut peer| {
        Box::pin(async move {
            peer.hear(8).await?;
            peer.say(b"N").await?;
            startup(&mut peer, b"user\0").await?;
            peer.say(&message(b'E', b"SFATAL\0C57P03\0Mthe database system is starting up\0\0")).await
        })
    };
    assert_eq!(asked(&good(), starting).await.unwrap_err().to_string(), "receive: the database system is starting up");
    assert!(asked(&spec("", "", Verify::None), starting).await.is_err());
    let huge: Script = |mut peer| {
        Box::pin(async move {
            start(&mut peer).await?;
            peer.say(b"R\x7f\xff\xff\xff").await
        })
    };
    let failure = asked(&good(), huge).await.unwrap_err();
    assert_eq!(failure.reason, Reason::TooLong { what: "PostgreSQL message", limit: 16_384 });
    let tiny: Script = |mut peer| {
        Box::pin(async move {
            start(&mut peer).await?;
            peer.say(b"R\0\0\0\x03").await
        })
    };
    assert!(asked(&good(), tiny).await.unwrap_err().to_string().contains("impossible length"));
    let endless: Script = |mut peer| {
        Box::pin(async move {
            start(&mut peer).await?;
            loop {
                peer.say(&message(b'N', b"\0")).await?;
            }
        })
    };
    assert!(asked(&good(), endless).await.unwrap_err().to_string().contains("a login without end"));
}
