//! MQTT.

use crate::peer::{Peer, Script, asked, hostile, login_refused};
use checks::{Mqtt, Reason, Secret, Spec};

fn spec(login: &str, password: &str) -> Spec {
    Spec::Mqtt(Mqtt { login: login.to_owned(), password: Secret::new(password) })
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
async fn down_when_it_refuses() {
    let refused = |script| async move { asked(&spec("user", "hunter2"), script).await.unwrap_err().reason };
    let login: Script = |peer| Box::pin(async move { broker(peer, 4).await.map(drop) });
    assert_eq!(refused(login).await, login_refused("bad user name or password"));
    let busy: Script = |peer| Box::pin(async move { broker(peer, 3).await.map(drop) });
    assert_eq!(refused(busy).await, Reason::Answer("the broker is unavailable".to_owned()));
}
