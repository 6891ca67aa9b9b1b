//! The effective configuration, after defaults and inheritance: as JSON for programs (docs/json.md) and as a canonical
//! ldirectord.cf ([`text`]) that loads to the same configuration. Passwords are masked unless asked for.

mod file;
pub(crate) mod words;

pub use file::text;

use super::render::MASK;
use super::{Alert, Config, Fallback, Globals, Real, Secret, Virtual};
use crate::ipvs::Forward;
use checks::hide_in_urls;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// The configuration as JSON: `{"globals":{…},"virtuals":[…]}`, directive names as in the file.
pub fn json(config: &Config, secrets: bool) -> Value {
    let virtuals: Vec<Value> = config.virtuals.iter().map(|service| virtual_service(service, secrets)).collect();
    json!({ "globals": globals(&config.globals), "virtuals": virtuals })
}

fn globals(globals: &Globals) -> Value {
    let mut object = object(json!({
        "checktimeout": globals.checktimeout,
        "negotiatetimeout": globals.negotiatetimeout,
        "checkinterval": globals.checkinterval,
        "checkcount": globals.checkcount,
        "failurecount": globals.failurecount,
        "fallback": globals.fallback,
        "fallback6": globals.fallback6,
        "fallbackcommand": globals.fallbackcommand,
        "autoreload": globals.autoreload,
        "callback": globals.callback,
        "logfile": globals.logfile,
        "execute": globals.execute,
        "fork": globals.fork,
        "supervised": globals.supervised,
        "quiescent": globals.quiescent,
        "readdquiescent": globals.readdquiescent,
        "cleanstop": globals.cleanstop,
        "maintenancedir": globals.maintenancedir,
        "externalmax": globals.externalmax,
        "ipvssysctl": words::sysctl(globals.ipvssysctl),
        "tls": globals.tls,
        "tlscert": globals.tlscert,
        "tlskey": globals.tlskey,
    }));
    alert(&globals.alert, &mut object);
    object.insert("emailalertfrom".to_owned(), json!(globals.emailalertfrom));
    Value::Object(object)
}

fn alert(alert: &Alert, into: &mut Map<String, Value>) {
    into.insert("emailalert".to_owned(), json!(alert.to));
    into.insert("emailalertfreq".to_owned(), json!(alert.frequency));
    into.insert("emailalertstatus".to_owned(), json!(words::statuses(alert.status)));
    into.insert("smtp".to_owned(), json!(alert.smtp));
}

fn virtual_service(service: &Virtual, secrets: bool) -> Value {
    let check = &service.check;
    let mut object = object(json!({
        "id": service.id.to_string(),
        "protocol": words::protocol(&service.id),
        "service": check.service.word(),
        "scheduler": service.scheduler,
        "schedflags": words::flags(&service.scheduler, service.schedflags),
        "persistent": service.persistent,
        "netmask": words::netmask(service),
        "persistenceengine": service.persistenceengine,
        "ops": service.ops,
        "quiescent": service.quiescent,
        "cleanstop": service.cleanstop,
    }));
    object.extend(self::object(json!({
        "checktype": words::check_kind(check.kind),
        "checkinterval": check.interval,
        "checktimeout": check.checktimeout,
        "negotiatetimeout": check.negotiatetimeout,
        "checkcount": check.checkcount,
        "failurecount": check.failurecount,
        "checkport": check.checkport,
        "checkcommand": check.checkcommand,
        "request": request(&check.request, secrets),
        "receive": check.receive,
        "httpmethod": words::method(check.httpmethod),
        "httpredirect": words::redirect(check.httpredirect),
        "httpversion": if check.http2 { 2 } else { 1 },
        "virtualhost": check.virtualhost,
        "login": given(&check.login),
        "passwd": secret(&check.passwd, secrets),
        "database": given(&check.database),
        "secret": secret(&check.secret, secrets),
        "tlsverify": words::verify(check.tlsverify),
        "starttls": check.starttls,
        "tls": check.tls,
        "tlsca": check.tlsca,
        "tlsname": check.tlsname,
        "tlscert": check.tlscert,
        "tlskey": check.tlskey,
        "tokenfile": check.tokenfile,
    })));
    object.insert("fallbackcommand".to_owned(), json!(service.fallbackcommand));
    alert(&service.alert, &mut object);
    object.insert("monitorfile".to_owned(), json!(service.monitorfile));
    object.insert("servicename".to_owned(), json!(service.servicename));
    object.insert("comment".to_owned(), json!(service.comment));
    object.insert("reals".to_owned(), Value::Array(service.reals.iter().map(|known| real(known, secrets)).collect()));
    object.insert("fallback".to_owned(), service.fallback.as_ref().map_or(Value::Null, fallback));
    Value::Object(object)
}

fn real(real: &Real, secrets: bool) -> Value {
    json!({
        "host": real.host,
        "address": real.address,
        "port": real.port,
        "forward": words::forward(real.forward),
        "tunneltype": (real.forward == Forward::Tunnel).then(|| words::tunnel(real.tunnel)),
        "weight": real.weight,
        "request": request(&real.request, secrets),
        "receive": real.receive,
        "lower": real.lower,
        "upper": real.upper,
        "checkport": (real.checkport != 0).then_some(real.checkport),
    })
}

fn fallback(fallback: &Fallback) -> Value {
    json!({
        "host": fallback.host,
        "address": fallback.address,
        "port": fallback.port,
        "forward": words::forward(fallback.forward),
    })
}

/// Unset is null, and so is what is empty because nothing was given.
fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// A request; it may be a URL with a password in it.
fn request(request: &str, secrets: bool) -> Cow<'_, str> {
    if secrets { Cow::Borrowed(request) } else { hide_in_urls(request) }
}

/// A password that was given: a mask, unless secrets are shown.
fn secret(secret: &Secret, secrets: bool) -> Option<&str> {
    given(secret.reveal()).map(|text| if secrets { text } else { MASK })
}

/// The object that `json!` made.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests;
