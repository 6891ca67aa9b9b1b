//! Real servers: ranges expanded, names resolved, one destination each.

use super::address::Host;
use super::directives::Key;
use super::lower::Lowering;
use super::model::{Check, Real};
use super::probes::Asking;
use super::range;
use super::raw::{RawReal, RawVirtual};
use super::values::Value;
use crate::ipvs::{Forward, ServiceId, Tunnel};
use std::collections::HashMap;
use std::net::IpAddr;

/// How many real servers one file may hold.
const MOST: usize = 250_000;

/// A host as the model shows it: the name as written, or the address in canonical form.
pub(super) fn written(host: &Host) -> String {
    match host {
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.clone(),
    }
}

/// What makes two real servers one destination of the kernel.
#[derive(PartialEq, Eq, Hash)]
enum Destination {
    Address(IpAddr, u16),
    Name(String, u16),
}

impl Lowering<'_> {
    /// The real servers of a virtual service, in file order.
    pub(super) fn reals(
        &mut self,
        section: &RawVirtual,
        id: Option<ServiceId>,
        check: &Check,
        asking: &Asking<'_>,
    ) -> Vec<Real> {
        let mut reals = Vec::with_capacity(section.reals.len());
        let mut known: HashMap<Destination, usize> = HashMap::with_capacity(section.reals.len());
        for raw in &section.reals {
            let Some(port) = self.names.port(&raw.port, None) else {
                let name = match &raw.port {
                    super::address::Port::Name(name) => name.as_str(),
                    _ => "",
                };
                self.findings.error(
                    raw.place,
                    format!("invalid port ({name}) for real server (could not resolve port)"),
                    "there is no such name in /etc/services; write the number of the port",
                );
                continue;
            };
            self.judge_port(raw, section, id, port);
            let mut double = None;
            for (host, address) in self.members(raw, section) {
                let real = lower(raw, section, check, asking, host, address, port);
                let effective = effective_port(&real, id);
                let destination = match address {
                    Some(address) => Destination::Address(address, effective),
                    None => Destination::Name(real.host.clone(), effective),
                };
                let slot = *known.entry(destination).or_insert(reals.len());
                match reals.get_mut(slot) {
                    Some(earlier) => double = Some((std::mem::replace(earlier, real), effective)),
                    None => reals.push(real),
                }
            }
            if let Some((earlier, effective)) = double {
                self.warn_double(raw, &earlier, effective);
            }
            self.total += 1;
            if self.total > MOST {
                break;
            }
        }
        reals
    }

    /// The hosts of a line: one, or those of a range.
    fn members(&mut self, raw: &RawReal, section: &RawVirtual) -> Vec<(String, Option<IpAddr>)> {
        let first = self.names.address(&raw.host, section.family);
        if first.is_none() {
            self.unresolved(raw, &raw.host, "");
        }
        let Some(last) = &raw.last else { return vec![(written(&raw.host), first)] };
        let end = self.names.address(last, section.family);
        if end.is_none() {
            self.unresolved(raw, last, "end ");
        }
        let (Some(first), Some(end)) = (first, end) else {
            return vec![(format!("{}->{}", written(&raw.host), written(last)), None)];
        };
        match range::judge(first, end) {
            Ok((low, high)) => {
                let count = (high - low) as usize + 1;
                self.total += count;
                if self.total > MOST {
                    self.findings.error(raw.place, format!("more than {MOST} real servers"), "write smaller ranges");
                    return Vec::new();
                }
                range::expand((low, high)).map(|address| (address.to_string(), Some(address))).collect()
            }
            Err((words, help)) => {
                self.findings.error(raw.place, words, help);
                Vec::new()
            }
        }
    }

    fn unresolved(&mut self, raw: &RawReal, host: &Host, end: &str) {
        self.findings.warning(
            raw.place,
            format!("invalid address ({}) for real server (could not resolve {end}host)", written(host)),
            "the real server is down until the name resolves",
        );
    }

    fn warn_double(&mut self, raw: &RawReal, earlier: &Real, port: u16) {
        self.findings.warning(
            raw.place,
            format!("{} port {port} is the same destination as line {}; this line counts", earlier.host, earlier.line),
            if earlier.port == port {
                "leave one of the two lines out"
            } else {
                "direct routing and tunnels cannot change the port: leave one of the two lines out, or write masq"
            },
        );
    }

    /// What a port means for the forwarding method.
    fn judge_port(&mut self, raw: &RawReal, section: &RawVirtual, id: Option<ServiceId>, port: u16) {
        let Some(ServiceId::Address { port: virtual_port, .. }) = id else { return };
        if raw.forward != Forward::Masquerade && port != 0 && port != virtual_port {
            self.findings.warning(
                raw.place,
                format!("the kernel sends to port {virtual_port} of this real server, not to {port}"),
                "direct routing and tunnels cannot change the port: write the port of the virtual service, or masq",
            );
        } else if raw.forward == Forward::Masquerade && port == 0 && virtual_port != 0 && !section.is_mark() {
            self.findings.warning(
                raw.place,
                "no port is given: masq sends to port 0 of this real server",
                format!("write a port: {}:{virtual_port}", written(&raw.host)),
            );
        }
    }
}

/// The port that the kernel uses: with direct routing and tunnels the service's own.
fn effective_port(real: &Real, id: Option<ServiceId>) -> u16 {
    match id {
        Some(ServiceId::Address { port, .. }) if real.forward != Forward::Masquerade => port,
        _ => real.port,
    }
}

fn lower(
    raw: &RawReal,
    section: &RawVirtual,
    check: &Check,
    asking: &Asking<'_>,
    host: String,
    address: Option<IpAddr>,
    port: u16,
) -> Real {
    let tunnel = match (raw.forward, raw.tunnel, section.settings.get(Key::Tunneltype).map(|given| &given.value)) {
        (Forward::Tunnel, Some(own), _) => own,
        (Forward::Tunnel, None, Some(Value::Tunnel(all))) => *all,
        _ => Tunnel::default(),
    };
    let checkport = check.checkport.unwrap_or(if port > 0 { port } else { check.service.port() });
    let (request, receive) = match &raw.strings {
        Some(strings) => (strings.request.clone(), strings.receive.as_ref().map(|pattern| pattern.source().to_owned())),
        None => (check.request.clone(), check.receive.clone()),
    };
    let probes = asking.probes(raw.strings.as_ref(), &host, address, (port, checkport));
    Real {
        line: raw.place.line as usize,
        host,
        address,
        port,
        forward: raw.forward,
        tunnel,
        weight: raw.weight,
        request,
        receive,
        lower: raw.lower,
        upper: raw.upper,
        checkport,
        probes,
    }
}
