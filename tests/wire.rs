//! The wire format: what is written is read back, and no bytes whatsoever make the reader panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod tables;

use ldirectord::ipvs::wire::*;
use ldirectord::ipvs::*;
use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The single attribute that `fill` writes.
fn written<T>(fill: impl FnOnce(&mut Writer<'_>), read: impl FnOnce(&Attribute<'_>) -> T) -> T {
    let mut bytes = Vec::new();
    fill(&mut Writer::new(&mut bytes));
    assert_eq!(bytes.len() % 4, 0);
    let mut attributes = Attributes::new(&bytes);
    let attribute = attributes.next().expect("one attribute").expect("well formed");
    assert!(attributes.next().is_none());
    read(&attribute)
}

fn daemon() -> impl Strategy<Value = SyncDaemon> {
    let group = prop_oneof![
        Just(None),
        any::<u32>().prop_map(|bits| Some(Ipv4Addr::from(bits).into())),
        any::<u128>().prop_map(|bits| Some(Ipv6Addr::from(bits).into())),
    ];
    let role = prop_oneof![Just(SyncRole::Master), Just(SyncRole::Backup)];
    (role, "[a-z]{1,15}", any::<u32>(), any::<u16>(), group, any::<u16>(), any::<u8>()).prop_map(
        |(role, interface, sync_id, max_length, group, port, ttl)| SyncDaemon {
            role,
            interface,
            sync_id,
            max_length,
            group,
            port,
            ttl,
        },
    )
}

/// Looks at bytes from everywhere a decoder can; whether any of them found sense is of no interest here.
fn read_everything(bytes: &[u8]) -> usize {
    let mut read = 0;
    for frame in Frames::new(bytes).flatten() {
        read += usize::from(frame.acknowledgement().is_some_and(|answer| answer.is_ok()));
        if let Ok((_, attributes)) = frame.generic() {
            read += read_attributes(attributes);
        }
    }
    read + read_attributes(Attributes::new(bytes))
}

fn read_attributes(attributes: Attributes<'_>) -> usize {
    let mut read = 0;
    for attribute in attributes.flatten() {
        read += usize::from(decode_service(&attribute).is_ok());
        read += usize::from(decode_destination(&attribute, Family::V4).is_ok());
        read += usize::from(decode_destination(&attribute, Family::V6).is_ok());
        read += usize::from(decode_daemon(&attribute).is_ok());
        read += usize::from(decode_counters(&attribute).is_ok());
        read += usize::from(decode_timeouts(attribute.nested()).is_ok());
        read += usize::from(decode_info(attribute.nested()).is_ok());
        read += usize::from(decode_family(attribute.nested()).is_ok());
    }
    read
}

proptest! {
    #[test]
    fn services_come_back(service in tables::service(), counters in tables::counters()) {
        let back = written(
            |writer| encode_service(writer, &service, Some(&counters)),
            decode_service,
        );
        prop_assert_eq!(back, Ok(Some((service, counters))));
    }

    #[test]
    fn destinations_come_back(
        destination in tables::destination(),
        numbers: [u32; 3],
        counters in tables::counters(),
        v6: bool,
    ) {
        let [active, inactive, persistent] = numbers;
        let entry = DestinationEntry { destination, active, inactive, persistent, counters };
        let family = if v6 { Family::V6 } else { Family::V4 };
        let back = written(
            |writer| encode_destination(writer, &entry),
            |attribute| decode_destination(attribute, family),
        );
        prop_assert_eq!(back, Ok(Some(entry)));
    }

    #[test]
    fn daemons_come_back(daemon in daemon()) {
        let back = written(|writer| encode_daemon(writer, &daemon), decode_daemon);
        prop_assert_eq!(back, Ok(daemon));
    }

    #[test]
    fn settings_come_back(numbers: [u32; 4], version: [u8; 3]) {
        let [tcp, tcp_fin, udp, connection_table_size] = numbers;
        let (timeouts, info) = (Timeouts { tcp, tcp_fin, udp }, Info { version, connection_table_size });
        let mut bytes = Vec::new();
        encode_timeouts(&mut Writer::new(&mut bytes), &timeouts);
        prop_assert_eq!(decode_timeouts(Attributes::new(&bytes)), Ok(timeouts));
        bytes.clear();
        encode_info(&mut Writer::new(&mut bytes), &info);
        prop_assert_eq!(decode_info(Attributes::new(&bytes)), Ok(info));
    }

    /// A batch is a row of messages, each of which carries its operation.
    #[test]
    fn batches_come_back(operations in tables::operations(40), family: u16) {
        let mut bytes = Vec::new();
        for (sequence, operation) in (1..).zip(&operations) {
            Request::Change(operation).encode(&mut bytes, family, sequence, true);
        }
        let frames: Vec<_> = Frames::new(&bytes).collect::<Result<_, _>>().expect("frames");
        prop_assert_eq!(frames.len(), operations.len());
        for ((sequence, operation), frame) in (1..).zip(&operations).zip(frames) {
            prop_assert_eq!((frame.kind, frame.sequence), (family, sequence));
            let (command, attributes) = frame.generic().expect("generic");
            prop_assert_eq!(command, Request::Change(operation).command() as u8);
            let attributes: Vec<_> = attributes.collect::<Result<_, _>>().expect("attributes");
            prop_assert_eq!(attributes[0].kind, top::SERVICE);
            let (service, _) = decode_service(&attributes[0]).expect("service").expect("known");
            match operation {
                Operation::AddService(whole) | Operation::EditService(whole) => prop_assert_eq!(&service, whole),
                other => prop_assert_eq!(service.id, other.service()),
            }
            let destination = attributes.get(1).map(|attribute| {
                assert_eq!(attribute.kind, top::DESTINATION);
                decode_destination(attribute, service.id.family()).expect("destination").expect("known").destination
            });
            match operation {
                Operation::AddDestination(_, whole) | Operation::EditDestination(_, whole) => {
                    prop_assert_eq!(destination.as_ref(), Some(whole));
                }
                other => prop_assert_eq!(destination.map(|destination| destination.id), other.destination()),
            }
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes: Vec<u8>) {
        prop_assert!(read_everything(&bytes) <= bytes.len() * 20);
    }

    /// Real messages with some bytes changed and the end cut off get deeper than noise does.
    #[test]
    fn damaged_messages_are_survived(
        service in tables::service(),
        destination in tables::destination(),
        daemon in daemon(),
        counters in tables::counters(),
        changes: Vec<(prop::sample::Index, u8)>,
        cut: prop::sample::Index,
    ) {
        let mut bytes = Vec::new();
        write_message(&mut bytes, 0x1c, 0, 1, Generic { command: 1, version: 1 }, |body| {
            let mut writer = Writer::new(body);
            encode_service(&mut writer, &service, Some(&counters));
            let entry = DestinationEntry { destination, active: 1, inactive: 2, persistent: 3, counters };
            encode_destination(&mut writer, &entry);
            encode_daemon(&mut writer, &daemon);
        });
        prop_assert!(read_everything(&bytes) > 0);
        for (place, value) in changes {
            *place.get_mut(&mut bytes) = value;
        }
        let length = cut.index(bytes.len() + 1);
        prop_assert!(read_everything(&bytes[..length]) <= bytes.len() * 20);
    }
}

/// Bytes as the kernel wants them, written out once so that both directions cannot be wrong together.
#[test]
#[cfg(target_endian = "little")]
fn byte_for_byte() {
    let id = ServiceId::Address { protocol: Protocol::Tcp, address: "10.0.0.1".parse().unwrap(), port: 80 };
    let destination = DestinationId { address: "fd00::2".parse().unwrap(), port: 8080 };
    let mut bytes = Vec::new();
    Request::Change(&Operation::DeleteDestination(id, destination)).encode(&mut bytes, 0x1c, 7, true);
    let expected = [
        // length, family, REQUEST|ACK, sequence, port; command 7, version 1
        &[0x6c, 0, 0, 0, 0x1c, 0, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0, 7, 1, 0, 0][..],
        // service, nested: AF 2, protocol 6, address in 16 bytes, port in network order
        &[0x30, 0, 1, 0x80, 6, 0, 1, 0, 2, 0, 0, 0, 6, 0, 2, 0, 6, 0, 0, 0],
        &[0x14, 0, 3, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 4, 0, 0, 80, 0, 0],
        // destination, nested: AF 10, address, port
        &[0x28, 0, 2, 0x80, 6, 0, 11, 0, 10, 0, 0, 0],
        &[0x14, 0, 1, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 6, 0, 2, 0, 0x1f, 0x90, 0, 0],
    ]
    .concat();
    assert_eq!(bytes, expected);
}

#[test]
#[cfg(target_endian = "little")]
fn netmasks_differ_by_family() {
    let mask = |id, netmask| {
        let service = Service {
            id,
            scheduler: "rr".into(),
            flags: ServiceFlags(1),
            timeout: 360,
            netmask,
            engine: Some("sip".into()),
        };
        written(
            |writer| encode_service(writer, &service, None),
            |attribute| attribute.nested().flatten().find(|field| field.kind == 9).expect("netmask").array::<4>(),
        )
    };
    let mark = |family| ServiceId::Mark { family, mark: 1 };
    assert_eq!(mask(mark(Family::V4), 20), Ok([255, 255, 240, 0]));
    assert_eq!(mask(mark(Family::V4), 0), Ok([0, 0, 0, 0]));
    assert_eq!(mask(mark(Family::V4), 32), Ok([255; 4]));
    assert_eq!(mask(mark(Family::V6), 64), Ok([64, 0, 0, 0]));
}

/// The kernel's words come after the request's header (capped) or after the whole request.
#[test]
fn acknowledgements_with_words() {
    let refusal = |flags: u16, copy: &[u8]| {
        let mut payload = (-22_i32).to_ne_bytes().to_vec();
        payload.extend_from_slice(copy);
        Writer::new(&mut payload).text(1, "no such thing");
        let frame = Frame { kind: 2, flags, sequence: 9, payload: &payload };
        frame.acknowledgement().expect("an acknowledgement").expect("well formed")
    };
    let mut request = Vec::new();
    Request::Info.encode(&mut request, 0x1c, 9, true);
    let expected = Acknowledgement { errno: 22, words: Some("no such thing".into()) };
    assert_eq!(refusal(0x200 | 0x100, &request[..16]), expected);
    assert_eq!(refusal(0x200, &request), expected);
    assert_eq!(refusal(0, &request), Acknowledgement { errno: 22, words: None });
}
