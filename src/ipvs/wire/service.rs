//! Virtual services on the wire (`IPVS_SVC_ATTR_*`).

use super::{Attribute, WireError, Writer, counters, top};
use crate::ipvs::{Counters, Family, Protocol, Service, ServiceFlags, ServiceId};
use std::net::{IpAddr, Ipv4Addr};

mod kind {
    pub(super) const FAMILY: u16 = 1;
    pub(super) const PROTOCOL: u16 = 2;
    pub(super) const ADDRESS: u16 = 3;
    pub(super) const PORT: u16 = 4;
    pub(super) const MARK: u16 = 5;
    pub(super) const SCHEDULER: u16 = 6;
    pub(super) const FLAGS: u16 = 7;
    pub(super) const TIMEOUT: u16 = 8;
    pub(super) const NETMASK: u16 = 9;
    pub(super) const STATISTICS: u16 = 10;
    pub(super) const ENGINE: u16 = 11;
    pub(super) const STATISTICS_64: u16 = 12;
}

/// AF_INET and AF_INET6.
pub(super) fn family_number(family: Family) -> u16 {
    match family {
        Family::V4 => 2,
        Family::V6 => 10,
    }
}

pub(super) fn family_of(number: u16) -> Result<Family, WireError> {
    match number {
        2 => Ok(Family::V4),
        10 => Ok(Family::V6),
        other => Err(WireError(format!("address family {other}"))),
    }
}

fn protocol_number(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
        Protocol::Sctp => 132,
    }
}

/// Writes what identifies a service, as commands on an existing one need it.
pub fn encode_service_id(writer: &mut Writer<'_>, id: &ServiceId) {
    writer.nested(top::SERVICE, |inner| identify(inner, id));
}

fn identify(writer: &mut Writer<'_>, id: &ServiceId) {
    writer.u16(kind::FAMILY, family_number(id.family()));
    match id {
        ServiceId::Address { protocol, address, port } => {
            writer.u16(kind::PROTOCOL, protocol_number(*protocol));
            writer.address(kind::ADDRESS, address);
            writer.u16_network(kind::PORT, *port);
        }
        ServiceId::Mark { mark, .. } => {
            writer.u32(kind::MARK, *mark);
        }
    }
}

/// Writes a whole service; with `counters` as the kernel does in its answers.
pub fn encode_service(writer: &mut Writer<'_>, service: &Service, counters: Option<&Counters>) {
    writer.nested(top::SERVICE, |inner| {
        identify(inner, &service.id);
        inner.text(kind::SCHEDULER, &service.scheduler);
        if let Some(engine) = &service.engine {
            inner.text(kind::ENGINE, engine);
        }
        // struct ip_vs_flags: the bits, and which of them count. HASHED is the kernel's own.
        let mut flags = [0_u8; 8];
        let words = service.flags.configured().to_ne_bytes().into_iter().chain((!ServiceFlags::HASHED).to_ne_bytes());
        flags.iter_mut().zip(words).for_each(|(to, from)| *to = from);
        inner.bytes(kind::FLAGS, &flags);
        inner.u32(kind::TIMEOUT, service.timeout);
        inner.bytes(kind::NETMASK, &netmask_bytes(service.id.family(), service.netmask));
        if let Some(counters) = counters {
            counters::encode_counters(inner, kind::STATISTICS_64, counters);
        }
    });
}

/// IPv4: the mask in network byte order. IPv6: the prefix length in the machine's byte order.
fn netmask_bytes(family: Family, prefix: u8) -> [u8; 4] {
    match family {
        Family::V4 => u32::MAX.checked_shl(32_u32.saturating_sub(prefix.into())).unwrap_or(0).to_be_bytes(),
        Family::V6 => u32::from(prefix).to_ne_bytes(),
    }
}

/// A mask with holes, which the kernel accepts, is read as its leading ones.
fn prefix_length(family: Family, bytes: [u8; 4]) -> u8 {
    let length = match family {
        Family::V4 => u32::from_be_bytes(bytes).leading_ones(),
        Family::V6 => u32::from_ne_bytes(bytes),
    };
    u8::try_from(length).unwrap_or(u8::MAX)
}

/// Reads a service out of its nested attribute. `None`: a service of a protocol that is not tcp, udp or sctp, which
/// neither ldirectord nor ipvsadm can make.
pub fn decode_service(attribute: &Attribute<'_>) -> Result<Option<(Service, Counters)>, WireError> {
    let (mut family, mut protocol, mut address, mut port, mut mark) = (None, None, None, None, None);
    let (mut scheduler, mut engine, mut flags, mut timeout, mut netmask) = (String::new(), None, 0, 0, None);
    let (mut statistics, mut statistics_64) = (None, None);
    for field in attribute.nested() {
        let field = field?;
        match field.kind {
            kind::FAMILY => family = Some(family_of(field.u16()?)?),
            kind::PROTOCOL => protocol = Some(field.u16()?),
            kind::ADDRESS => address = Some(field),
            kind::PORT => port = Some(field.u16_network()?),
            kind::MARK => mark = Some(field.u32()?),
            kind::SCHEDULER => scheduler = field.text()?.to_owned(),
            kind::ENGINE => engine = Some(field.text()?).filter(|name| !name.is_empty()).map(str::to_owned),
            kind::FLAGS => flags = u32::from_ne_bytes(field.value.first_chunk().copied().unwrap_or_default()),
            kind::TIMEOUT => timeout = field.u32()?,
            kind::NETMASK => netmask = Some(field.array::<4>()?),
            kind::STATISTICS => statistics = Some(counters::decode_counters(&field)?),
            kind::STATISTICS_64 => statistics_64 = Some(counters::decode_counters(&field)?),
            _ => {}
        }
    }
    let family = family.ok_or_else(|| WireError("a service without address family".into()))?;
    let id = match (mark.filter(|mark| *mark != 0), protocol) {
        (Some(mark), _) => ServiceId::Mark { family, mark },
        (None, Some(number)) => {
            let protocol = match number {
                6 => Protocol::Tcp,
                17 => Protocol::Udp,
                132 => Protocol::Sctp,
                _ => return Ok(None),
            };
            let address = match (address, family) {
                (Some(field), _) => decode_address(&field, family)?,
                (None, Family::V4) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                (None, Family::V6) => return Err(WireError("a service without address".into())),
            };
            ServiceId::Address { protocol, address, port: port.unwrap_or_default() }
        }
        (None, None) => return Err(WireError("a service without protocol and without mark".into())),
    };
    let widest = if family == Family::V4 { 32 } else { 128 };
    let netmask = netmask.map_or(widest, |bytes| prefix_length(family, bytes));
    let service = Service { id, scheduler, flags: ServiceFlags(flags), timeout, netmask, engine };
    Ok(Some((service, statistics_64.or(statistics).unwrap_or_default())))
}

pub(super) fn decode_address(field: &Attribute<'_>, family: Family) -> Result<IpAddr, WireError> {
    match family {
        Family::V4 => field.v4().map(IpAddr::V4),
        Family::V6 => field.v6().map(IpAddr::V6),
    }
}
