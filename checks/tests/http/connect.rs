//! The connect check.

use crate::server::*;
use checks::{Class, Phase, Probe, Reason, Spec, Target};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

#[tokio::test]
async fn up_and_gone_without_a_word() {
    for address in ["127.0.0.1", "::1"] {
        let (sender, mut closed) = mpsc::unbounded_channel();
        let target = on(address, move |mut stream| {
            let sender = sender.clone();
            async move {
                let mut bytes = Vec::new();
                let end = stream.read_to_end(&mut bytes).await.map_err(|error| error.kind());
                sender.send((end, bytes.len())).unwrap();
            }
        })
        .await;
        let verdict = Probe::new(Spec::Connect, target).unwrap().run(LONG).await;
        assert_eq!(verdict.words(), "connected");
        assert!(verdict.timings.connect.unwrap() <= verdict.timings.total);
        assert_eq!(closed.recv().await.unwrap(), (Err(std::io::ErrorKind::ConnectionReset), 0), "no TIME_WAIT is left");
    }
    assert_eq!(Spec::Connect.class(), Class::Light);
}

#[tokio::test]
async fn refused() {
    let target = Target { address: ip("127.0.0.1"), port: 1 };
    let failure = Probe::new(Spec::Connect, target).unwrap().run(LONG).await.result.unwrap_err();
    assert_eq!((failure.phase, failure.reason), (Phase::Connect, Reason::Refused));
}
