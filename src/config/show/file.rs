//! The effective configuration as a file that loads to the same configuration. What only this program knows is written only where
//! it differs from the default, so that ldirectord loads the file too where nothing else is in it.

use super::words;
use super::{given, request, secret};
use crate::config::directives::Key;
use crate::config::probes::could_take_tls;
use crate::config::raw::default_number;
use crate::config::{Alert, Config, Globals, IpvsSysctl, Real, Virtual};
use crate::ipvs::{Family, Forward, ServiceId, TunnelKind};
use checks::{Redirect, Verify};
use serde_json::Value;
use std::fmt::Display;
use std::net::Ipv6Addr;

/// A canonical ldirectord.cf. Without `secrets` passwords are masked, and the file does not log in anywhere.
pub fn text(config: &Config, secrets: bool) -> String {
    let mut file = File { text: String::new(), indent: "" };
    file.globals(&config.globals);
    for service in &config.virtuals {
        file.virtual_service(service, &config.globals, secrets);
    }
    file.text
}

/// A file while it is written.
struct File {
    text: String,
    indent: &'static str,
}

impl File {
    fn line(&mut self, name: &str, value: impl Display) {
        self.text.push_str(&format!("{}{name}={value}\n", self.indent));
    }
    fn some(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.line(name, value);
        }
    }
    fn quoted(&mut self, name: &str, value: Option<&str>) {
        self.some(name, value.map(|value| format!("\"{value}\"")));
    }
    /// A value that may stand in quotes: in them where blanks or a comment sign would be lost.
    fn maybe_quoted(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(text) if text.contains('#') || text.trim() != text => self.quoted(name, value),
            _ => self.some(name, value),
        }
    }
    fn yes_no(&mut self, name: &str, value: bool) {
        self.line(name, if value { "yes" } else { "no" });
    }

    fn globals(&mut self, globals: &Globals) {
        self.yes_no("supervised", globals.supervised);
        self.quoted("logfile", Some(&globals.logfile));
        self.some("checktimeout", globals.checktimeout);
        self.some("negotiatetimeout", globals.negotiatetimeout);
        self.line("checkinterval", globals.checkinterval);
        // ldirectord warns of every mention.
        self.some("checkcount", Some(globals.checkcount).filter(|count| *count != 1));
        self.line("failurecount", globals.failurecount);
        self.some("fallback", globals.fallback.as_ref());
        self.some("fallback6", globals.fallback6.as_ref());
        self.some("fallbackcommand", globals.fallbackcommand.as_ref());
        self.yes_no("autoreload", globals.autoreload);
        self.quoted("callback", globals.callback.as_deref());
        for execute in &globals.execute {
            self.line("execute", execute);
        }
        self.yes_no("fork", globals.fork);
        self.yes_no("quiescent", globals.quiescent);
        self.yes_no("readdquiescent", globals.readdquiescent);
        self.yes_no("cleanstop", globals.cleanstop);
        self.some("maintenancedir", globals.maintenancedir.as_ref());
        self.alert(&globals.alert);
        self.some("emailalertfrom", globals.emailalertfrom.as_ref());
        let usual = default_number(Key::Externalmax);
        self.some("externalmax", Some(globals.externalmax).filter(|most| *most != usual));
        if globals.ipvssysctl != IpvsSysctl::Warn {
            self.line("ipvssysctl", words::sysctl(globals.ipvssysctl));
        }
        if globals.tls {
            self.yes_no("tls", true);
        }
        self.quoted("tlscert", globals.tlscert.as_deref());
        self.quoted("tlskey", globals.tlskey.as_deref());
    }

    fn alert(&mut self, alert: &Alert) {
        if !alert.to.is_empty() {
            self.line("emailalert", alert.to.join(","));
        }
        self.line("emailalertfreq", alert.frequency);
        let statuses = words::statuses(alert.status);
        match statuses.len() {
            0 => self.line("emailalertstatus", "none"),
            4 => self.line("emailalertstatus", "all"),
            _ => self.line("emailalertstatus", statuses.join(",")),
        }
        self.some("smtp", alert.smtp.as_ref());
    }

    fn virtual_service(&mut self, service: &Virtual, globals: &Globals, secrets: bool) {
        let check = &service.check;
        let six = service.id.family() == Family::V6;
        let named = |name: &str| if six { format!("{name}6") } else { name.to_owned() };
        self.text.push('\n');
        self.indent = "";
        match service.id {
            ServiceId::Address { .. } => self.line(&named("virtual"), service.id.vip()),
            ServiceId::Mark { mark, .. } => self.line(&named("virtual"), mark),
        }
        self.indent = "    ";
        self.some("servicename", service.servicename.as_ref());
        self.some("comment", service.comment.as_ref());
        self.line("protocol", words::protocol(&service.id));
        self.line("scheduler", &service.scheduler);
        self.some("schedflags", words::flags(&service.scheduler, service.schedflags));
        self.some("persistent", service.persistent);
        match words::netmask(service) {
            Value::String(mask) => self.line("netmask", mask),
            Value::Number(prefix) => self.line("netmask", prefix),
            _ => {}
        }
        self.some("persistenceengine", service.persistenceengine.as_ref());
        if service.ops {
            self.yes_no("ops", true);
        }
        for real in &service.reals {
            self.real(&named("real"), real, service, secrets);
        }
        if let Some(fallback) = &service.fallback {
            let target = target(&fallback.host, fallback.port);
            self.line(&named("fallback"), format!("{target} {}", words::forward(fallback.forward)));
        }
        self.maybe_quoted("fallbackcommand", service.fallbackcommand.as_deref());
        self.yes_no("quiescent", service.quiescent);
        self.yes_no("cleanstop", service.cleanstop);
        self.line("checktype", words::check_kind(check.kind));
        self.line("service", check.service.word());
        self.some("checkport", check.checkport);
        self.line("checktimeout", check.checktimeout);
        self.line("negotiatetimeout", check.negotiatetimeout);
        // ldirectord warns of one in a virtual service while fork=no.
        self.some("checkinterval", Some(check.interval).filter(|interval| *interval != globals.checkinterval));
        self.some("checkcount", Some(check.checkcount).filter(|count| *count != globals.checkcount));
        self.line("failurecount", check.failurecount);
        self.maybe_quoted("checkcommand", Some(&check.checkcommand));
        self.quoted("request", Some(&request(&check.request, secrets)));
        self.quoted("receive", check.receive.as_deref());
        self.line("httpmethod", words::method(check.httpmethod));
        self.quoted("virtualhost", check.virtualhost.as_deref());
        self.quoted("login", given(&check.login));
        self.quoted("passwd", secret(&check.passwd, secrets));
        self.quoted("database", given(&check.database));
        self.quoted("secret", secret(&check.secret, secrets));
        if check.httpredirect != Redirect::Follow {
            self.line("httpredirect", words::redirect(check.httpredirect));
        }
        if check.http2 {
            self.line("httpversion", 2);
        }
        if check.tlsverify != Verify::None {
            self.line("tlsverify", words::verify(check.tlsverify));
        }
        if check.starttls {
            self.yes_no("starttls", true);
        }
        if check.tls || globals.tls && could_take_tls(check.service) {
            self.yes_no("tls", check.tls);
        }
        self.quoted("tlsca", check.tlsca.as_deref());
        self.quoted("tlsname", check.tlsname.as_deref());
        self.quoted("tlscert", check.tlscert.as_deref().filter(|_| check.tlscert != globals.tlscert));
        self.quoted("tlskey", check.tlskey.as_deref().filter(|_| check.tlskey != globals.tlskey));
        self.quoted("tokenfile", check.tokenfile.as_deref());
        self.alert(&service.alert);
        self.maybe_quoted("monitorfile", service.monitorfile.as_deref());
    }

    fn real(&mut self, name: &str, real: &Real, service: &Virtual, secrets: bool) {
        let mut value = format!("{} {} {}", target(&real.host, real.port), words::forward(real.forward), real.weight);
        if (&real.request, &real.receive) != (&service.check.request, &service.check.receive) {
            let receive = real.receive.as_deref().unwrap_or_default();
            value.push_str(&format!(" \"{}\", \"{receive}\"", request(&real.request, secrets)));
        }
        if real.lower != 0 {
            value.push_str(&format!(" l:{}", real.lower));
        }
        if real.upper != 0 {
            value.push_str(&format!(" u:{}", real.upper));
        }
        if real.forward == Forward::Tunnel && real.tunnel.kind != TunnelKind::Ipip {
            value.push_str(&format!(" tunneltype={}", words::tunnel(real.tunnel)));
        }
        self.line(name, value);
    }
}

/// `HOST:PORT`; an IPv6 address in brackets; without the port where none was given.
fn target(host: &str, port: u16) -> String {
    let host = if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.to_owned() };
    if port == 0 { host } else { format!("{host}:{port}") }
}
