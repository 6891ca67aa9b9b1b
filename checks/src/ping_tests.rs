//! Pings of this machine by itself, where it may, and the packets without any socket.
#![allow(clippy::disallowed_methods, reason = "one test runs itself again in a network namespace")]

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
    asking.send(1, &Progress::start()).await.unwrap();
    asking.reply(&Progress::start()).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(200), silent.reply(&Progress::start())).await.is_err());
}

/// Runs itself again in a network namespace of its own, where silence, unreachable hosts and both kinds of socket can be had.
#[tokio::test]
async fn silent_and_unreachable_hosts() {
    const INSIDE: &str = "CHECKS_PING_INSIDE";
    match std::env::var(INSIDE).as_deref() {
        Ok("raw") => return inside(true).await,
        Ok("datagram") => return inside(false).await,
        _ => {}
    }
    // On this link nobody answers ARP or neighbour solicitation; 10.9.2.3 needs none and is silent.
    let network = "set -e; ip link set lo up; ip link add nobody type veth peer name other; \
        ip addr add 10.9.2.1/24 dev nobody; ip addr add fd09::1/64 dev nobody nodad; ip link set nobody up; \
        ip link set other up; ip neigh add 10.9.2.3 lladdr 02:00:00:00:00:09 dev nobody; \
        ip route add unreachable 10.9.3.0/24";
    let unshare = |script: &str| {
        std::process::Command::new("unshare").args(["--user", "--map-root-user", "--net", "sh", "-c", script]).output()
    };
    match unshare(network) {
        Ok(output) if output.status.success() => {}
        failed => {
            eprintln!("silent and unreachable hosts not pinged: no network namespace to be had here ({failed:?})");
            return;
        }
    }
    let program = std::env::current_exe().unwrap();
    let again = format!("{} --exact ping::tests::silent_and_unreachable_hosts --nocapture", program.display());
    // In a new namespace nobody may open datagram ICMP sockets.
    let kinds = [("raw", "true"), ("datagram", "echo '0 0' > /proc/sys/net/ipv4/ping_group_range")];
    let scripts =
        kinds.map(|(kind, permission)| (kind, format!("{network}; {permission}; {INSIDE}={kind} exec {again}")));
    std::thread::scope(|scope| {
        for (kind, script) in &scripts {
            scope.spawn(move || {
                let output = unshare(script).unwrap();
                let text = [output.stdout, output.stderr].concat();
                let text = String::from_utf8_lossy(&text);
                assert!(output.status.success() && text.contains("1 passed"), "{kind}: {text}");
            });
        }
    });
}

async fn inside(raw: bool) {
    assert_eq!(Echo::open(V4).unwrap().raw, raw);
    let ping = async |address: &str, attempts, deadline| {
        let target = Target { address: address.parse().unwrap(), port: 0 };
        Probe::new(Spec::Ping { attempts }, target).unwrap().run(deadline).await.words()
    };
    for address in ["127.0.0.1", "::1", "10.9.2.1"] {
        assert_eq!(ping(address, 1, Duration::from_secs(20)).await, "echo reply", "{address}");
    }
    let short = Duration::from_millis(300);
    assert_eq!(ping("10.9.2.3", 3, short).await, "receive: no answer within 0.300 s");
    let long = Duration::from_secs(20);
    assert_eq!(ping("10.9.3.1", 1, long).await, "connect: no route to host");
    // The kernel asks for the neighbour for three seconds.
    let (four, six) = tokio::join!(ping("10.9.2.2", 1, long), ping("fd09::2", 1, long));
    assert_eq!((four.as_str(), six.as_str()), ("receive: no route to host", "receive: no route to host"));
}
