//! Which real servers the administrator took out by a file in `maintenancedir`, and what that does to their health.

use super::health::Health;
use super::{Director, Event, Time, desired, reload};
use crate::config::{Config, Real};
use std::collections::HashSet;
use std::net::IpAddr;

/// The files that are there, and the addresses of names that only a name server knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintenance {
    /// Names of files.
    pub files: HashSet<String>,
    /// Files that name a host otherwise than the configuration does: its addresses, and the port if the file says one.
    pub hosts: HashSet<(IpAddr, Option<u16>)>,
}

impl Maintenance {
    /// Whether a real server is in maintenance.
    pub fn covers(&self, real: &Real) -> bool {
        let host = |address| self.hosts.contains(&(address, None)) || self.hosts.contains(&(address, Some(real.port)));
        (!self.files.is_empty() && names(real).iter().any(|name| self.files.contains(name)))
            || (!self.hosts.is_empty() && real.address.is_some_and(host))
    }
}

/// The names of files that mean some real server of this configuration, as far as no name server has to be asked.
pub fn file_names(config: &Config) -> HashSet<String> {
    config.virtuals.iter().flat_map(|virtual_| &virtual_.reals).flat_map(names).collect()
}

/// The names that mean a real: its address, and its host as the file has it, in full and up to the first dot, each with and
/// without the port.
fn names(real: &Real) -> Vec<String> {
    let mut hosts = Vec::new();
    let mut names = Vec::new();
    match real.address {
        Some(IpAddr::V6(address)) => {
            // Without brackets a port would be read as a part of the address.
            names.push(address.to_string());
            hosts.push(format!("[{address}]"));
        }
        Some(address) => hosts.push(address.to_string()),
        None => {}
    }
    if !hosts.contains(&real.host) && real.host.parse::<IpAddr>().is_err() {
        hosts.push(real.host.clone());
        hosts.extend(real.host.split_once('.').map(|(short, _)| short.to_owned()));
    }
    names.extend(hosts.iter().map(|host| format!("{host}:{}", real.port)));
    names.extend(hosts);
    names
}

impl Director {
    /// The files in `maintenancedir` are these now. A real that is named goes out at once, whatever its checks say and whatever
    /// failurecount is; one that is not named any more waits for a verdict, as at a start.
    pub fn maintain(&mut self, maintenance: Maintenance, now: Time) {
        if maintenance == self.maintenance {
            return;
        }
        self.maintenance = maintenance;
        for (place, (pool, virtual_)) in self.pools.iter_mut().zip(&self.config.virtuals).enumerate() {
            let mut changed = false;
            for (member, real) in pool.members.iter_mut().zip(&virtual_.reals) {
                let (out, was_out) = (self.maintenance.covers(real), member.health == Health::Maintenance);
                if out == was_out {
                    continue;
                }
                changed = true;
                (member.health, member.since, member.failures) = if out {
                    (Health::Maintenance, now, 0)
                } else {
                    (reload::unknown(real, virtual_, member.check.is_some()), now, 0)
                };
                if let Some(check) = member.check.filter(|_| !out) {
                    self.schedule.hasten(check, now);
                }
                if let Some(id) = desired::real_id(&virtual_.id, real).filter(|_| !member.shadowed) {
                    pool.ledger.move_on(&id);
                }
                if let Some(real) = desired::configured_id(real) {
                    self.events.push(Event::Maintenance { service: virtual_.id, real, out });
                }
            }
            if changed {
                pool.recount();
                pool.settle(virtual_, now, &mut self.events);
                self.dirty.insert(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Nameless, read};

    fn real(line: &str) -> Real {
        let text = format!(
            "virtual{}=1\n\t{line}\n\tchecktype=connect\n\tcheckport=80\n",
            if line.contains('[') { "6" } else { "" }
        );
        read(text.as_bytes()).finish(&Nameless).0.unwrap().virtuals.remove(0).reals.remove(0)
    }

    #[test]
    fn six_names_mean_a_real() {
        let mut named = real("real=10.0.0.7:80 gate");
        assert_eq!(names(&named), ["10.0.0.7:80", "10.0.0.7"]);
        named.host = "web7.example.org".to_owned();
        let mut all = names(&named);
        all.sort();
        let expected = ["10.0.0.7", "10.0.0.7:80", "web7", "web7.example.org", "web7.example.org:80", "web7:80"];
        assert_eq!(all, expected);
        let six = real("real6=[fd00::7]:80 gate");
        assert_eq!(names(&six), ["fd00::7", "[fd00::7]:80", "[fd00::7]"]);
    }

    #[test]
    fn a_file_covers_what_it_names() {
        let web = real("real=10.0.0.7:80 gate");
        let files = |name: &str| Maintenance { files: HashSet::from([name.to_owned()]), hosts: HashSet::new() };
        assert!(files("10.0.0.7").covers(&web) && files("10.0.0.7:80").covers(&web));
        assert!(!files("10.0.0.7:81").covers(&web) && !files("10.0.0.70").covers(&web));
        let host = |port| Maintenance { files: HashSet::new(), hosts: HashSet::from([([10, 0, 0, 7].into(), port)]) };
        assert!(host(None).covers(&web) && host(Some(80)).covers(&web) && !host(Some(81)).covers(&web));
        assert!(!Maintenance::default().covers(&web));
    }
}
