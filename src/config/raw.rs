//! The file after parsing and judging, before anything was asked: settings by directive, virtual services with their real
//! servers, hosts and ports as written.

use super::address::{Host, Port};
use super::directives::{Key, default_of};
use super::findings::Place;
use super::values::Value;
use crate::ipvs::{Family, Forward, Protocol, Tunnel};
use checks::Pattern;
use std::collections::BTreeMap;

/// A judged value and where it stands.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// The settings of one section; the last line of a directive counts.
#[derive(Clone, Default)]
pub(super) struct Settings(BTreeMap<Key, Given>);

/// Names and places only: there are passwords among the values.
impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(key, given)| (key, given.place))).finish()
    }
}

impl Settings {
    /// Sets; returns the place of an earlier line.
    pub(super) fn set(&mut self, key: Key, given: Given) -> Option<Place> {
        self.0.insert(key, given).map(|earlier| earlier.place)
    }
    pub(super) fn get(&self, key: Key) -> Option<&Given> {
        self.0.get(&key)
    }
    pub(super) fn place(&self, key: Key) -> Option<Place> {
        self.get(key).map(|given| given.place)
    }
    pub(super) fn number(&self, key: Key) -> Option<u32> {
        match self.get(key)?.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }
    pub(super) fn flag(&self, key: Key) -> Option<bool> {
        match self.get(key)?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }
    /// Text that is not empty.
    pub(super) fn text(&self, key: Key) -> Option<&str> {
        match &self.get(key)?.value {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
    /// The word, or the directive's default.
    pub(super) fn word(&self, key: Key) -> &'static str {
        match self.get(key).map(|given| &given.value) {
            Some(Value::Word(word)) => word,
            _ => default_of(key),
        }
    }
}

/// The default of a yes/no directive.
pub(super) fn default_flag(key: Key) -> bool {
    default_of(key) == "yes"
}

/// The default of a number.
pub(super) fn default_number(key: Key) -> u32 {
    default_of(key).parse().unwrap_or(0)
}

/// What opened a virtual service.
#[derive(Clone, Debug)]
pub(super) enum Opening {
    /// An address or name, with its port.
    Address(Host, Port),
    /// A firewall mark.
    Mark(u32),
    /// Could not be understood; the block is judged all the same.
    Broken,
}

/// One virtual service.
#[derive(Debug)]
pub(super) struct RawVirtual {
    pub(super) place: Place,
    /// Place of the host and port.
    pub(super) target: Place,
    pub(super) family: Family,
    pub(super) opening: Opening,
    /// The port as written, which decides the default protocol.
    pub(super) port_text: String,
    pub(super) settings: Settings,
    pub(super) netmask: Option<u8>,
    pub(super) receive: Option<Pattern>,
    pub(super) fallback: Option<RawFallback>,
    pub(super) reals: Vec<RawReal>,
    /// Whether there are real lines that could not be read.
    pub(super) broken_reals: bool,
}

impl RawVirtual {
    /// The protocol: given, or implied by the port's text. Marks have none; tcp stands in.
    pub(super) fn protocol(&self) -> Protocol {
        match self.settings.word(Key::Protocol) {
            "udp" => Protocol::Udp,
            "sctp" => Protocol::Sctp,
            "tcp" => Protocol::Tcp,
            _ if matches!(self.port_text.as_str(), "53" | "domain") => Protocol::Udp,
            _ => Protocol::Tcp,
        }
    }
    /// Whether it is reached by a firewall mark.
    pub(super) fn is_mark(&self) -> bool {
        matches!(self.opening, Opening::Mark(_))
    }
}

/// Request and receive of one real server.
#[derive(Clone, Debug)]
pub(super) struct Strings {
    pub(super) request: String,
    /// Unset where it is written empty.
    pub(super) receive: Option<Pattern>,
}

/// One `real=` line.
#[derive(Clone, Debug)]
pub(super) struct RawReal {
    /// Place of the target.
    pub(super) place: Place,
    pub(super) host: Host,
    /// Last host of a range.
    pub(super) last: Option<Host>,
    pub(super) port: Port,
    pub(super) forward: Forward,
    pub(super) weight: u32,
    pub(super) strings: Option<Strings>,
    pub(super) lower: u32,
    pub(super) upper: u32,
    pub(super) tunnel: Option<Tunnel>,
}

/// One `fallback=` line.
#[derive(Clone, Debug)]
pub(super) struct RawFallback {
    pub(super) place: Place,
    /// The value as written.
    pub(super) text: String,
    /// Whether it is a `fallback6=`.
    pub(super) six: bool,
    pub(super) host: Host,
    pub(super) port: Port,
    pub(super) forward: Forward,
}

/// The whole file.
#[derive(Debug, Default)]
pub(super) struct RawConfig {
    pub(super) globals: Settings,
    pub(super) execute: Vec<String>,
    pub(super) fallback: Option<RawFallback>,
    pub(super) fallback6: Option<RawFallback>,
    pub(super) virtuals: Vec<RawVirtual>,
}
