//! The model's values in the words of the file.

use crate::config::{AlertStatus, CheckKind, IpvsSysctl, Virtual};
use crate::ipvs::{Family, Forward, Protocol, ServiceFlags, ServiceId, Tunnel, TunnelKind};
use checks::{Method, Redirect, Verify};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

pub(crate) fn protocol(id: &ServiceId) -> &'static str {
    match id {
        ServiceId::Address { protocol: Protocol::Tcp, .. } => "tcp",
        ServiceId::Address { protocol: Protocol::Udp, .. } => "udp",
        ServiceId::Address { protocol: Protocol::Sctp, .. } => "sctp",
        ServiceId::Mark { .. } => "fwm",
    }
}

pub(crate) fn check_kind(kind: CheckKind) -> String {
    match kind {
        CheckKind::Negotiate => "negotiate".to_owned(),
        CheckKind::Connect => "connect".to_owned(),
        CheckKind::Ping => "ping".to_owned(),
        CheckKind::External => "external".to_owned(),
        CheckKind::ExternalPerl => "external-perl".to_owned(),
        CheckKind::Combined(count) => count.to_string(),
        CheckKind::Mon => "mon".to_owned(),
        CheckKind::On => "on".to_owned(),
        CheckKind::Off => "off".to_owned(),
    }
}

pub(crate) fn forward(forward: Forward) -> &'static str {
    match forward {
        Forward::Masquerade => "masq",
        Forward::Tunnel => "ipip",
        // A configuration has no other; the kernel itself decides on the rest.
        Forward::Gate | Forward::Local | Forward::Bypass => "gate",
    }
}

pub(super) fn tunnel(tunnel: Tunnel) -> String {
    match tunnel.kind {
        TunnelKind::Ipip => "ipip".to_owned(),
        TunnelKind::Gue { port } => format!("gue:{port}"),
        TunnelKind::Gre => "gre".to_owned(),
    }
}

/// Scheduler flags by name; sh and mh have their own names for the first two.
pub(super) fn flags(scheduler: &str, bits: u32) -> Option<String> {
    let own = |flag: &str, number: u32| match scheduler {
        "sh" | "mh" => format!("{scheduler}-{flag}"),
        _ => format!("flag-{number}"),
    };
    let mut names = Vec::new();
    if bits & ServiceFlags::SCHEDULER_1 != 0 {
        names.push(own("fallback", 1));
    }
    if bits & ServiceFlags::SCHEDULER_2 != 0 {
        names.push(own("port", 2));
    }
    if bits & ServiceFlags::SCHEDULER_3 != 0 {
        names.push("flag-3".to_owned());
    }
    (!names.is_empty()).then(|| names.join(","))
}

/// As the file has it: a dotted quad for IPv4, a prefix length for IPv6.
pub(super) fn netmask(service: &Virtual) -> Value {
    match (service.netmask, service.id.family()) {
        (None, _) => Value::Null,
        (Some(prefix), Family::V6) => json!(prefix),
        (Some(prefix), Family::V4) => {
            let bits = u32::MAX.checked_shl(32u32.saturating_sub(prefix.into())).unwrap_or(0);
            json!(Ipv4Addr::from_bits(bits).to_string())
        }
    }
}

pub(super) fn method(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
    }
}

pub(super) fn redirect(redirect: Redirect) -> &'static str {
    match redirect {
        Redirect::Follow => "follow",
        Redirect::Same => "same",
        Redirect::None => "none",
    }
}

pub(super) fn verify(verify: Verify) -> &'static str {
    match verify {
        Verify::None => "none",
        Verify::Chain => "chain",
        Verify::Full => "full",
    }
}

pub(super) fn sysctl(sysctl: IpvsSysctl) -> &'static str {
    match sysctl {
        IpvsSysctl::Warn => "warn",
        IpvsSysctl::Set => "set",
        IpvsSysctl::Off => "off",
    }
}

/// The states in which mail is sent, each by name.
pub(super) fn statuses(status: AlertStatus) -> Vec<&'static str> {
    [
        (status.starting, "starting"),
        (status.running, "running"),
        (status.stopping, "stopping"),
        (status.reloading, "reloading"),
    ]
    .into_iter()
    .filter_map(|(set, word)| set.then_some(word))
    .collect()
}
