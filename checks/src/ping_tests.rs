//! Pings of this machine by itself, where it may, and the packets without any socket.

use super::*;
use crate::{Phase, Probe, Spec};
use std::net::{Ipv4Addr, Ipv6Addr};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

#[test]
fn a_request_carries_a_right_checksum_and_64_bytes() {
    let packet = request(V4, 0x1234, 7, &[9; TOKEN]);
    assert_eq!(packet.len(), HEADER + DATA);
    assert_eq!(packet[..2], [8, 0]);
    assert_eq!(packet[4..8], [0x12, 0x34, 0, 7]);
    assert_eq!(checksum(&packet), 0, "the sum over a packet with its checksum is nought");
    assert_eq!(request(V6, 1, 1, &[9; TOKEN])[..4], [128, 0, 0, 0]);
}

#[test]
fn only_a_reply_with_our_identifier_and_token_counts() {
    let reply = |identifier: u16, token: [u8; TOKEN]| {
        let mut packet = request(V4, identifier, 1, &token);
        packet[0] = 0;
        packet
    };
    let with_header = |icmp: Vec<u8>| [[0x45u8; 1].as_slice(), &[0; 19], &icmp].concat();
    let ours = [1; TOKEN];
    assert!(is_reply(V4, true, &with_header(reply(5, ours)), 5, &ours));
    assert!(is_reply(V4, false, &reply(77, ours), 5, &ours), "the kernel chose the identifier");
    assert!(!is_reply(V4, true, &with_header(reply(6, ours)), 5, &ours), "another ping's identifier");
    assert!(!is_reply(V4, true, &with_header(reply(5, [2; TOKEN])), 5, &ours), "another process's token");
    assert!(!is_reply(V4, true, &with_header(request(V4, 5, 1, &ours)), 5, &ours), "our own request on loopback");
    for length in 0..44 {
        assert!(!is_reply(V4, true, &with_header(reply(5, ours))[..length], 5, &ours), "cut to {length}");
    }
}

#[test]
fn tokens_and_identifiers_differ() {
    let tokens: std::collections::HashSet<_> = (0..1000).map(|_| token()).collect();
    assert_eq!(tokens.len(), 1000);
    assert_ne!(next_identifier(), next_identifier());
}

/// Whether this machine lets us ping that address family; says so where not.
fn permitted(address: IpAddr) -> bool {
    match Echo::socket(address, Type::DGRAM).or_else(|_| Echo::socket(address, Type::RAW)) {
        Ok(_) => true,
        Err(error) => {
            eprintln!("ping {address} not tested: neither datagram nor raw ICMP is permitted here ({error})");
            false
        }
    }
}

#[tokio::test]
async fn loopback_answers() {
    for address in [V4, V6] {
        if !permitted(address) {
            continue;
        }
        let probe = Probe::new(Spec::Ping { attempts: 2 }, Target { address, port: 0 }).unwrap();
        let verdict = probe.run(Duration::from_secs(20)).await;
        assert_eq!(verdict.words(), "echo reply", "{address}");
        assert!(verdict.timings.first_byte.is_some());
    }
}

#[tokio::test]
async fn without_permission_the_verdict_says_what_to_do() {
    if permitted(V4) {
        return;
    }
    let probe = Probe::new(Spec::Ping { attempts: 1 }, Target { address: V4, port: 0 }).unwrap();
    let failure = probe.run(Duration::from_secs(5)).await.result.unwrap_err();
    assert_eq!(failure.phase, Phase::Connect);
    assert!(failure.to_string().contains("CAP_NET_RAW"), "{failure}");
}

#[tokio::test]
async fn parallel_pings_of_one_address_do_not_mix() {
    let address = IpAddr::from([127, 0, 0, 9]);
    if !permitted(address) {
        return;
    }
    // The first never sends: the replies to the second must not satisfy it, although they reach its socket.
    tokio::task::yield_now().await;
    let silent = Echo::open(address).unwrap();
    let asking = Echo::open(address).unwrap();
    asking.send(1).await.unwrap();
    asking.reply().await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(200), silent.reply()).await.is_err());
}
