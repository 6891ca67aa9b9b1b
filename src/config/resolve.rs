//! What must be asked of the machine about a file, and the answers, each looked up once.

use super::address::{Host, Port};
use super::directives::Key;
use super::draft::{Answers, Question};
use super::model::CheckKind;
use super::raw::{Opening, RawConfig, RawFallback, RawVirtual, Settings};
use super::values::Value;
use crate::ipvs::{Family, Protocol};
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

/// The word of a protocol, as /etc/services has it.
pub(super) fn protocol_word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    }
}

/// The check type of a virtual service.
pub(super) fn check_kind(section: &RawVirtual) -> CheckKind {
    match section.settings.get(Key::Checktype).map(|given| &given.value) {
        Some(Value::Check(kind)) => *kind,
        _ => CheckKind::Negotiate,
    }
}

/// Everything to ask, each once.
pub(super) fn questions(config: &RawConfig) -> Vec<Question> {
    let mut all = BTreeSet::new();
    if let Some(path) = config.globals.text(Key::Logfile).filter(|path| path.starts_with('/')) {
        all.insert(Question::Appendable(path.to_owned()));
    }
    if let Some(path) = config.globals.text(Key::Maintenancedir) {
        all.insert(Question::Directory(path.to_owned()));
    }
    for fallback in config.fallback.iter().chain(&config.fallback6) {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            of_fallback(fallback, protocol, &mut all);
        }
    }
    of_files(&config.globals, &mut all);
    for section in &config.virtuals {
        of_virtual(section, config, &mut all);
    }
    all.into_iter().collect()
}

fn of_virtual(section: &RawVirtual, config: &RawConfig, all: &mut BTreeSet<Question>) {
    let protocol = section.protocol();
    if let Opening::Address(host, port) = &section.opening {
        of_host(host, section.family, all);
        of_port(port, Some(protocol_word(protocol)), all);
    }
    let global = if section.family == Family::V4 { &config.fallback } else { &config.fallback6 };
    if let Some(fallback) = section.fallback.as_ref().or(global.as_ref()) {
        of_fallback(fallback, protocol, all);
    }
    for real in &section.reals {
        of_host(&real.host, section.family, all);
        if let Some(last) = &real.last {
            of_host(last, section.family, all);
        }
        of_port(&real.port, None, all);
    }
    if let Some(path) = section.settings.text(Key::Monitorfile) {
        all.insert(Question::Appendable(path.to_owned()));
    }
    of_files(&section.settings, all);
    if let Some(command) = section.settings.text(Key::Checkcommand)
        && check_kind(section).runs_a_program()
    {
        all.insert(Question::File(command.to_owned()));
    }
}

/// The files of a section that must be readable.
fn of_files(settings: &Settings, all: &mut BTreeSet<Question>) {
    for key in [Key::Tlsca, Key::Tlscert, Key::Tlskey, Key::Tokenfile] {
        all.extend(settings.text(key).map(|path| Question::Readable(path.to_owned())));
    }
}

fn of_fallback(fallback: &RawFallback, protocol: Protocol, all: &mut BTreeSet<Question>) {
    let family = if fallback.six { Family::V6 } else { Family::V4 };
    of_host(&fallback.host, family, all);
    of_port(&fallback.port, Some(protocol_word(protocol)), all);
}

fn of_host(host: &Host, family: Family, all: &mut BTreeSet<Question>) {
    if let Host::Name(name) = host {
        all.insert(Question::Host { name: name.clone(), family: Some(family) });
    }
}

fn of_port(port: &Port, protocol: Option<&'static str>, all: &mut BTreeSet<Question>) {
    if let Port::Name(name) = port {
        all.insert(Question::Port { name: name.clone(), protocol });
    }
}

/// The answers, remembered.
pub(super) struct Names<'a> {
    pub(super) answers: &'a dyn Answers,
    hosts: HashMap<(String, Family), Option<IpAddr>>,
    ports: HashMap<(String, Option<Protocol>), Option<u16>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(answers: &'a dyn Answers) -> Self {
        Self { answers, hosts: HashMap::new(), ports: HashMap::new() }
    }
    /// The address of a host; unset: the name does not resolve.
    pub(super) fn address(&mut self, host: &Host, family: Family) -> Option<IpAddr> {
        match host {
            Host::Address(address) => Some(*address),
            Host::Name(name) => *self
                .hosts
                .entry((name.clone(), family))
                .or_insert_with(|| self.answers.host(name, Some(family)).filter(|found| Family::of(found) == family)),
        }
    }
    /// A port as a number, 0 where none is given; unset: the name is unknown.
    pub(super) fn port(&mut self, port: &Port, protocol: Option<Protocol>) -> Option<u16> {
        match port {
            Port::None => Some(0),
            Port::Number(number) => Some(*number),
            Port::Name(name) => *self
                .ports
                .entry((name.clone(), protocol))
                .or_insert_with(|| self.answers.port(name, protocol.map(protocol_word))),
        }
    }
}
