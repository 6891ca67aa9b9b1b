//! An event as the line the log gets for it: pure. The words that administrators of ldirectord grep for are kept.

use crate::director::{Event, Role, Stage};
use crate::ipvs::{DestinationId, ServiceId};

/// The log line of an event; nothing for events that only other reports are made from.
pub fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::VirtualAdded(service) => format!("Added virtual server: {}", service.vip()),
        Event::VirtualChanged(service) => format!("Changed virtual server: {}", service.vip()),
        Event::VirtualPurged(service, stage) => format!("Purged virtual server ({}): {}", word(*stage), service.vip()),
        Event::Added { service, destination, role, weight } => {
            format!("Added {} server: {}", kind(*role), weighed(service, destination, *weight))
        }
        Event::Restored { service, destination, role, weight } => {
            format!("Restored {} server: {}", kind(*role), weighed(service, destination, *weight))
        }
        Event::Deleted { service, destination, mapped_from: Some(configured), role } => {
            format!("Deleted {} server: {destination} mapped from {}", kind(*role), pair(service, configured))
        }
        Event::Deleted { service, destination, mapped_from: None, role } => {
            format!("Deleted {} server: {}", kind(*role), pair(service, destination))
        }
        Event::Quiesced { service, destination } => {
            format!("Quiescent real server: {}", weighed(service, destination, 0))
        }
        Event::ReaddedQuiescent { service, destination } => {
            format!("Readd Quiescent real server: {}", weighed(service, destination, 0))
        }
        Event::Purged { service, destination, stage } => {
            format!("Purged real server ({}): {}", word(*stage), pair(service, destination))
        }
        Event::SoftFailure { service, real, failures, limit, words: _ } => {
            format!("Soft failure real server: {real} ({service}) failure {failures}/{limit}")
        }
        Event::SoftFailureReset { service, real } => format!("Resetting soft failure count: {real} ({service})"),
        Event::Transition { service, real, up, words } => {
            let found = if *up { "passed" } else { "failed" };
            let words = if words.is_empty() { String::new() } else { format!(": {words}") };
            format!("Check of {} {found}{words}", pair(service, real))
        }
        Event::Maintenance { service, real, out } => {
            let words = if *out { "is in maintenance" } else { "is out of maintenance, its check decides again" };
            format!("Real server {} {words}", pair(service, real))
        }
        Event::Checked { .. } | Event::FirstUp(_) => return None,
        Event::AnsweredElsewhere { service, real, url } => {
            format!("Check of {} was answered by another host after a redirect: {url}", pair(service, real))
        }
        Event::Drift { service, destination, words } => {
            format!("Changed by somebody else: {}: {words}", place(service, destination.as_ref()))
        }
        Event::Refused { service, destination, words } => {
            format!("Could not write {}: {words}", place(service, destination.as_ref()))
        }
        Event::AllDown(service) => format!("No real server is up: {}", service.vip()),
        Event::Late(waiting) => format!("{waiting} checks are late: they wait for room"),
    })
}

fn kind(role: Role) -> &'static str {
    match role {
        Role::Real => "real",
        Role::Fallback => "fallback",
    }
}

fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Start => "start",
        Stage::Stop => "stop",
    }
}

/// `RS (VIP)`
fn pair(service: &ServiceId, destination: &DestinationId) -> String {
    format!("{destination} ({})", service.vip())
}

/// `RS (VIP) (Weight set to W)`
fn weighed(service: &ServiceId, destination: &DestinationId, weight: u32) -> String {
    format!("{} (Weight set to {weight})", pair(service, destination))
}

/// `RS (VIP)`, or the service alone.
fn place(service: &ServiceId, destination: Option<&DestinationId>) -> String {
    destination.map_or_else(|| service.vip(), |destination| pair(service, destination))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipvs::{Family, Protocol};

    fn service() -> ServiceId {
        ServiceId::Address { protocol: Protocol::Tcp, address: [10, 9, 0, 1].into(), port: 80 }
    }

    fn real(last: u8) -> DestinationId {
        DestinationId { address: [10, 9, 1, last].into(), port: 8080 }
    }

    fn expect(event: Event, words: &str) {
        assert_eq!(line(&event).as_deref(), Some(words), "{event:?}");
    }

    #[test]
    fn services() {
        expect(Event::VirtualAdded(service()), "Added virtual server: 10.9.0.1:80");
        expect(Event::VirtualChanged(service()), "Changed virtual server: 10.9.0.1:80");
        expect(Event::VirtualPurged(service(), Stage::Stop), "Purged virtual server (stop): 10.9.0.1:80");
        let mark = ServiceId::Mark { family: Family::V6, mark: 7 };
        expect(Event::VirtualPurged(mark, Stage::Start), "Purged virtual server (start): 7");
        let six = ServiceId::Address { protocol: Protocol::Udp, address: "fd00::1".parse().unwrap(), port: 53 };
        expect(Event::VirtualAdded(six), "Added virtual server: [fd00::1]:53");
    }

    #[test]
    fn destinations() {
        let (service, destination) = (service(), real(2));
        expect(
            Event::Added { service, destination, role: Role::Real, weight: 7 },
            "Added real server: 10.9.1.2:8080 (10.9.0.1:80) (Weight set to 7)",
        );
        expect(
            Event::Added { service, destination, role: Role::Fallback, weight: 1 },
            "Added fallback server: 10.9.1.2:8080 (10.9.0.1:80) (Weight set to 1)",
        );
        expect(
            Event::Restored { service, destination, role: Role::Real, weight: 7 },
            "Restored real server: 10.9.1.2:8080 (10.9.0.1:80) (Weight set to 7)",
        );
        expect(
            Event::Restored { service, destination, role: Role::Fallback, weight: 1 },
            "Restored fallback server: 10.9.1.2:8080 (10.9.0.1:80) (Weight set to 1)",
        );
        expect(
            Event::Deleted { service, destination, mapped_from: None, role: Role::Real },
            "Deleted real server: 10.9.1.2:8080 (10.9.0.1:80)",
        );
        expect(
            Event::Deleted { service, destination, mapped_from: None, role: Role::Fallback },
            "Deleted fallback server: 10.9.1.2:8080 (10.9.0.1:80)",
        );
        let kernel = DestinationId { port: 80, ..destination };
        expect(
            Event::Deleted { service, destination: kernel, mapped_from: Some(destination), role: Role::Real },
            "Deleted real server: 10.9.1.2:80 mapped from 10.9.1.2:8080 (10.9.0.1:80)",
        );
        expect(
            Event::Quiesced { service, destination },
            "Quiescent real server: 10.9.1.2:8080 (10.9.0.1:80) (Weight set to 0)",
        );
        expect(
            Event::ReaddedQuiescent { service, destination },
            "Readd Quiescent real server: 10.9.1.2:8080 (10.9.0.1:80) (Weight set to 0)",
        );
        expect(
            Event::Purged { service, destination, stage: Stage::Start },
            "Purged real server (start): 10.9.1.2:8080 (10.9.0.1:80)",
        );
        expect(
            Event::Purged { service, destination, stage: Stage::Stop },
            "Purged real server (stop): 10.9.1.2:8080 (10.9.0.1:80)",
        );
    }

    #[test]
    fn checks_and_failures() {
        let (service, real) = (service(), real(3));
        let words = "connect: connection refused".to_owned();
        expect(
            Event::SoftFailure { service, real, failures: 1, limit: 3, words: words.clone() },
            "Soft failure real server: 10.9.1.3:8080 (tcp:10.9.0.1:80) failure 1/3",
        );
        expect(
            Event::SoftFailureReset { service, real },
            "Resetting soft failure count: 10.9.1.3:8080 (tcp:10.9.0.1:80)",
        );
        expect(
            Event::Transition { service, real, up: false, words },
            "Check of 10.9.1.3:8080 (10.9.0.1:80) failed: connect: connection refused",
        );
        expect(
            Event::Transition { service, real, up: true, words: String::new() },
            "Check of 10.9.1.3:8080 (10.9.0.1:80) passed",
        );
        expect(
            Event::AnsweredElsewhere { service, real, url: "http://b/".into() },
            "Check of 10.9.1.3:8080 (10.9.0.1:80) was answered by another host after a redirect: http://b/",
        );
    }

    #[test]
    fn the_table_and_the_rest() {
        let (service, destination) = (service(), real(3));
        expect(
            Event::Drift { service, destination: Some(destination), words: "weight 0 instead of 5".into() },
            "Changed by somebody else: 10.9.1.3:8080 (10.9.0.1:80): weight 0 instead of 5",
        );
        expect(
            Event::Drift { service, destination: None, words: "removed".into() },
            "Changed by somebody else: 10.9.0.1:80: removed",
        );
        expect(
            Event::Refused { service, destination: None, words: "no such scheduler: foo".into() },
            "Could not write 10.9.0.1:80: no such scheduler: foo",
        );
        expect(Event::AllDown(service), "No real server is up: 10.9.0.1:80");
        expect(Event::Late(12), "12 checks are late: they wait for room");
        expect(
            Event::Maintenance { service, real: destination, out: true },
            "Real server 10.9.1.3:8080 (10.9.0.1:80) is in maintenance",
        );
        assert_eq!(line(&Event::Checked { service, real: destination, up: true, words: String::new() }), None);
        assert_eq!(line(&Event::FirstUp(service)), None);
    }
}
