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

#[cfg(test)]
mod tests {
    use super::super::{Destination, DestinationId, MemoryTable, Operation, Table, Tunnel};
    use super::*;

    /// What ipvsadm 1.31 printed for this table.
    const LISTED: &str = "\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
FWM  -1 rr
TCP  192.168.111.222:65535 wrr persistent 360
TCP  10.0.0.1:80 wrr
  -> [fd00::1]:80                 Tunnel  1      0          0         
  -> 10.0.0.2:80                  Route   5      0          0         
  -> 10.0.0.3:8080                Masq    65535  0          0         
  -> [2001:db8:1111:2222:3333:4444:5555:6666]:80 Tunnel  1      0          0         
UDP  10.0.0.1:53 sh (sh-fallback,sh-port) ops
UDP  10.0.0.5:53 sh ()
UDP  10.0.0.5:54 wlc (flag-2) persistent 50 mask 255.255.0.0 ops
UDP  10.0.0.5:5060 wlc persistent 300 pe sip
SCTP 10.0.0.1:80 lblc
TCP  [fd00::1]:80 lblcr persistent 77 mask 64
TCP  [::18.52.0.1]:80 nq
TCP  [::ffff:10.0.0.1]:80 nq
FWM  1 rr
FWM  1 IPv6 rr
";
    const SAVED: &str = "\
-A -f -1 -s rr
-A -t 192.168.111.222:65535 -s wrr -p 360
-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r [fd00::1]:80 -i -w 1 --tun-type ipip
-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 5
-a -t 10.0.0.1:80 -r 10.0.0.3:8080 -m -w 65535
-a -t 10.0.0.1:80 -r [2001:db8:1111:2222:3333:4444:5555:6666]:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
-A -u 10.0.0.1:53 -s sh -o -b sh-fallback,sh-port
-A -u 10.0.0.5:53 -s sh -b 
-A -u 10.0.0.5:54 -s wlc -p 50 -M 255.255.0.0 -o -b flag-2
-A -u 10.0.0.5:5060 -s wlc -p 300 --pe sip
-A --sctp-service 10.0.0.1:80 -s lblc
-A -t [fd00::1]:80 -s lblcr -p 77 -M 64
-A -t [::18.52.0.1]:80 -s nq
-A -t [::ffff:10.0.0.1]:80 -s nq
-A -f 1 -s rr
-A -f 1 -6 -s rr
";

    fn service(protocol: Protocol, address: &str, port: u16, scheduler: &str, flags: u32) -> Service {
        let address: IpAddr = address.parse().unwrap();
        let netmask = if address.is_ipv4() { 32 } else { 128 };
        let id = ServiceId::Address { protocol, address, port };
        Service { id, scheduler: scheduler.into(), flags: ServiceFlags(flags), timeout: 0, netmask, engine: None }
    }

    fn table() -> Snapshot {
        let web = service(Protocol::Tcp, "10.0.0.1", 80, "wrr", 0);
        let to = |address: &str, port, forward, weight| {
            let id = DestinationId { address: address.parse().unwrap(), port };
            let destination = Destination { id, forward, weight, upper: 0, lower: 0, tunnel: Tunnel::default() };
            Operation::AddDestination(web.id, destination)
        };
        let far = "2001:db8:1111:2222:3333:4444:5555:6666";
        let mark = |family, mark, netmask| Service {
            id: ServiceId::Mark { family, mark },
            netmask,
            ..service(Protocol::Tcp, "10.0.0.1", 0, "rr", 0)
        };
        let services = [
            web.clone(),
            Service { timeout: 360, ..service(Protocol::Tcp, "192.168.111.222", 65535, "wrr", 1) },
            service(Protocol::Udp, "10.0.0.1", 53, "sh", 0x1c),
            service(Protocol::Udp, "10.0.0.5", 53, "sh", 0x20),
            Service { timeout: 50, netmask: 16, ..service(Protocol::Udp, "10.0.0.5", 54, "wlc", 0x15) },
            Service { timeout: 300, engine: Some("sip".into()), ..service(Protocol::Udp, "10.0.0.5", 5060, "wlc", 1) },
            service(Protocol::Sctp, "10.0.0.1", 80, "lblc", 0),
            Service { timeout: 77, netmask: 64, ..service(Protocol::Tcp, "fd00::1", 80, "lblcr", 1) },
            service(Protocol::Tcp, "::18.52.0.1", 80, "nq", 0),
            service(Protocol::Tcp, "::ffff:10.0.0.1", 80, "nq", 0),
            mark(Family::V4, 1, 32),
            mark(Family::V6, 1, 128),
            mark(Family::V4, u32::MAX, 32),
        ];
        let mut operations: Vec<_> = services.into_iter().map(Operation::AddService).collect();
        operations.push(to("10.0.0.3", 8080, Forward::Masquerade, 65535));
        operations.push(to("10.0.0.2", 80, Forward::Gate, 5));
        operations.push(to("fd00::1", 80, Forward::Tunnel, 1));
        operations.push(to(far, 80, Forward::Tunnel, 1));
        if let Some(Operation::AddDestination(_, last)) = operations.last_mut() {
            last.tunnel = Tunnel { kind: TunnelKind::Gue { port: 6080 }, flags: 1 };
        }
        let mut memory = MemoryTable::new();
        memory.apply(&operations).unwrap().into_iter().for_each(Result::unwrap);
        memory.content().clone()
    }

    #[test]
    fn as_ipvsadm_lists() {
        assert_eq!(render(&table(), &Info::default()), LISTED);
        assert_eq!(render(&Snapshot::new(), &Info::default()).lines().count(), 3);
    }

    #[test]
    fn as_ipvsadm_saves() {
        assert_eq!(save(&table()), SAVED);
        assert_eq!(save(&Snapshot::new()), "");
    }
}
