//! Statistics, in their 64 bit form (`IPVS_*_ATTR_STATS64`) and the older one of 32 bit, whose numbers are the same.

use super::{Attribute, WireError, Writer};
use crate::ipvs::Counters;

/// Reads nested statistics of either width.
pub fn decode_counters(attribute: &Attribute<'_>) -> Result<Counters, WireError> {
    let mut counters = Counters::default();
    for field in attribute.nested() {
        let field = field?;
        if let Some(slot) = slot(&mut counters, field.kind) {
            *slot = if field.value.len() == 4 { u64::from(field.u32()?) } else { field.u64()? };
        }
    }
    Ok(counters)
}

/// Writes statistics as attribute `kind` in their 64 bit form.
pub fn encode_counters(writer: &mut Writer<'_>, kind: u16, counters: &Counters) {
    let mut counters = *counters;
    writer.nested(kind, |inner| {
        for field in 1..=10 {
            if let Some(value) = slot(&mut counters, field) {
                inner.u64(field, *value);
            }
        }
    });
}

/// `IPVS_STATS_ATTR_*`; 11 is padding.
fn slot(counters: &mut Counters, kind: u16) -> Option<&mut u64> {
    Some(match kind {
        1 => &mut counters.connections,
        2 => &mut counters.packets_in,
        3 => &mut counters.packets_out,
        4 => &mut counters.bytes_in,
        5 => &mut counters.bytes_out,
        6 => &mut counters.connections_rate,
        7 => &mut counters.packets_in_rate,
        8 => &mut counters.packets_out_rate,
        9 => &mut counters.bytes_in_rate,
        10 => &mut counters.bytes_out_rate,
        _ => return None,
    })
}
