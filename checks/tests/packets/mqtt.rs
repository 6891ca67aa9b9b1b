//! MQTT.

use crate::peer::{Peer, Script, asked, hostile, login_refused};
use checks::{Mqtt, Reason, Secret, Spec, Tls};

fn spec(login: &str, password: &str) -> Spec {
    Spec::Mqtt(Mqtt { tls: None, login: login.to_owned(), password: Secret::new(password) })
}

/// Reads CONNECT and answers with this code.
async fn broker(mut peer: Peer, code: u8) -> Option<Vec<u8>> {
    let head = peer.hear(2).await?;
    let connect = peer.hear(usize::from(head[1])).await?;
    peer.say(&[0x20, 2, 0, code]).await?;
    assert_eq!(peer.rest().await, if code == 0 { &[0xe0, 0][..] } else { &[] });
    Some(connect)
}

const GOOD: Script = |peer| Box::pin(async move { broker(peer, 0).await.map(drop) });

#[tokio::test]
async fn up_when_it_accepts() {
    assert_eq!(asked(&spec("", ""), GOOD).await.unwrap().words, "connection accepted");
    hostile(spec("", ""), GOOD).await;
}

#[tokio::test]
async fn over_tls_and_only_over_tls() {
    let over_tls = |spec: Spec| match spec {
        Spec::Mqtt(mqtt) => Spec::Mqtt(Mqtt { tls: Some(Tls::default()), ..mqtt }),
        other => other,
    };
    let secured: Script = |peer| Box::pin(async move { broker(peer.secure().await?, 0).await.map(drop) });
    assert_eq!(asked(&over_tls(spec("", "")), secured).await.unwrap().words, "connection accepted");
    let clear: Script = |mut peer| {
        Box::pin(async move {
            peer.hear(5).await?;
            peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n").await
        })
    };
    let failure = asked(&over_tls(spec("", "")), clear).await.unwrap_err();
    assert_eq!(failure.to_string(), "tls: the server does not speak TLS on this port");
}

#[tokio::test]
async fn down_when_it_refuses() {
    let refused = |script| async move { asked(&spec("user", "hunter2"), script).await.unwrap_err().reason };
    let login: Script = |peer| Box::pin(async move { broker(peer, 4).await.map(drop) });
    assert_eq!(refused(login).await, login_refused("bad user name or password"));
    let busy: Script = |peer| Box::pin(async move { broker(peer, 3).await.map(drop) });
    assert_eq!(refused(busy).await, Reason::Answer("the broker is unavailable".to_owned()));
}
