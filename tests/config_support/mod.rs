//! A machine that answers a configuration's questions from tables: no resolver, no files.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "every test file uses its own part")]

use ldirectord::config::{Answers, Config, Diagnostic, Severity, read};
use ldirectord::ipvs::Family;
use std::net::IpAddr;

/// Knows `web1`, `web2`, `my_web` (192.0.2.1 to 3), `web6` (2001:db8::1), a handful of services, the directory `/srv/maintenance`,
/// the files `/srv/check`, `/srv/ca.pem`, `/srv/client.pem`, `/srv/client.key` and `/srv/token`; everything below `/missing/` can be neither read nor written.
pub struct Machine;

impl Answers for Machine {
    fn host(&self, name: &str, family: Option<Family>) -> Option<IpAddr> {
        let address = match (name, family) {
            ("web6", _) => "2001:db8::1",
            (_, Some(Family::V6)) => return None,
            ("web1", _) => "192.0.2.1",
            ("web2", _) => "192.0.2.2",
            ("my_web", _) => "192.0.2.3",
            _ => return None,
        };
        address.parse().ok()
    }
    fn port(&self, name: &str, protocol: Option<&str>) -> Option<u16> {
        match (name, protocol) {
            ("http", None | Some("tcp")) => Some(80),
            ("https", None | Some("tcp")) => Some(443),
            ("domain", _) => Some(53),
            ("sip", _) => Some(5060),
            _ => None,
        }
    }
    fn file(&self, path: &str) -> bool {
        matches!(path, "/srv/check" | "/srv/ca.pem" | "/bin/true")
    }
    fn directory(&self, path: &str) -> bool {
        path == "/srv/maintenance"
    }
    fn appendable(&self, path: &str) -> Result<(), String> {
        if path.starts_with("/missing/") { Err("No such file or directory".to_owned()) } else { Ok(()) }
    }
    fn readable(&self, path: &str) -> Result<(), String> {
        let known = ["/srv/ca.pem", "/srv/client.pem", "/srv/client.key", "/srv/token"];
        if known.contains(&path) { Ok(()) } else { Err("No such file or directory".to_owned()) }
    }
    fn hostname(&self) -> String {
        "director".to_owned()
    }
}

pub fn load(text: impl AsRef<[u8]>) -> (Option<Config>, Vec<Diagnostic>) {
    read(text.as_ref()).finish(&Machine)
}

/// Findings of one severity as `line:column: message`.
pub fn found(all: &[Diagnostic], severity: Severity) -> Vec<String> {
    all.iter()
        .filter(|found| found.severity == severity)
        .map(|found| format!("{}:{}: {}", found.line, found.column, found.message))
        .collect()
}
