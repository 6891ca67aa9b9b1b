//! The table as text, byte for byte as ipvsadm 1.31 prints it: `ipvsadm -L -n` and `ipvsadm -S -n`. Scripts and people
//! read both.

use super::order::{compare_destinations, compare_services, merge_sort};
use super::{
    DestinationEntry, Family, Forward, Info, Protocol, Service, ServiceEntry, ServiceFlags, ServiceId, Snapshot,
    TunnelKind,
};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};

/// A table in the order in which the kernel tells it. ipvsadm's way of sorting can go round in circles (10.0.0.1 before
/// 100.64.0.1 before 192.168.0.1 before 10.0.0.1); where it does, its result depends on that order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing(pub(super) Vec<(Service, Vec<DestinationEntry>)>);

impl From<&Snapshot> for Listing {
    fn from(snapshot: &Snapshot) -> Self {
        let entry = |entry: &ServiceEntry| (entry.service.clone(), entry.destinations.values().copied().collect());
        Self(snapshot.values().map(entry).collect())
    }
}

impl Listing {
    fn sorted(&self) -> Vec<(&Service, Vec<&DestinationEntry>)> {
        let services = self.0.iter().map(|(service, destinations)| {
            let destinations = destinations.iter().collect();
            let by = |a: &&DestinationEntry, b: &&DestinationEntry| {
                compare_destinations(&a.destination.id, &b.destination.id)
            };
            (service, merge_sort(destinations, &by))
        });
        merge_sort(services.collect(), &|a: &(&Service, _), b: &(&Service, _)| compare_services(&a.0.id, &b.0.id))
    }

    /// As `ipvsadm -L -n`.
    pub fn render(&self, info: &Info) -> String {
        let [major, minor, patch] = info.version;
        let mut text = format!(
            "IP Virtual Server version {major}.{minor}.{patch} (size={})\n\
             Prot LocalAddress:Port Scheduler Flags\n  \
             -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n",
            info.connection_table_size
        );
        for (service, destinations) in self.sorted() {
            list_service(&mut text, service);
            for entry in destinations {
                list_destination(&mut text, entry);
            }
        }
        text
    }

    /// As `ipvsadm -S -n`: one command a line, which `ipvsadm -R` reads.
    pub fn save(&self) -> String {
        let mut text = String::new();
        for (service, destinations) in self.sorted() {
            let name = match &service.id {
                ServiceId::Address { protocol, address, port } => {
                    let switch = match protocol {
                        Protocol::Tcp => "-t",
                        Protocol::Udp => "-u",
                        Protocol::Sctp => "--sctp-service",
                    };
                    format!("{switch} {}", place(address, *port))
                }
                ServiceId::Mark { family: Family::V4, mark } => format!("-f {}", mark.cast_signed()),
                ServiceId::Mark { family: Family::V6, mark } => format!("-f {} -6", mark.cast_signed()),
            };
            save_service(&mut text, &name, service);
            for entry in destinations {
                save_destination(&mut text, &name, entry);
            }
        }
        text
    }
}

/// As `ipvsadm -L -n` prints a table whose order in the kernel is not known.
pub fn render(snapshot: &Snapshot, info: &Info) -> String {
    Listing::from(snapshot).render(info)
}

/// As `ipvsadm -S -n` prints a table whose order in the kernel is not known.
pub fn save(snapshot: &Snapshot) -> String {
    Listing::from(snapshot).save()
}

// Writing to a String cannot fail, so the results of `write!` are let go.

fn list_service(text: &mut String, service: &Service) {
    let _ = match &service.id {
        ServiceId::Address { protocol, address, port } => {
            let protocol = match protocol {
                Protocol::Tcp => "TCP ",
                Protocol::Udp => "UDP ",
                Protocol::Sctp => "SCTP",
            };
            write!(text, "{protocol} {}", place(address, *port))
        }
        ServiceId::Mark { family: Family::V4, mark } => write!(text, "FWM  {}", mark.cast_signed()),
        ServiceId::Mark { family: Family::V6, mark } => write!(text, "FWM  {} IPv6", mark.cast_signed()),
    };
    let _ = write!(text, " {}", service.scheduler);
    if let Some(flags) = scheduler_flags(service) {
        let _ = write!(text, " ({flags})");
    }
    if service.flags.has(ServiceFlags::PERSISTENT) {
        let _ = write!(text, " persistent {}", service.timeout);
        if let Some(mask) = mask(service) {
            let _ = write!(text, " mask {mask}");
        }
        // Unlike -S, -L hides the engine of a service that is not persistent.
        if let Some(engine) = &service.engine {
            let _ = write!(text, " pe {engine}");
        }
    }
    if service.flags.has(ServiceFlags::ONE_PACKET) {
        text.push_str(" ops");
    }
    text.push('\n');
}

fn list_destination(text: &mut String, entry: &DestinationEntry) {
    let destination = &entry.destination;
    let forward = match destination.forward {
        Forward::Masquerade => "Masq",
        Forward::Local => "Local",
        Forward::Tunnel => "Tunnel",
        Forward::Gate => "Route",
        // ipvsadm has no name for it and cannot make one.
        Forward::Bypass => "(null)",
    };
    let _ = writeln!(
        text,
        "  -> {:<28} {forward:<7} {:<6} {:<10} {:<10}",
        place(&destination.id.address, destination.id.port),
        destination.weight.cast_signed(),
        entry.active,
        entry.inactive
    );
}

fn save_service(text: &mut String, name: &str, service: &Service) {
    let _ = write!(text, "-A {name} -s {}", service.scheduler);
    if service.flags.has(ServiceFlags::PERSISTENT) {
        let _ = write!(text, " -p {}", service.timeout);
        if let Some(mask) = mask(service) {
            let _ = write!(text, " -M {mask}");
        }
    }
    if let Some(engine) = &service.engine {
        let _ = write!(text, " --pe {engine}");
    }
    if service.flags.has(ServiceFlags::ONE_PACKET) {
        text.push_str(" -o");
    }
    if let Some(flags) = scheduler_flags(service) {
        let _ = write!(text, " -b {flags}");
    }
    text.push('\n');
}

fn save_destination(text: &mut String, name: &str, entry: &DestinationEntry) {
    let destination = &entry.destination;
    let to = place(&destination.id.address, destination.id.port);
    let forward = match destination.forward {
        Forward::Masquerade => "-m",
        Forward::Tunnel => "-i",
        Forward::Gate | Forward::Local => "-g",
        Forward::Bypass => "(null)",
    };
    let _ = write!(text, "-a {name} -r {to} {forward} -w {}", destination.weight.cast_signed());
    if destination.forward == Forward::Tunnel {
        let checksum = match destination.tunnel.flags {
            1 => " --tun-csum",
            2 => " --tun-remcsum",
            _ => " --tun-nocsum",
        };
        let _ = match destination.tunnel.kind {
            TunnelKind::Ipip => write!(text, " --tun-type ipip"),
            TunnelKind::Gue { port } => write!(text, " --tun-type gue --tun-port {port}{checksum}"),
            TunnelKind::Gre => write!(text, " --tun-type gre{checksum}"),
        };
    }
    text.push('\n');
}

/// The scheduler's flags by name. sh and mh have names for two of the three and none for the third, which leaves the
/// list empty where it is the only one.
fn scheduler_flags(service: &Service) -> Option<String> {
    let bits = [ServiceFlags::SCHEDULER_1, ServiceFlags::SCHEDULER_2, ServiceFlags::SCHEDULER_3];
    let names = match service.scheduler.as_str() {
        "sh" => ["sh-fallback", "sh-port", ""],
        "mh" => ["mh-fallback", "mh-port", ""],
        _ => ["flag-1", "flag-2", "flag-3"],
    };
    let set = bits.into_iter().zip(names).filter(|(bit, _)| service.flags.has(*bit)).map(|(_, name)| name);
    let set: Vec<&str> = set.collect();
    if set.is_empty() {
        return None;
    }
    Some(set.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(","))
}

/// The persistence mask where it is narrower than an address.
fn mask(service: &Service) -> Option<String> {
    match service.id.family() {
        Family::V4 if service.netmask < 32 => {
            let ones = u32::MAX.checked_shl(32 - u32::from(service.netmask)).unwrap_or(0);
            Some(Ipv4Addr::from(ones).to_string())
        }
        Family::V6 if service.netmask != 128 => Some(service.netmask.to_string()),
        _ => None,
    }
}

/// Address and port, IPv6 in brackets and as inet_ntop writes it: an IPv4 address at the end of 96 zero bits in dots.
fn place(address: &IpAddr, port: u16) -> String {
    match address {
        IpAddr::V4(v4) => format!("{v4}:{port}"),
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
                format!("[::{}]:{port}", Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
            }
            _ => format!("[{v6}]:{port}"),
        },
    }
}
