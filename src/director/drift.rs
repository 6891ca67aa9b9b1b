//! The words for what other hands changed.

use super::diff::same_forward;
use crate::ipvs::{Destination, Forward, Service};

/// How a destination differs; nothing where it does not.
pub(super) fn destination_words(ours: &Destination, seen: Option<&Destination>) -> Option<String> {
    let Some(seen) = seen else { return Some("removed".to_owned()) };
    let mut words = Vec::new();
    if seen.weight != ours.weight {
        words.push(format!("weight {} instead of {}", seen.weight, ours.weight));
    }
    if !same_forward(ours, seen) {
        words.push(format!("{} instead of {}", method(seen.forward), method(ours.forward)));
    }
    if (seen.lower, seen.upper) != (ours.lower, ours.upper) {
        words
            .push(format!("thresholds l:{} u:{} instead of l:{} u:{}", seen.lower, seen.upper, ours.lower, ours.upper));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

/// How a service differs.
pub(super) fn service_words(ours: &Service, seen: &Service) -> String {
    let mut words = Vec::new();
    if seen.scheduler != ours.scheduler {
        words.push(format!("scheduler {} instead of {}", seen.scheduler, ours.scheduler));
    }
    if seen.timeout != ours.timeout {
        words.push(format!("persistence {} s instead of {} s", seen.timeout, ours.timeout));
    }
    if seen.netmask != ours.netmask {
        words.push(format!("netmask /{} instead of /{}", seen.netmask, ours.netmask));
    }
    if seen.flags.configured() != ours.flags.configured() {
        words.push(format!("flags {:#x} instead of {:#x}", seen.flags.configured(), ours.flags.configured()));
    }
    if seen.engine != ours.engine {
        let name = |engine: &Option<String>| engine.clone().unwrap_or_else(|| "none".to_owned());
        words.push(format!("persistence engine {} instead of {}", name(&seen.engine), name(&ours.engine)));
    }
    words.join(", ")
}

fn method(forward: Forward) -> &'static str {
    match forward {
        Forward::Masquerade => "masq",
        Forward::Local => "local",
        Forward::Tunnel => "ipip",
        Forward::Gate => "gate",
        Forward::Bypass => "bypass",
    }
}
