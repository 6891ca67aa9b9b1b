//! Judges the value of one line and puts it where it belongs: the globals, or the virtual service that is open.

use super::address;
use super::directives::{Directive, Key, Kind};
use super::raw::{Given, Opening};
use super::reader::{Reader, Written};
use super::real_line::{self, Wrong};
use super::values::{self, Value};
use crate::ipvs::Family;

impl Reader {
    /// Judges a value, in the open virtual service or at the top.
    pub(super) fn judge(&mut self, written: &Written<'_>, in_virtual: bool) {
        match written.directive.kind {
            Kind::Gone => {
                self.findings.error(written.line.whole(), written.directive.words, replacement(written.directive));
            }
            Kind::Opening => self.opening(written),
            Kind::Real => self.real(written),
            Kind::Fallback => self.fallback(written, in_virtual),
            Kind::Netmask => self.netmask(written),
            _ => self.setting(written, in_virtual),
        }
    }

    fn refuse(&mut self, written: &Written<'_>, wrong: Wrong) {
        self.findings.error(written.place_of(&wrong.span), wrong.words, wrong.help);
    }

    /// `virtual=`, `virtual6=`: the block opens whatever the value is.
    fn opening(&mut self, written: &Written<'_>) {
        let six = written.directive.key == Key::Virtual6;
        let word = written.value.split(char::is_whitespace).next().unwrap_or_default();
        let rest = written.value.get(word.len()..).unwrap_or_default();
        if !rest.trim().is_empty() && !word.is_empty() {
            let start = word.len() + rest.len() - rest.trim_start().len();
            self.findings.warning(
                written.place_of(&(start..written.value.len())),
                "what follows the virtual address is ignored",
                "leave it out, or begin it with #",
            );
        }
        let split = address::split(word);
        match opening(word, &split, six) {
            Ok(opening) => self.open(written, opening, split.port.unwrap_or_default().to_owned()),
            Err((words, help)) => {
                self.findings.error(written.place_of(&(0..word.len())), words, help);
                self.open(written, Opening::Broken, String::new());
            }
        }
    }

    fn real(&mut self, written: &Written<'_>) {
        let Some(section) = self.config.virtuals.last_mut() else { return };
        let Some(family) = right_family(written.directive, section.family) else {
            section.broken_reals = true;
            return self.wrong_family(written);
        };
        match real_line::real(written.value, family, &mut self.patterns) {
            Ok(mut real) => {
                let length = written.value.split(char::is_whitespace).next().map_or(0, str::len);
                real.place = written.place_of(&(0..length));
                section.reals.push(real);
            }
            Err(wrong) => {
                section.broken_reals = true;
                self.refuse(written, wrong);
            }
        }
    }

    fn wrong_family(&mut self, written: &Written<'_>) {
        let (name, other) = (written.directive.name, other_name(written.directive.key));
        self.findings.error(
            written.line.whole(),
            format!("cannot specify \"{name}\" here.  please use \"{other}\" instead"),
            format!("write {other}={}", super::reader::shown(written.value)),
        );
    }

    fn fallback(&mut self, written: &Written<'_>, in_virtual: bool) {
        let six = written.directive.key == Key::Fallback6;
        let family = if six { Family::V6 } else { Family::V4 };
        if in_virtual && self.config.virtuals.last().is_some_and(|section| section.family != family) {
            return self.wrong_family(written);
        }
        match real_line::fallback(written.value, family) {
            Ok(mut fallback) => {
                fallback.place = written.place();
                let slot = match self.config.virtuals.last_mut() {
                    Some(section) if in_virtual => &mut section.fallback,
                    _ if six => &mut self.config.fallback6,
                    _ => &mut self.config.fallback,
                };
                let earlier = slot.replace(fallback).map(|earlier| earlier.place);
                self.again(written, earlier);
            }
            Err(wrong) => self.refuse(written, wrong),
        }
    }

    fn netmask(&mut self, written: &Written<'_>) {
        let Some(section) = self.config.virtuals.last_mut() else { return };
        let judged = match section.family {
            Family::V4 => dotted_prefix(written.value).map_err(|help| (written.directive.words, help)),
            Family::V6 => match written.value.parse::<u8>() {
                Ok(prefix @ 1..=128) => Ok(prefix),
                _ => Err((
                    "invalid netmask: a prefix length between 1 and 128 is required",
                    "write a prefix length: netmask=64".to_owned(),
                )),
            },
        };
        match judged {
            Ok(prefix) => {
                section.netmask = Some(prefix);
                let given = Given { place: written.place(), value: Value::Number(prefix.into()) };
                let earlier = section.settings.set(Key::Netmask, given);
                self.again(written, earlier);
            }
            Err((words, help)) => self.findings.error(written.place(), words, help),
        }
    }

    fn setting(&mut self, written: &Written<'_>, in_virtual: bool) {
        let directive = written.directive;
        let (value, odd) = match values::judge(directive, written.value) {
            Ok(judged) => judged,
            Err(refusal) => {
                let words =
                    if refusal.words.is_empty() { directive.error(in_virtual).to_owned() } else { refusal.words };
                return self.findings.error(written.place(), words, refusal.help);
            }
        };
        if let Some((what, help)) = odd {
            self.findings.warning(written.place(), what, help);
        }
        match (directive.key, &value) {
            (Key::Protocol, Value::Word(word)) if !self.protocol_fits(written, word) => return,
            (Key::Receive, Value::Text(source)) => self.receive(written, source),
            (Key::Execute, Value::Text(text)) => {
                // The original hands the value to a shell, which takes the quotes off.
                let name = values::quoted(text).unwrap_or(text).to_owned();
                if !name.is_empty() && !self.config.execute.contains(&name) {
                    self.config.execute.push(name);
                }
                return;
            }
            (Key::Checkcount, _) => self.findings.warning(
                written.line.whole(),
                "checkcount option is deprecated and slated for removal.  please see 'failurecount'",
                "it only counts the echo requests of checktype=ping; failurecount works for every check",
            ),
            (Key::Load, _) => {
                self.findings.warning(written.line.whole(), "load has no effect", "leave it out");
            }
            _ => {}
        }
        let given = Given { place: written.place(), value };
        let earlier = match self.config.virtuals.last_mut() {
            Some(section) if in_virtual => section.settings.set(directive.key, given),
            _ => self.config.globals.set(directive.key, given),
        };
        self.again(written, earlier);
    }

    /// Compiles the pattern now, so that its mistakes are known with their place.
    fn receive(&mut self, written: &Written<'_>, source: &str) {
        match self.patterns.compile(source) {
            Ok(pattern) => {
                if let Some(section) = self.config.virtuals.last_mut() {
                    section.receive = Some(pattern);
                }
            }
            Err(error) => {
                let skip = source.get(..error.offset).map_or(0, |before| before.chars().count());
                let place = written.place().within(1 + skip, 1);
                self.findings.error(place, format!("invalid receive string: {}", error.message), "");
            }
        }
    }

    fn protocol_fits(&mut self, written: &Written<'_>, word: &str) -> bool {
        let Some(section) = self.config.virtuals.last() else { return false };
        let (words, help) = match (&section.opening, word) {
            (Opening::Mark(_), "fwm") | (Opening::Broken, _) => return true,
            (Opening::Mark(_), _) => (
                "protocol must be fwm if the virtual service is a fwmark (a number)",
                "write protocol=fwm, or leave it out",
            ),
            (Opening::Address(..), "fwm") => (
                "protocol must be tcp or udp if the virtual service is an address and port",
                "write protocol=tcp, udp or sctp",
            ),
            _ => return true,
        };
        self.findings.error(written.place(), words, help);
        false
    }

    /// A directive given before in the same section.
    fn again(&mut self, written: &Written<'_>, earlier: Option<super::findings::Place>) {
        if let Some(earlier) = earlier {
            self.findings.warning(
                written.line.whole(),
                format!("{} is given twice; the last line counts", written.directive.name),
                format!("leave line {} out", earlier.line),
            );
        }
    }
}

fn right_family(directive: &Directive, family: Family) -> Option<Family> {
    let own = if directive.key == Key::Real6 { Family::V6 } else { Family::V4 };
    (own == family).then_some(family)
}

fn other_name(key: Key) -> &'static str {
    match key {
        Key::Real => "real6",
        Key::Real6 => "real",
        Key::Fallback => "fallback6",
        _ => "fallback",
    }
}

fn replacement(directive: &Directive) -> &'static str {
    match directive.key {
        Key::Timeout => "write checktimeout= for connect, ping and external checks, negotiatetimeout= for negotiate",
        _ => "write negotiatetimeout=",
    }
}

/// Judges the target of a virtual service; the error is (words, what to write instead).
fn opening(word: &str, split: &address::Split<'_>, six: bool) -> Result<Opening, (&'static str, String)> {
    const WRONG: &str = "invalid address for virtual server";
    const SERVICE: &str = "invalid address for virtual service";
    if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return match word.parse::<u32>() {
            Ok(mark) if mark > 0 => Ok(Opening::Mark(mark)),
            _ => Err((WRONG, "a firewall mark is a number from 1 to 4294967295".to_owned())),
        };
    }
    if word.starts_with('[') && !six {
        return Err((
            "cannot specify an IPv6 address here. please use \"virtual6\" instead.",
            format!("write virtual6={word}"),
        ));
    }
    let family = if six { Family::V6 } else { Family::V4 };
    let Some(port) = split.port.filter(|port| !port.is_empty()) else {
        let host = split.host;
        return Err((
            WRONG,
            match host {
                "" if six => "write an address and a port, or a firewall mark: virtual6=[fd00::1]:80".to_owned(),
                "" => "write an address and a port, or a firewall mark: virtual=10.0.0.1:80".to_owned(),
                _ => format!("write a port: {host}:80"),
            },
        ));
    };
    let host = match address::host(split.host, family) {
        Ok(host) => host,
        Err(help) if split.host.starts_with('[') => return Err(("invalid ipv6 address for virtual server", help)),
        Err(help) => return Err((if split.host.is_empty() { WRONG } else { SERVICE }, help)),
    };
    match address::port(port) {
        Ok(address::Port::Number(0)) => Ok(Opening::Address(host, address::Port::Number(0))),
        Ok(port) => Ok(Opening::Address(host, port)),
        Err(help) if port.contains(':') && six => Err((SERVICE, format!("write an IPv6 address in brackets ({help})"))),
        Err(help) => Err((SERVICE, help)),
    }
}

/// The prefix length of a dotted quad.
fn dotted_prefix(text: &str) -> Result<u8, String> {
    let mask: std::net::Ipv4Addr = text.parse().map_err(|_| "write four numbers: netmask=255.255.255.0".to_owned())?;
    let bits = u32::from(mask);
    let prefix = bits.leading_ones();
    if prefix + bits.trailing_zeros().min(32 - prefix) != 32 {
        return Err(format!("{mask} is not a network mask: its ones must be in front, like 255.255.255.0"));
    }
    u8::try_from(prefix).map_err(|_| String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks() {
        assert_eq!(dotted_prefix("255.255.255.0"), Ok(24));
        assert_eq!(dotted_prefix("255.255.255.255"), Ok(32));
        assert_eq!(dotted_prefix("0.0.0.0"), Ok(0));
        assert!(dotted_prefix("255.0.255.0").is_err() && dotted_prefix("24").is_err());
    }
}
