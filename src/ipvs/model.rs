//! The IPVS table as plain values. Numbers and names are those of `linux/ip_vs.h`.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// Transport protocol of a virtual service (IPPROTO numbers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// 6
    Tcp,
    /// 17
    Udp,
    /// 132
    Sctp,
}

/// Address family (AF numbers 2 and 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Family {
    /// IPv4
    V4,
    /// IPv6
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: &IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

/// What identifies a virtual service: protocol, address and port, or a firewall mark.
/// Displayed as `tcp:10.0.0.1:80`, `udp:10.0.0.1:53`, `tcp:[fd00::1]:80`, `fwm:1`, `fwm6:1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceId {
    /// Protocol, virtual address, port (0: any port, for persistent services).
    Address {
        /// Transport protocol.
        protocol: Protocol,
        /// Virtual address.
        address: IpAddr,
        /// Port in host order.
        port: u16,
    },
    /// Packets with this firewall mark, in one address family.
    Mark {
        /// Address family.
        family: Family,
        /// The mark.
        mark: u32,
    },
}

impl ServiceId {
    /// The address family of the service.
    pub fn family(&self) -> Family {
        match self {
            Self::Address { address, .. } => Family::of(address),
            Self::Mark { family, .. } => *family,
        }
    }
    /// The service's port; 0 for a mark.
    pub fn port(&self) -> u16 {
        match self {
            Self::Address { port, .. } => *port,
            Self::Mark { .. } => 0,
        }
    }
    /// As ldirectord's log writes it: `10.0.0.1:80`, `[fd00::1]:80`, or the bare mark.
    pub fn vip(&self) -> String {
        match self {
            Self::Address { address, port, .. } => std::net::SocketAddr::new(*address, *port).to_string(),
            Self::Mark { mark, .. } => mark.to_string(),
        }
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { protocol, address, port } => {
                let protocol = match protocol {
                    Protocol::Tcp => "tcp",
                    Protocol::Udp => "udp",
                    Protocol::Sctp => "sctp",
                };
                write!(f, "{protocol}:{}", std::net::SocketAddr::new(*address, *port))
            }
            Self::Mark { family: Family::V4, mark } => write!(f, "fwm:{mark}"),
            Self::Mark { family: Family::V6, mark } => write!(f, "fwm6:{mark}"),
        }
    }
}

impl FromStr for ServiceId {
    type Err = ();

    /// What [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (kind, rest) = text.split_once(':').ok_or(())?;
        let mark = |family| Ok(Self::Mark { family, mark: rest.parse().map_err(drop)? });
        let protocol = match kind {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "sctp" => Protocol::Sctp,
            "fwm" => return mark(Family::V4),
            "fwm6" => return mark(Family::V6),
            _ => return Err(()),
        };
        let place: std::net::SocketAddr = rest.parse().map_err(drop)?;
        Ok(Self::Address { protocol, address: place.ip(), port: place.port() })
    }
}

/// Service flags (`IP_VS_SVC_F_*`); a plain set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServiceFlags(pub u32);

impl ServiceFlags {
    /// Persistent service.
    pub const PERSISTENT: u32 = 0x0001;
    /// Set by the kernel on every hashed service; never written by us and never compared.
    pub const HASHED: u32 = 0x0002;
    /// One-packet scheduling (udp).
    pub const ONE_PACKET: u32 = 0x0004;
    /// Scheduler flag 1: sh-fallback, mh-fallback.
    pub const SCHEDULER_1: u32 = 0x0008;
    /// Scheduler flag 2: sh-port, mh-port.
    pub const SCHEDULER_2: u32 = 0x0010;
    /// Scheduler flag 3.
    pub const SCHEDULER_3: u32 = 0x0020;

    /// Whether all of `bits` are set.
    pub fn has(self, bits: u32) -> bool {
        self.0 & bits == bits
    }
    /// The flags that a configuration decides: all but HASHED.
    pub fn configured(self) -> u32 {
        self.0 & !Self::HASHED
    }
}

/// A virtual service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// What it is reached by.
    pub id: ServiceId,
    /// Scheduler name: `wrr`.
    pub scheduler: String,
    /// Flags; PERSISTENT goes with `timeout`.
    pub flags: ServiceFlags,
    /// Persistence timeout in seconds; 0 where not persistent.
    pub timeout: u32,
    /// Persistence granularity as a prefix length (0–32 or 0–128; the kernel's wire form differs by family).
    /// 32 or 128 where nothing is configured.
    pub netmask: u8,
    /// Persistence engine: `sip`.
    pub engine: Option<String>,
}

/// What identifies a destination within its service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DestinationId {
    /// Real server's address; its family may differ from the service's where packets are tunnelled.
    pub address: IpAddr,
    /// Port in host order; 0 for a mark service without port.
    pub port: u16,
}

impl fmt::Display for DestinationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", std::net::SocketAddr::new(self.address, self.port))
    }
}

/// Forwarding method (`IP_VS_CONN_F_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Forward {
    /// 0: `masq`, address translation.
    #[serde(rename = "masq")]
    Masquerade,
    /// 1: set by the kernel for addresses of its own.
    Local,
    /// 2: `ipip`, tunnelling.
    #[serde(rename = "ipip")]
    Tunnel,
    /// 3: `gate`, direct routing.
    #[serde(rename = "gate")]
    Gate,
    /// 4: cache bypass.
    Bypass,
}

/// How a tunnelled destination is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tunnel {
    /// Encapsulation.
    pub kind: TunnelKind,
    /// Checksum flags (`IP_VS_TUNNEL_ENCAP_FLAG_*`): 0 none, 1 checksum, 2 remote checksum offload.
    pub flags: u16,
}

/// Encapsulation (`IP_VS_CONN_F_TUNNEL_TYPE_*`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TunnelKind {
    /// 0
    #[default]
    Ipip,
    /// 1, with its UDP port
    Gue {
        /// Destination port of the encapsulating UDP packets.
        port: u16,
    },
    /// 2
    Gre,
}

/// A destination: one real server of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Address and port.
    pub id: DestinationId,
    /// Forwarding method.
    pub forward: Forward,
    /// Weight, 0–65535; 0 takes no new connections.
    pub weight: u32,
    /// Upper connection threshold; 0: none.
    pub upper: u32,
    /// Lower connection threshold; 0: none.
    pub lower: u32,
    /// Encapsulation; only with [`Forward::Tunnel`].
    pub tunnel: Tunnel,
}

/// Statistics in 64 bit (`IPVS_SVC_ATTR_STATS64`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Connections scheduled.
    pub connections: u64,
    /// Incoming packets.
    pub packets_in: u64,
    /// Outgoing packets.
    pub packets_out: u64,
    /// Incoming bytes.
    pub bytes_in: u64,
    /// Outgoing bytes.
    pub bytes_out: u64,
    /// Connections a second.
    pub connections_rate: u64,
    /// Incoming packets a second.
    pub packets_in_rate: u64,
    /// Outgoing packets a second.
    pub packets_out_rate: u64,
    /// Incoming bytes a second.
    pub bytes_in_rate: u64,
    /// Outgoing bytes a second.
    pub bytes_out_rate: u64,
}

/// A destination as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DestinationEntry {
    /// What was configured.
    pub destination: Destination,
    /// Connections now: active, inactive, persistence templates.
    pub active: u32,
    /// Inactive connections.
    pub inactive: u32,
    /// Persistence templates.
    pub persistent: u32,
    /// Statistics.
    pub counters: Counters,
}

/// A service as read, with its destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEntry {
    /// What was configured.
    pub service: Service,
    /// Statistics.
    pub counters: Counters,
    /// Its destinations.
    pub destinations: BTreeMap<DestinationId, DestinationEntry>,
}

/// A table, or the part of it that was asked for, as read at one time.
pub type Snapshot = BTreeMap<ServiceId, ServiceEntry>;

/// One change of the table. Applied in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// IPVS_CMD_NEW_SERVICE
    AddService(Service),
    /// IPVS_CMD_SET_SERVICE
    EditService(Service),
    /// IPVS_CMD_DEL_SERVICE: its destinations go with it.
    DeleteService(ServiceId),
    /// IPVS_CMD_NEW_DEST
    AddDestination(ServiceId, Destination),
    /// IPVS_CMD_SET_DEST
    EditDestination(ServiceId, Destination),
    /// IPVS_CMD_DEL_DEST
    DeleteDestination(ServiceId, DestinationId),
}

impl Operation {
    /// The service it concerns.
    pub fn service(&self) -> ServiceId {
        match self {
            Self::AddService(service) | Self::EditService(service) => service.id,
            Self::DeleteService(id)
            | Self::AddDestination(id, _)
            | Self::EditDestination(id, _)
            | Self::DeleteDestination(id, _) => *id,
        }
    }
    /// The destination it concerns.
    pub fn destination(&self) -> Option<DestinationId> {
        match self {
            Self::AddDestination(_, destination) | Self::EditDestination(_, destination) => Some(destination.id),
            Self::DeleteDestination(_, id) => Some(*id),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        for text in ["tcp:10.0.0.1:80", "udp:[fd00::1]:53", "sctp:10.0.0.1:0", "fwm:1", "fwm6:4294967295"] {
            assert_eq!(text.parse::<ServiceId>().map(|id| id.to_string()).as_deref(), Ok(text));
        }
        for text in ["", "tcp", "tcp:10.0.0.1", "fwm:x", "fwm:4294967296", "icmp:10.0.0.1:0"] {
            assert_eq!(text.parse::<ServiceId>(), Err(()), "{text}");
        }
    }
}
