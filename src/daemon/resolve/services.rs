//! /etc/services (services(5)), also the output of `getent services`: `name  port/protocol  [alias …]  # comment`.

use std::collections::HashMap;

/// Service names and aliases with their ports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Services {
    by_protocol: HashMap<(String, String), u16>,
    any: HashMap<String, u16>,
}

impl Services {
    /// Lines that make no sense are skipped; of several the first one counts, as in getservbyname.
    pub fn parse(text: &str) -> Self {
        let mut services = Self::default();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_whitespace();
            let (Some(name), Some(port)) = (words.next(), words.next()) else { continue };
            let Some((port, protocol)) = port.split_once('/') else { continue };
            let Ok(port) = port.parse() else { continue };
            for name in std::iter::once(name).chain(words) {
                services.by_protocol.entry((name.to_owned(), protocol.to_owned())).or_insert(port);
                services.any.entry(name.to_owned()).or_insert(port);
            }
        }
        services
    }

    /// The port of a name; without a protocol the first one of any.
    pub fn port(&self, name: &str, protocol: Option<&str>) -> Option<u16> {
        match protocol {
            Some(protocol) => self.by_protocol.get(&(name.to_owned(), protocol.to_owned())).copied(),
            None => self.any.get(name).copied(),
        }
    }
}
