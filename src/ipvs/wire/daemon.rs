//! Sync daemons on the wire (`IPVS_DAEMON_ATTR_*`): the kernel threads that tell another director about connections.

use super::{Attribute, WireError, Writer, top};
use std::net::IpAddr;

/// What a sync daemon does (`IP_VS_STATE_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncRole {
    /// 1: sends.
    Master,
    /// 2: receives.
    Backup,
}

/// A sync daemon. Zero and `None` mean the kernel's own choice when one is started, and are never read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncDaemon {
    /// Master or backup.
    pub role: SyncRole,
    /// Interface of the multicast traffic, 1–15 bytes: `eth0`.
    pub interface: String,
    /// Only messages with this id are taken, 0–255.
    pub sync_id: u32,
    /// Largest UDP payload in bytes; the kernel's choice: the interface's MTU less headers.
    pub max_length: u16,
    /// Multicast group; the kernel's choice: 224.0.0.81.
    pub group: Option<IpAddr>,
    /// UDP port; the kernel's choice: 8848.
    pub port: u16,
    /// Multicast TTL or hop limit; the kernel's choice: 1.
    pub ttl: u8,
}

mod kind {
    pub(super) const STATE: u16 = 1;
    pub(super) const INTERFACE: u16 = 2;
    pub(super) const SYNC_ID: u16 = 3;
    pub(super) const MAX_LENGTH: u16 = 4;
    pub(super) const GROUP: u16 = 5;
    pub(super) const GROUP_6: u16 = 6;
    pub(super) const PORT: u16 = 7;
    pub(super) const TTL: u16 = 8;
}

fn state(role: SyncRole) -> u32 {
    match role {
        SyncRole::Master => 1,
        SyncRole::Backup => 2,
    }
}

/// Writes which of the two daemons is meant.
pub(super) fn encode_role(writer: &mut Writer<'_>, role: SyncRole) {
    writer.nested(top::DAEMON, |inner| {
        inner.u32(kind::STATE, state(role));
    });
}

/// Writes a sync daemon with every attribute that is not left to the kernel.
pub fn encode_daemon(writer: &mut Writer<'_>, daemon: &SyncDaemon) {
    writer.nested(top::DAEMON, |inner| {
        inner.u32(kind::STATE, state(daemon.role));
        inner.text(kind::INTERFACE, &daemon.interface);
        inner.u32(kind::SYNC_ID, daemon.sync_id);
        if daemon.max_length != 0 {
            inner.u16(kind::MAX_LENGTH, daemon.max_length);
        }
        match daemon.group {
            Some(IpAddr::V4(group)) => drop(inner.bytes(kind::GROUP, &group.octets())),
            Some(IpAddr::V6(group)) => drop(inner.bytes(kind::GROUP_6, &group.octets())),
            None => {}
        }
        if daemon.port != 0 {
            inner.u16(kind::PORT, daemon.port);
        }
        if daemon.ttl != 0 {
            inner.u8(kind::TTL, daemon.ttl);
        }
    });
}

/// Reads a sync daemon out of its nested attribute.
pub fn decode_daemon(attribute: &Attribute<'_>) -> Result<SyncDaemon, WireError> {
    let mut role = None;
    let mut daemon = SyncDaemon {
        role: SyncRole::Master,
        interface: String::new(),
        sync_id: 0,
        max_length: 0,
        group: None,
        port: 0,
        ttl: 0,
    };
    for field in attribute.nested() {
        let field = field?;
        match field.kind {
            kind::STATE => {
                role = match field.u32()? {
                    1 => Some(SyncRole::Master),
                    2 => Some(SyncRole::Backup),
                    other => return Err(WireError(format!("sync daemon state {other}"))),
                }
            }
            kind::INTERFACE => daemon.interface = field.text()?.to_owned(),
            kind::SYNC_ID => daemon.sync_id = field.u32()?,
            kind::MAX_LENGTH => daemon.max_length = field.u16()?,
            kind::GROUP => daemon.group = Some(IpAddr::V4(field.v4()?)),
            kind::GROUP_6 => daemon.group = Some(IpAddr::V6(field.v6()?)),
            kind::PORT => daemon.port = field.u16()?,
            kind::TTL => daemon.ttl = field.u8()?,
            _ => {}
        }
    }
    daemon.role = role.ok_or_else(|| WireError("a sync daemon without state".into()))?;
    Ok(daemon)
}
