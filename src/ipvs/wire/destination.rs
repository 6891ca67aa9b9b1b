//! Destinations on the wire (`IPVS_DEST_ATTR_*`).

use super::service::{decode_address, family_number, family_of};
use super::{Attribute, WireError, Writer, counters, top};
use crate::ipvs::{Destination, DestinationEntry, DestinationId, Family, Forward, Tunnel, TunnelKind};

mod kind {
    pub(super) const ADDRESS: u16 = 1;
    pub(super) const PORT: u16 = 2;
    pub(super) const FORWARD: u16 = 3;
    pub(super) const WEIGHT: u16 = 4;
    pub(super) const UPPER: u16 = 5;
    pub(super) const LOWER: u16 = 6;
    pub(super) const ACTIVE: u16 = 7;
    pub(super) const INACTIVE: u16 = 8;
    pub(super) const PERSISTENT: u16 = 9;
    pub(super) const STATISTICS: u16 = 10;
    pub(super) const FAMILY: u16 = 11;
    pub(super) const STATISTICS_64: u16 = 12;
    pub(super) const TUNNEL_TYPE: u16 = 13;
    pub(super) const TUNNEL_PORT: u16 = 14;
    pub(super) const TUNNEL_FLAGS: u16 = 15;
}

/// Forwarding methods are the lowest three bits of the connection flags (`IP_VS_CONN_F_FWD_MASK`).
const FORWARD_MASK: u32 = 7;

fn forward_number(forward: Forward) -> u32 {
    match forward {
        Forward::Masquerade => 0,
        Forward::Local => 1,
        Forward::Tunnel => 2,
        Forward::Gate => 3,
        Forward::Bypass => 4,
    }
}

pub(super) fn encode_destination_id(writer: &mut Writer<'_>, id: &DestinationId) {
    writer.nested(top::DESTINATION, |inner| identify(inner, id));
}

fn identify(writer: &mut Writer<'_>, id: &DestinationId) {
    writer.u16(kind::FAMILY, family_number(Family::of(&id.address)));
    writer.address(kind::ADDRESS, &id.address);
    writer.u16_network(kind::PORT, id.port);
}

/// Writes what is configured of a destination.
pub(super) fn encode_configured(writer: &mut Writer<'_>, destination: &Destination) {
    writer.nested(top::DESTINATION, |inner| configured(inner, destination));
}

fn configured(writer: &mut Writer<'_>, destination: &Destination) {
    identify(writer, &destination.id);
    writer.u32(kind::FORWARD, forward_number(destination.forward));
    writer.u32(kind::WEIGHT, destination.weight);
    writer.u32(kind::UPPER, destination.upper);
    writer.u32(kind::LOWER, destination.lower);
    // Kernels before 5.2 do not know these three; absent, they are zero.
    if destination.tunnel != Tunnel::default() {
        let (number, port) = match destination.tunnel.kind {
            TunnelKind::Ipip => (0, 0),
            TunnelKind::Gue { port } => (1, port),
            TunnelKind::Gre => (2, 0),
        };
        writer.u8(kind::TUNNEL_TYPE, number);
        writer.u16_network(kind::TUNNEL_PORT, port);
        writer.u16(kind::TUNNEL_FLAGS, destination.tunnel.flags);
    }
}

/// Writes a destination as the kernel does in its answers.
pub fn encode_destination(writer: &mut Writer<'_>, entry: &DestinationEntry) {
    writer.nested(top::DESTINATION, |inner| {
        configured(inner, &entry.destination);
        inner.u32(kind::ACTIVE, entry.active);
        inner.u32(kind::INACTIVE, entry.inactive);
        inner.u32(kind::PERSISTENT, entry.persistent);
        counters::encode_counters(inner, kind::STATISTICS_64, &entry.counters);
    });
}

/// Reads a destination of a service in `family` (kernels before 3.18 do not tell the destination's own).
/// `None`: a forwarding method or tunnel this model has no word for.
pub fn decode_destination(
    attribute: &Attribute<'_>,
    mut family: Family,
) -> Result<Option<DestinationEntry>, WireError> {
    let (mut address, mut port, mut method) = (None, 0, 0);
    let (mut weight, mut upper, mut lower) = (0, 0, 0);
    let (mut active, mut inactive, mut persistent) = (0, 0, 0);
    let (mut statistics, mut statistics_64) = (None, None);
    let (mut tunnel_type, mut tunnel_port, mut tunnel_flags) = (0, 0, 0);
    for field in attribute.nested() {
        let field = field?;
        match field.kind {
            kind::ADDRESS => address = Some(field),
            kind::PORT => port = field.u16_network()?,
            kind::FORWARD => method = field.u32()? & FORWARD_MASK,
            kind::WEIGHT => weight = field.u32()?,
            kind::UPPER => upper = field.u32()?,
            kind::LOWER => lower = field.u32()?,
            kind::ACTIVE => active = field.u32()?,
            kind::INACTIVE => inactive = field.u32()?,
            kind::PERSISTENT => persistent = field.u32()?,
            kind::STATISTICS => statistics = Some(counters::decode_counters(&field)?),
            kind::STATISTICS_64 => statistics_64 = Some(counters::decode_counters(&field)?),
            kind::FAMILY => family = family_of(field.u16()?)?,
            kind::TUNNEL_TYPE => tunnel_type = field.u8()?,
            kind::TUNNEL_PORT => tunnel_port = field.u16_network()?,
            kind::TUNNEL_FLAGS => tunnel_flags = field.u16()?,
            _ => {}
        }
    }
    let address = address.ok_or_else(|| WireError("a destination without address".into()))?;
    let id = DestinationId { address: decode_address(&address, family)?, port };
    let forward = match method {
        0 => Forward::Masquerade,
        1 => Forward::Local,
        2 => Forward::Tunnel,
        3 => Forward::Gate,
        4 => Forward::Bypass,
        _ => return Ok(None),
    };
    let encapsulation = match tunnel_type {
        0 => TunnelKind::Ipip,
        1 => TunnelKind::Gue { port: tunnel_port },
        2 => TunnelKind::Gre,
        _ => return Ok(None),
    };
    let tunnel = Tunnel { kind: encapsulation, flags: tunnel_flags };
    let destination = Destination { id, forward, weight, upper, lower, tunnel };
    let counters = statistics_64.or(statistics).unwrap_or_default();
    Ok(Some(DestinationEntry { destination, active, inactive, persistent, counters }))
}
