//! NTP.

use crate::support::{DEADLINE, HERE, ask, closed_port, udp};
use checks::{Ntp, Reason, Spec};
use std::time::Duration;

const SPEC: Spec = Spec::Ntp(Ntp);

/// A reply to `query`: first byte, stratum, reference identifier.
fn reply(query: &[u8], first: u8, stratum: u8, reference: &[u8; 4]) -> Vec<u8> {
    let mut reply = vec![first, stratum];
    reply.resize(12, 0);
    reply.extend(reference);
    reply.resize(24, 0);
    reply.extend(&query[40..48]);
    reply.resize(48, 1);
    reply
}

#[tokio::test]
async fn up_when_synchronised() {
    for (stratum, up) in [(0, false), (1, true), (15, true), (16, false)] {
        let target = udp(HERE, move |query, _| vec![reply(query, 0x24, stratum, b"RATE")]).await;
        assert_eq!(ask(SPEC, target, DEADLINE).await.is_ok(), up, "stratum {stratum}");
    }
    let here = udp(std::net::Ipv6Addr::LOCALHOST.into(), |query, _| vec![reply(query, 0x24, 2, b"ABCD")]).await;
    assert_eq!(ask(SPEC, here, DEADLINE).await.unwrap().words, "stratum 2");
}

#[tokio::test]
async fn down_in_words() {
    let answered = |first: u8, stratum: u8| async move {
        let target = udp(HERE, move |query, _| vec![reply(query, first, stratum, b"RATE")]).await;
        ask(SPEC, target, Duration::from_millis(300)).await.unwrap_err().to_string()
    };
    assert_eq!(answered(0x24, 0).await, "match: kiss of death: RATE");
    assert_eq!(answered(0xe4, 2).await, "match: the server's clock is not synchronised");
    assert_eq!(answered(0x23, 2).await, "receive: not a valid answer: not an NTP reply");
    assert_eq!(ask(SPEC, closed_port().await, DEADLINE).await.unwrap_err().reason, Reason::Refused);
}

#[tokio::test]
async fn strays_decide_nothing_and_a_lost_query_is_sent_again() {
    let target = udp(HERE, |query, number| match number {
        0 => vec![],
        _ => {
            let good = reply(query, 0x24, 3, b"ABCD");
            let mut other = good.clone();
            other[24] ^= 1;
            (0..48).map(|length| good[..length].to_vec()).chain([other, good.clone()]).collect()
        }
    });
    assert_eq!(ask(SPEC, target.await, Duration::from_secs(2)).await.unwrap().words, "stratum 3");
    let cut = udp(HERE, |query, _| (0..48).map(|length| reply(query, 0x24, 3, b"ABCD")[..length].to_vec()).collect());
    assert!(ask(SPEC, cut.await, Duration::from_millis(300)).await.is_err());
}
