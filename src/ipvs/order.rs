//! The order in which ipvsadm prints a table. It compares numbers by the sign of their 32 bit difference, which wraps:
//! 192.168.0.1 comes before 10.0.0.1. That is no order in the mathematical sense, so where it contradicts itself the
//! result depends on how the C library sorts: by merging halves, the left one first where both are equal.

use super::{DestinationId, Family, Protocol, ServiceId};
use std::net::IpAddr;

/// Below, at or above zero as the first service goes before, with or after the second.
pub(super) fn compare_services(first: &ServiceId, second: &ServiceId) -> i32 {
    let (a, b) = (Key::of(first), Key::of(second));
    let heads = [(a.mark, b.mark), (a.family, b.family), (a.protocol, b.protocol)];
    let words = if a.family == 10 { 4 } else { 1 };
    let bodies = a.address.into_iter().zip(b.address).take(words);
    let ports = [(a.port, b.port)];
    first_difference(heads.into_iter().chain(bodies).chain(ports))
}

/// The same for destinations. How much of the addresses counts is decided by the family of the first.
pub(super) fn compare_destinations(first: &DestinationId, second: &DestinationId) -> i32 {
    let words = if first.address.is_ipv6() { 4 } else { 1 };
    let bodies = address_words(&first.address).into_iter().zip(address_words(&second.address)).take(words);
    first_difference(bodies.chain([(u32::from(first.port), u32::from(second.port))]))
}

fn first_difference(mut pairs: impl Iterator<Item = (u32, u32)>) -> i32 {
    pairs.find(|(a, b)| a != b).map_or(0, |(a, b)| a.wrapping_sub(b).cast_signed())
}

struct Key {
    mark: u32,
    family: u32,
    protocol: u32,
    address: [u32; 4],
    port: u32,
}

impl Key {
    fn of(id: &ServiceId) -> Self {
        let family = match id.family() {
            Family::V4 => 2,
            Family::V6 => 10,
        };
        match id {
            ServiceId::Address { protocol, address, port } => {
                let protocol = match protocol {
                    Protocol::Tcp => 6,
                    Protocol::Udp => 17,
                    Protocol::Sctp => 132,
                };
                Self { mark: 0, family, protocol, address: address_words(address), port: u32::from(*port) }
            }
            ServiceId::Mark { mark, .. } => Self { mark: *mark, family, protocol: 0, address: [0; 4], port: 0 },
        }
    }
}

/// IPv4 in the first of four words.
fn address_words(address: &IpAddr) -> [u32; 4] {
    match address {
        IpAddr::V4(v4) => [u32::from(*v4), 0, 0, 0],
        IpAddr::V6(v6) => {
            let bits = u128::from(*v6);
            [96, 64, 32, 0].map(|shift| u32::try_from(bits >> shift & u128::from(u32::MAX)).unwrap_or(0))
        }
    }
}

/// Sorts as the C library's qsort does with this comparison, contradictions included.
pub(super) fn merge_sort<T>(mut items: Vec<T>, compare: &impl Fn(&T, &T) -> i32) -> Vec<T> {
    if items.len() < 2 {
        return items;
    }
    let right = items.split_off(items.len() / 2);
    let total = items.len() + right.len();
    let mut left = merge_sort(items, compare).into_iter().peekable();
    let mut right = merge_sort(right, compare).into_iter().peekable();
    let mut merged = Vec::with_capacity(total);
    loop {
        let next = match (left.peek(), right.peek()) {
            (Some(a), Some(b)) if compare(a, b) <= 0 => left.next(),
            (Some(_), Some(_)) => right.next(),
            _ => break,
        };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tcp(address: &str) -> ServiceId {
        ServiceId::Address { protocol: Protocol::Tcp, address: address.parse().unwrap(), port: 80 }
    }

    #[test]
    fn differences_wrap() {
        assert!(compare_services(&tcp("192.168.0.1"), &tcp("10.0.0.1")) < 0);
        assert!(compare_services(&tcp("10.0.0.1"), &tcp("100.64.0.1")) < 0);
        assert!(compare_services(&tcp("100.64.0.1"), &tcp("192.168.0.1")) < 0);
        let mark = |mark| ServiceId::Mark { family: Family::V4, mark };
        assert!(compare_services(&mark(3), &mark(1)) > 0);
        assert!(compare_services(&mark(u32::MAX), &mark(1)) < 0);
        assert!(compare_services(&tcp("10.0.0.1"), &tcp("fd00::1")) < 0);
        assert!(compare_services(&tcp("fd00::2"), &tcp("fd00::1")) > 0);
    }

    #[test]
    fn a_circle_depends_on_where_it_is_entered() {
        let names = |order: [&str; 3]| {
            let ids = order.map(tcp).to_vec();
            merge_sort(ids, &compare_services).iter().map(ServiceId::vip).collect::<Vec<_>>()
        };
        let first = names(["10.0.0.1", "100.64.0.1", "192.168.0.1"]);
        let second = names(["192.168.0.1", "10.0.0.1", "100.64.0.1"]);
        assert_eq!(first, ["10.0.0.1:80", "100.64.0.1:80", "192.168.0.1:80"]);
        assert_eq!(second, ["192.168.0.1:80", "10.0.0.1:80", "100.64.0.1:80"]);
    }

    proptest! {
        #[test]
        fn with_an_order_it_is_a_stable_sort(pairs: Vec<(i8, u16)>) {
            let sorted = merge_sort(pairs.clone(), &|a, b| i32::from(a.0) - i32::from(b.0));
            let mut expected = pairs;
            expected.sort_by_key(|pair| pair.0);
            prop_assert_eq!(sorted, expected);
        }
    }
}
