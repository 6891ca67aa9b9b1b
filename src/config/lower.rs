//! From the judged file and the answers to the resolved configuration: inheritance, defaults, ids, names.

use super::directives::{Key, default_of};
use super::draft::Answers;
use super::findings::{Findings, Place};
use super::model::{Alert, Check, CheckKind, Config, Globals, IpvsSysctl, Service, Virtual};
use super::probes::Asking;
use super::raw::{Opening, RawConfig, RawVirtual, Settings, default_flag, default_number};
use super::real_line::with_slash;
use super::resolve::{self, Names, protocol_word};
use super::values::Value;
use super::{Diagnostic, Secret};
use crate::ipvs::ServiceId;
use checks::{MONITORS, Method, Redirect, Verify};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What is carried through the lowering.
pub(super) struct Lowering<'a> {
    pub(super) names: Names<'a>,
    pub(super) findings: Findings,
    /// Real servers so far, in the whole file.
    pub(super) total: usize,
}

/// Lowers a whole file; no configuration where there are errors.
pub(super) fn lower(config: RawConfig, findings: Findings, answers: &dyn Answers) -> (Option<Config>, Vec<Diagnostic>) {
    let mut lowering = Lowering { names: Names::new(answers), findings, total: 0 };
    let globals = lowering.globals(&config);
    let mut virtuals = Vec::with_capacity(config.virtuals.len());
    let mut known: HashMap<ServiceId, Place> = HashMap::new();
    for section in &config.virtuals {
        let Some(service) = lowering.section(section, &config, &globals) else { continue };
        match known.entry(service.id) {
            Entry::Vacant(entry) => {
                entry.insert(section.place);
                virtuals.push(service);
            }
            Entry::Occupied(entry) => lowering.findings.error(
                section.place,
                "duplicate virtual server",
                format!("{} is the virtual service of line {} already", service.id, entry.get().line),
            ),
        }
    }
    super::lint::globals(&config, &globals, &mut lowering.findings);
    let loadable = !lowering.findings.has_errors();
    (loadable.then_some(Config { globals, virtuals }), lowering.findings.finish())
}

/// yes or no: this section's, else the globals', else the default.
fn flag(key: Key, own: &Settings, globals: &Settings) -> bool {
    own.flag(key).or_else(|| globals.flag(key)).unwrap_or_else(|| default_flag(key))
}

/// A number: this section's, else the globals', else the default.
fn number(key: Key, own: &Settings, globals: &Settings) -> u32 {
    own.number(key).or_else(|| globals.number(key)).unwrap_or_else(|| default_number(key))
}

/// Text that is not empty: this section's, else the globals'.
fn text(key: Key, own: &Settings, globals: &Settings) -> Option<String> {
    own.text(key).or_else(|| globals.text(key)).map(str::to_owned)
}

/// Mail, directive by directive.
fn alert(own: &Settings, globals: &Settings) -> Alert {
    let either = |key| own.get(key).or_else(|| globals.get(key)).map(|given| &given.value);
    Alert {
        to: match either(Key::Emailalert) {
            Some(Value::Addresses(list)) => list.clone(),
            _ => Vec::new(),
        },
        frequency: number(Key::Emailalertfreq, own, globals),
        status: match either(Key::Emailalertstatus) {
            Some(Value::Statuses(status)) => *status,
            _ => super::AlertStatus::default(),
        },
        smtp: text(Key::Smtp, own, globals),
    }
}

/// The first that is given.
fn first(all: [Option<u32>; 4], key: Key) -> u32 {
    all.into_iter().flatten().next().unwrap_or_else(|| default_number(key))
}

impl Lowering<'_> {
    fn globals(&mut self, config: &RawConfig) -> Globals {
        let set = &config.globals;
        let none = Settings::default();
        if let (Some(path), Some(place)) = (set.text(Key::Logfile), set.place(Key::Logfile))
            && path.starts_with('/')
            && let Err(reason) = self.names.answers.appendable(path)
        {
            self.findings.error(place, format!("unable to open logfile: {path}"), reason);
        }
        if let (Some(path), Some(place)) = (set.text(Key::Maintenancedir), set.place(Key::Maintenancedir))
            && !self.names.answers.directory(path)
        {
            self.findings.warning(place, "maintenance directory does not exist", format!("create it: mkdir -p {path}"));
        }
        self.global_fallbacks(config);
        self.tls_files(set, None);
        Globals {
            checktimeout: set.number(Key::Checktimeout),
            negotiatetimeout: set.number(Key::Negotiatetimeout),
            checkinterval: number(Key::Checkinterval, set, &none),
            checkcount: number(Key::Checkcount, set, &none),
            failurecount: number(Key::Failurecount, set, &none),
            fallback: config.fallback.as_ref().map(|fallback| fallback.text.clone()),
            fallback6: config.fallback6.as_ref().map(|fallback| fallback.text.clone()),
            fallbackcommand: text(Key::Fallbackcommand, set, &none),
            autoreload: flag(Key::Autoreload, set, &none),
            callback: text(Key::Callback, set, &none),
            logfile: set.text(Key::Logfile).unwrap_or(default_of(Key::Logfile)).to_owned(),
            execute: config.execute.clone(),
            fork: flag(Key::Fork, set, &none),
            supervised: flag(Key::Supervised, set, &none),
            quiescent: flag(Key::Quiescent, set, &none),
            readdquiescent: flag(Key::Readdquiescent, set, &none),
            alert: alert(set, &none),
            emailalertfrom: text(Key::Emailalertfrom, set, &none),
            cleanstop: flag(Key::Cleanstop, set, &none),
            maintenancedir: text(Key::Maintenancedir, set, &none),
            externalmax: number(Key::Externalmax, set, &none),
            ipvssysctl: match set.word(Key::Ipvssysctl) {
                "set" => IpvsSysctl::Set,
                "off" => IpvsSysctl::Off,
                _ => IpvsSysctl::Warn,
            },
            tls: flag(Key::Tls, set, &none),
            tlscert: text(Key::Tlscert, set, &none),
            tlskey: text(Key::Tlskey, set, &none),
        }
    }

    /// The id of a virtual service; unset where the line is broken or does not resolve (an error then).
    fn id(&mut self, section: &RawVirtual) -> Option<ServiceId> {
        let protocol = section.protocol();
        match &section.opening {
            Opening::Broken => None,
            Opening::Mark(mark) => Some(ServiceId::Mark { family: section.family, mark: *mark }),
            Opening::Address(host, port) => {
                const WORDS: &str = "invalid address for virtual service";
                let address = self.names.address(host, section.family);
                if address.is_none() {
                    self.findings.error(section.target, WORDS, "the name does not resolve; write an address");
                }
                let port = self.names.port(port, Some(protocol));
                if port.is_none() {
                    let help = format!(
                        "there is no {} service {} in /etc/services; write the number of the port",
                        protocol_word(protocol),
                        section.port_text
                    );
                    self.findings.error(section.target, WORDS, help);
                }
                Some(ServiceId::Address { protocol, address: address?, port: port? })
            }
        }
    }

    fn section(&mut self, section: &RawVirtual, config: &RawConfig, globals: &Globals) -> Option<Virtual> {
        let id = self.id(section);
        let (own, all) = (&section.settings, &config.globals);
        let port = id.map_or(0, |id| id.port());
        let service = match own.get(Key::Service) {
            Some(_) => Service::from_word(own.word(Key::Service)).unwrap_or(Service::None),
            None => Service::implied_by(port),
        };
        let check = self.check(section, config, service);
        if let (Some(path), Some(place)) = (own.text(Key::Monitorfile), own.place(Key::Monitorfile))
            && let Err(reason) = self.names.answers.appendable(path)
        {
            self.findings.error(place, format!("unable to open monitorfile {path}: {reason}"), "");
        }
        self.tls_files(own, Some(all));
        let command = self.command(section, check.kind, &check.checkcommand);
        let asking = Asking::new(section, &check, id, command);
        let reals = self.reals(section, id, &check, &asking);
        let fallback = self.fallback(section, config, id);
        let service = Virtual {
            line: section.place.line as usize,
            id: id?,
            scheduler: own.text(Key::Scheduler).unwrap_or(default_of(Key::Scheduler)).to_owned(),
            schedflags: match own.get(Key::Schedflags).map(|given| &given.value) {
                Some(Value::Flags(bits)) => *bits,
                _ => 0,
            },
            persistent: own.number(Key::Persistent).filter(|seconds| *seconds > 0),
            netmask: section.netmask,
            persistenceengine: Some(own.word(Key::Persistenceengine))
                .filter(|word| !word.is_empty())
                .map(str::to_owned),
            ops: flag(Key::Ops, own, &Settings::default()),
            quiescent: flag(Key::Quiescent, own, all),
            cleanstop: flag(Key::Cleanstop, own, all),
            check,
            reals,
            fallback,
            fallbackcommand: text(Key::Fallbackcommand, own, all),
            alert: alert(own, all),
            monitorfile: own.text(Key::Monitorfile).map(str::to_owned),
            servicename: own.text(Key::Servicename).map(str::to_owned),
            comment: own.text(Key::Comment).map(str::to_owned),
        };
        super::lint::section(section, &service, globals, &mut self.findings);
        Some(service)
    }

    fn check(&mut self, section: &RawVirtual, config: &RawConfig, service: Service) -> Check {
        let (own, all) = (&section.settings, &config.globals);
        let given = |key| own.text(key).map(str::to_owned);
        let me = || format!("ldirectord@{}", self.names.answers.hostname());
        let (login, passwd) = (own.text(Key::Login), own.text(Key::Passwd));
        let (check, negotiate) = (Key::Checktimeout, Key::Negotiatetimeout);
        let starttls = flag(Key::Starttls, own, &Settings::default());
        // What a virtual service says of its own TLS goes before what all of them say.
        let tls = own.flag(Key::Tls).unwrap_or_else(|| !starttls && flag(Key::Tls, all, all));
        Check {
            kind: resolve::check_kind(section),
            service,
            interval: number(Key::Checkinterval, own, all),
            checktimeout: first(
                [own.number(check), own.number(negotiate), all.number(check), all.number(negotiate)],
                check,
            ),
            negotiatetimeout: first(
                [own.number(negotiate), own.number(check), all.number(negotiate), all.number(check)],
                negotiate,
            ),
            checkcount: number(Key::Checkcount, own, all),
            failurecount: number(Key::Failurecount, own, all),
            checkport: own.number(Key::Checkport).and_then(|port| u16::try_from(port).ok()),
            checkcommand: own.text(Key::Checkcommand).unwrap_or(default_of(Key::Checkcommand)).to_owned(),
            request: with_slash(own.text(Key::Request).unwrap_or(match service {
                Service::Kube => "/readyz",
                _ => default_of(Key::Request),
            })),
            receive: given(Key::Receive),
            httpmethod: if own.word(Key::Httpmethod) == "HEAD" { Method::Head } else { Method::Get },
            httpredirect: match own.word(Key::Httpredirect) {
                "same" => Redirect::Same,
                "none" => Redirect::None,
                _ => Redirect::Follow,
            },
            http2: own.word(Key::Httpversion) == "2",
            virtualhost: given(Key::Virtualhost),
            login: match (login, service) {
                (Some(login), _) => login.to_owned(),
                (None, Service::Ftp) => "anonymous".to_owned(),
                (None, Service::Sip | Service::Sips) => me(),
                _ => String::new(),
            },
            passwd: Secret::new(match (passwd, service) {
                (Some(passwd), _) => passwd.to_owned(),
                (None, Service::Ftp) => me(),
                _ => String::new(),
            }),
            database: given(Key::Database).unwrap_or_default(),
            secret: Secret::new(given(Key::Secret).unwrap_or_default()),
            tlsverify: match own.word(Key::Tlsverify) {
                "chain" => Verify::Chain,
                "full" => Verify::Full,
                _ => Verify::None,
            },
            starttls,
            tls: tls && super::probes::takes_tls(service, section.protocol()),
            tlsca: given(Key::Tlsca),
            tlsname: given(Key::Tlsname),
            tlscert: text(Key::Tlscert, own, all),
            tlskey: text(Key::Tlskey, own, all),
            tokenfile: given(Key::Tokenfile),
        }
    }

    /// The files of a section, or of the globals: readable, and a certificate with its key.
    fn tls_files(&mut self, own: &Settings, globals: Option<&Settings>) {
        for (key, name) in [(Key::Tlsca, "tlsca"), (Key::Tlscert, "tlscert"), (Key::Tlskey, "tlskey")] {
            if let (Some(path), Some(place)) = (own.text(key), own.place(key))
                && let Err(reason) = self.names.answers.readable(path)
            {
                let words = format!("unable to read {name} {path}: {reason}");
                self.findings.error(place, words, "write the path of a PEM file");
            }
        }
        if let (Some(path), Some(place)) = (own.text(Key::Tokenfile), own.place(Key::Tokenfile))
            && let Err(reason) = self.names.answers.readable(path)
        {
            let words = format!("unable to read tokenfile {path}: {reason}");
            self.findings.warning(place, words, "every real server of this virtual service is down until it is there");
        }
        let pair = [(Key::Tlscert, "tlscert", Key::Tlskey, "tlskey"), (Key::Tlskey, "tlskey", Key::Tlscert, "tlscert")];
        for (key, name, other, missing) in pair {
            let known = own.text(other).or_else(|| globals.and_then(|globals| globals.text(other)));
            if let (Some(place), None) = (own.place(key), known) {
                let words = format!("{name} without {missing}: a certificate and its key belong together");
                self.findings.error(place, words, format!("write {missing}=\"/etc/ldirectord/{missing}.pem\""));
            }
        }
    }

    /// The words of a check by a program: a value that names a file is one word, else it is split as a shell would.
    fn command(&mut self, section: &RawVirtual, kind: CheckKind, command: &str) -> Vec<String> {
        let Some(place) = section.settings.place(Key::Checkcommand).filter(|_| kind.runs_a_program()) else {
            return vec![command.to_owned()];
        };
        if self.names.answers.file(command) {
            return vec![command.to_owned()];
        }
        match checks::words::split(command) {
            Ok(words) => {
                let program = words.first().map_or("", String::as_str);
                if program.starts_with('/') && !self.names.answers.file(program) {
                    self.findings.warning(
                        place,
                        format!("{program} does not exist"),
                        "every real server of this virtual service is down until it does",
                    );
                }
                let unknown = |directory: &str| !self.names.answers.file(&format!("{directory}/{program}"));
                if kind == CheckKind::Mon && !program.contains('/') && MONITORS.into_iter().all(unknown) {
                    self.findings.warning(
                        place,
                        format!("{program} is in none of {}", MONITORS.join(", ")),
                        "install the package mon, or write the path of the monitor",
                    );
                }
                if words.is_empty() { vec![command.to_owned()] } else { words }
            }
            Err(reason) => {
                self.findings.error(place, format!("invalid check command: {reason}"), "close the quote");
                vec![command.to_owned()]
            }
        }
    }
}
