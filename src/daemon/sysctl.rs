//! Kernel settings that a configuration needs for what it promises: a pure decision, and a thin reader and writer.
#![allow(clippy::disallowed_methods, reason = "kernel settings are files")]

use crate::config::{Config, IpvsSysctl};
use crate::ipvs::{Forward, Protocol, ServiceId};
use std::path::PathBuf;

/// One setting that the configuration needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Its name as sysctl(8) writes it.
    pub name: &'static str,
    /// The value.
    pub value: &'static str,
    /// Why.
    pub because: &'static str,
}

/// What a configuration needs.
pub fn needs(config: &Config) -> Vec<Need> {
    let mut needs = Vec::new();
    let any = |what: &dyn Fn(&crate::config::Virtual) -> bool| config.virtuals.iter().any(what);
    let udp = |service: &crate::config::Virtual| {
        matches!(service.id, ServiceId::Address { protocol: Protocol::Udp, .. } | ServiceId::Mark { .. })
    };
    let persistent = |service: &crate::config::Virtual| service.persistent.is_some();
    if any(&|service| udp(service) || !service.quiescent) {
        needs.push(Need {
            name: "net.ipv4.vs.expire_nodest_conn",
            value: "1",
            because: "connections (udp above all) otherwise keep going to a real server that was removed",
        });
    }
    if any(&|service| service.quiescent && persistent(service)) {
        needs.push(Need {
            name: "net.ipv4.vs.expire_quiescent_template",
            value: "1",
            because: "persistent clients otherwise keep going to a real server with weight 0",
        });
    }
    if any(&|service| service.quiescent || persistent(service)) {
        needs.push(Need {
            name: "net.ipv4.vs.conn_reuse_mode",
            value: "1",
            because: "a client that reuses its port is otherwise sent to the real server it had before, even with weight 0",
        });
    }
    if any(&|service| {
        matches!(service.id, ServiceId::Address { protocol: Protocol::Tcp, .. }) && service.scheduler == "mh"
    }) {
        needs.push(Need {
            name: "net.ipv4.vs.sloppy_tcp",
            value: "1",
            because: "a connection that another director began is otherwise refused, though mh picks the same real server",
        });
    }
    let masq = |six: bool| {
        config.virtuals.iter().flat_map(|service| &service.reals).any(|real| {
            real.forward == Forward::Masquerade && real.address.is_some_and(|address| address.is_ipv6() == six)
        })
    };
    let because = "masquerading real servers otherwise get no packets";
    if masq(false) {
        needs.push(Need { name: "net.ipv4.ip_forward", value: "1", because });
    }
    if masq(true) {
        needs.push(Need { name: "net.ipv6.conf.all.forwarding", value: "1", because });
    }
    needs
}

/// Looks at the settings and names, or sets, what differs; one log line each. A setting that this kernel does not have is left out.
pub fn settle(config: &Config) {
    if config.globals.ipvssysctl == IpvsSysctl::Off {
        return;
    }
    for need in needs(config) {
        let path = path(need.name);
        let Ok(value) = std::fs::read_to_string(&path) else { continue };
        let value = value.trim();
        if value == need.value {
            continue;
        }
        let Need { name, value: wanted, because } = need;
        match config.globals.ipvssysctl {
            IpvsSysctl::Set => match std::fs::write(&path, wanted) {
                Ok(()) => tracing::info!("Set kernel setting {name} = {wanted} (was {value}): {because}"),
                Err(error) => tracing::info!("Could not set kernel setting {name} = {wanted} (is {value}): {error}"),
            },
            _ => tracing::info!("Kernel setting {name} is {value}, {wanted} is needed: {because} (see ipvssysctl)"),
        }
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from("/proc/sys").join(name.replace('.', "/"))
}
