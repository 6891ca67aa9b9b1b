//! Fallback servers: the virtual service's own, else the global one of its family.

use super::lower::Lowering;
use super::model::Fallback;
use super::raw::{RawConfig, RawFallback, RawVirtual};
use super::resolve::protocol_word;
use crate::ipvs::{Family, Forward, Protocol, ServiceId};

impl Lowering<'_> {
    /// Judges the names of the global fallbacks, which may be used by nobody.
    pub(super) fn global_fallbacks(&mut self, config: &RawConfig) {
        for fallback in config.fallback.iter().chain(&config.fallback6) {
            self.fallback_host(fallback);
            let known = [Protocol::Tcp, Protocol::Udp]
                .into_iter()
                .any(|protocol| self.names.port(&fallback.port, Some(protocol)).is_some());
            if !known {
                self.findings.error(
                    fallback.place,
                    "invalid port for fallback server",
                    "there is no such name in /etc/services; write the number of the port",
                );
            }
        }
    }

    /// The address of a fallback server; a warning where its name does not resolve.
    fn fallback_host(&mut self, fallback: &RawFallback) -> Option<std::net::IpAddr> {
        let (family, which) = if fallback.six { (Family::V6, "IPv6") } else { (Family::V4, "IPv4") };
        let address = self.names.address(&fallback.host, family);
        if address.is_none() {
            self.findings.warning(
                fallback.place,
                format!(
                    "invalid {which} address or could not resolve for fallback server: {}",
                    super::reals::written(&fallback.host)
                ),
                "there is no fallback until the name resolves",
            );
        }
        address
    }

    /// The fallback of a virtual service.
    pub(super) fn fallback(
        &mut self,
        section: &RawVirtual,
        config: &RawConfig,
        id: Option<ServiceId>,
    ) -> Option<Fallback> {
        let global = if section.family == Family::V4 { &config.fallback } else { &config.fallback6 };
        let (fallback, own) = match (&section.fallback, global) {
            (Some(fallback), _) => (fallback, true),
            (None, Some(fallback)) => (fallback, false),
            (None, None) => return None,
        };
        let address =
            if own { self.fallback_host(fallback) } else { self.names.address(&fallback.host, section.family) };
        let virtual_port = id.map_or(0, |id| id.port());
        let protocol = section.protocol();
        let port = match self.names.port(&fallback.port, Some(protocol)) {
            // A global one is made for addresses: with a mark its port would change what the client asked for.
            _ if !own && section.is_mark() => 0,
            Some(0) => virtual_port,
            Some(port) => port,
            None => {
                self.findings.error(
                    fallback.place,
                    "invalid port for fallback server",
                    format!(
                        "there is no such {} service in /etc/services; write the number of the port",
                        protocol_word(protocol)
                    ),
                );
                0
            }
        };
        if own && fallback.forward != Forward::Masquerade && !section.is_mark() && port != virtual_port && id.is_some()
        {
            self.findings.warning(
                fallback.place,
                format!("the kernel sends to port {virtual_port} of this fallback server, not to {port}"),
                "direct routing and tunnels cannot change the port: write the port of the virtual service, or masq",
            );
        }
        let host = super::reals::written(&fallback.host);
        Some(Fallback { host, address, port, forward: fallback.forward })
    }
}
