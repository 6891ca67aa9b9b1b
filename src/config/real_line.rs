//! The values of `real=` and `fallback=`: strict and anchored; the order of weight, strings, thresholds is free.

use super::address::{self, Host, Port};
use super::ast::{Grammar, Rule};
use super::raw::{RawFallback, RawReal, Strings};
use crate::ipvs::{Family, Forward, Tunnel, TunnelKind};
use checks::{Pattern, PatternError};
use pest::Parser as _;
use std::collections::HashMap;
use std::ops::Range;

/// A refusal with the byte span in the value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) span: Range<usize>,
    pub(super) words: String,
    pub(super) help: String,
}

fn wrong<T>(span: Range<usize>, words: impl Into<String>, help: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { span, words: words.into(), help: help.into() })
}

const FORMAT: &str = "invalid address for real server (wrong format)";
const METHOD: &str = "forward method must be gate, masq or ipip";

/// Patterns already compiled: files repeat them for thousands of real servers.
#[derive(Debug, Default)]
pub(super) struct Patterns(HashMap<String, Result<Pattern, PatternError>>);

impl Patterns {
    pub(super) fn compile(&mut self, source: &str) -> Result<Pattern, PatternError> {
        if let Some(known) = self.0.get(source) {
            return known.clone();
        }
        let fresh = Pattern::compile(source);
        self.0.insert(source.to_owned(), fresh.clone());
        fresh
    }
}

/// A forwarding method; quotes around it are accepted as ldirectord does.
fn forward(word: &str) -> Option<Forward> {
    Some(match word.trim_matches('"') {
        "gate" => Forward::Gate,
        "masq" => Forward::Masquerade,
        "ipip" => Forward::Tunnel,
        _ => return None,
    })
}

/// `ipip`, `gue:PORT`, `gre`.
pub(super) fn tunnel(text: &str) -> Option<Tunnel> {
    let kind = match text.split_once(':') {
        None if text == "ipip" => TunnelKind::Ipip,
        None if text == "gre" => TunnelKind::Gre,
        Some(("gue", port)) => TunnelKind::Gue { port: port.parse().ok().filter(|port| *port > 0)? },
        _ => return None,
    };
    Some(Tunnel { kind, flags: 0 })
}

/// A request with the leading slash that every request has.
pub(super) fn with_slash(request: &str) -> String {
    if request.starts_with('/') { request.to_owned() } else { format!("/{request}") }
}

/// A number that is digits only.
fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The parts of a value by the grammar: the target, then words and strings.
fn parts(value: &str) -> Vec<(bool, Range<usize>)> {
    let Ok(mut pairs) = Grammar::parse(Rule::real, value) else { return Vec::new() };
    let Some(whole) = pairs.next() else { return Vec::new() };
    whole
        .into_inner()
        .filter(|pair| pair.as_rule() != Rule::EOI)
        .map(|pair| (pair.as_rule() == Rule::strings, pair.as_span().start()..pair.as_span().end()))
        .collect()
}

/// Reads the value of a `real=` line of a family.
pub(super) fn real(value: &str, family: Family, patterns: &mut Patterns) -> Result<RawReal, Wrong> {
    let mut parts = parts(value).into_iter();
    let target = parts.next().map_or(0..0, |(_, span)| span);
    let method = parts.next().map(|(_, span)| span);
    let mut real = target_of(value, &target, family)?;
    let Some(method) = method else {
        let text = value.get(target.clone()).unwrap_or_default();
        return wrong(
            target,
            FORMAT,
            format!("write a forwarding method after the address: {text} gate (or masq, ipip)"),
        );
    };
    match value.get(method.clone()).and_then(forward) {
        Some(method) => real.forward = method,
        None => return wrong(method, METHOD, "write one of the three words after the address"),
    }
    let mut seen = [false; 5];
    for (strings, span) in parts {
        item(value, &span, strings, &mut real, &mut seen, patterns)?;
    }
    if real.lower > 0 && real.upper > 0 && real.lower >= real.upper {
        return wrong(
            0..value.trim_end().len(),
            "the lower threshold is not below the upper one",
            "write l: with a smaller number than u:",
        );
    }
    Ok(real)
}

fn target_of(value: &str, span: &Range<usize>, family: Family) -> Result<RawReal, Wrong> {
    let text = value.get(span.clone()).unwrap_or_default();
    let at = |from: usize, length: usize| span.start + from..span.start + from + length;
    if text.is_empty() {
        return wrong(0..0, FORMAT, "write a real server: 10.0.0.1:80 gate");
    }
    let (first, last, rest_at) = match text.split_once("->") {
        Some((first, rest)) => (first, Some(rest), first.len() + 2),
        None => (text, None, 0),
    };
    let split = address::split(last.unwrap_or(first));
    let port_at = rest_at + split.port_at;
    let port = match split.port {
        None => Port::None,
        Some(port) if port.contains(':') => {
            let host = split.host;
            let tidy = port.trim_start_matches(':');
            let bare = text.matches(':').count() > 1 && text.parse::<std::net::Ipv6Addr>().is_ok();
            let help = if bare || family == Family::V6 {
                format!("write an IPv6 address in brackets: [{text}]")
            } else if tidy.contains(':') {
                "write the address, one colon, and the port: 10.0.0.1:80".to_owned()
            } else {
                format!("write one colon: {host}:{tidy}")
            };
            return wrong(at(0, text.len()), FORMAT, help);
        }
        Some(port) => match address::port(port) {
            Ok(judged) => judged,
            Err(help) => {
                let words = format!("invalid port ({port}) for real server (could not resolve port)");
                return wrong(at(port_at, port.len()), words, help);
            }
        },
    };
    let refuse = |host: &str, from: usize, help: String, end: &str| {
        let words = if help.contains("cannot stand in a host name") || host.is_empty() {
            FORMAT.to_owned()
        } else {
            format!("invalid address ({host}) for real server (could not resolve {end}host)")
        };
        Wrong { span: at(from, host.len()), words, help }
    };
    let (host, end) = match last {
        None => (address::host(split.host, family).map_err(|help| refuse(split.host, 0, help, ""))?, None),
        Some(_) if family == Family::V6 => {
            return wrong(
                at(0, text.len()),
                "Address range for IPv6 is not supported yet",
                "write one real6= line for each server",
            );
        }
        Some(_) => {
            let host = address::host(first, family).map_err(|help| refuse(first, 0, help, ""))?;
            let end = address::host(split.host, family).map_err(|help| refuse(split.host, rest_at, help, "end "))?;
            (host, Some(end))
        }
    };
    if let (Host::Address(low), Some(Host::Address(high))) = (&host, &end)
        && let Err((words, help)) = super::range::judge(*low, *high)
    {
        return wrong(at(0, text.len()), words, help);
    }
    Ok(RawReal {
        place: super::findings::Place::default(),
        host,
        last: end,
        port,
        forward: Forward::Gate,
        weight: 1,
        strings: None,
        lower: 0,
        upper: 0,
        tunnel: None,
    })
}

/// Reads one item behind the forwarding method.
fn item(
    value: &str,
    span: &Range<usize>,
    strings: bool,
    real: &mut RawReal,
    seen: &mut [bool; 5],
    patterns: &mut Patterns,
) -> Result<(), Wrong> {
    let word = value.get(span.clone()).unwrap_or_default();
    let around =
        || format!("Invalid real server line, around \"{}\"", value.get(span.start..).unwrap_or_default().trim_end());
    let adjoining = value.get(..span.start).is_some_and(|before| !before.ends_with(char::is_whitespace));
    if adjoining {
        return wrong(span.clone(), around(), "put a blank before it");
    }
    let threshold = |number: &str| number.parse::<u32>().ok().filter(|_| digits(number));
    let which = if strings {
        real.strings = Some(read_strings(word, span.start, around(), patterns)?);
        0
    } else if digits(word) {
        match word.parse::<u32>() {
            Ok(weight) if weight <= 65535 => real.weight = weight,
            _ => {
                return wrong(
                    span.clone(),
                    format!("weight {word} is too large"),
                    "the kernel takes weights from 0 to 65535",
                );
            }
        }
        1
    } else if let Some(number) = word.strip_prefix("l:") {
        let Some(number) = threshold(number) else {
            return wrong(span.clone(), around(), "write a number of connections: l:100");
        };
        real.lower = number;
        2
    } else if let Some(number) = word.strip_prefix("u:") {
        let Some(number) = threshold(number) else {
            return wrong(span.clone(), around(), "write a number of connections: u:200");
        };
        real.upper = number;
        3
    } else if let Some(kind) = word.strip_prefix("tunneltype=") {
        let Some(kind) = tunnel(kind) else {
            return wrong(span.clone(), "tunneltype must be ipip, gue:PORT or gre", "write tunneltype=gue:6080");
        };
        if real.forward != Forward::Tunnel {
            return wrong(
                span.clone(),
                "tunneltype goes with the forwarding method ipip",
                "write ipip instead of the method, or leave tunneltype out",
            );
        }
        real.tunnel = Some(kind);
        4
    } else {
        return wrong(span.clone(), around(), help_for(word));
    };
    match seen.get_mut(which) {
        Some(seen) if *seen => wrong(span.clone(), around(), "it is there twice; leave one out"),
        Some(seen) => {
            *seen = true;
            Ok(())
        }
        None => Ok(()),
    }
}

fn help_for(word: &str) -> String {
    if word == "-w" {
        "write the weight without -w: gate 5".to_owned()
    } else if word.starts_with("weight") {
        "write the weight as a bare number: gate 5".to_owned()
    } else if word.starts_with('-') && digits(word.trim_start_matches('-')) {
        "a weight is a number from 0 to 65535".to_owned()
    } else if word.starts_with('"') {
        "write both strings: \"REQUEST\", \"RECEIVE\"".to_owned()
    } else {
        "after the method stand a weight, \"REQUEST\", \"RECEIVE\", l:N, u:N or tunneltype=…".to_owned()
    }
}

/// `"REQUEST", "RECEIVE"`: the request reaches as far as it can, because it may hold quotes.
fn read_strings(text: &str, start: usize, around: String, patterns: &mut Patterns) -> Result<Strings, Wrong> {
    let help = "write both strings, a comma directly behind the first: \"REQUEST\", \"RECEIVE\"";
    let whole = start..start + text.len();
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let mut at = inner.len();
    while let Some(opening) = inner.get(..at).and_then(|before| before.rfind('"')) {
        // `opening` would be the quote that opens RECEIVE: before it blanks, one comma or blank, and the closing quote.
        let before = inner.get(..opening).unwrap_or_default();
        let unblanked = before.trim_end_matches([' ', '\t']);
        let request = if unblanked.len() < before.len() { unblanked.strip_suffix('"') } else { None };
        let request = request.or_else(|| unblanked.strip_suffix(',').and_then(|rest| rest.strip_suffix('"')));
        if let Some(request) = request {
            let receive_at = opening + 1;
            let receive = inner.get(receive_at..).unwrap_or_default();
            let receive = if receive.is_empty() {
                None
            } else {
                match patterns.compile(receive) {
                    Ok(pattern) => Some(pattern),
                    Err(error) => {
                        let place = (start + 1 + receive_at + error.offset).min(whole.end);
                        return wrong(place..place + 1, format!("invalid receive string: {}", error.message), "");
                    }
                }
            };
            return Ok(Strings { request: with_slash(request), receive });
        }
        at = opening;
    }
    wrong(whole, around, help)
}

/// Reads the value of a `fallback=` line of a family.
pub(super) fn fallback(value: &str, family: Family) -> Result<RawFallback, Wrong> {
    let mut parts = parts(value).into_iter().map(|(_, span)| span);
    let target = parts.next().unwrap_or(0..0);
    let text = value.get(target.clone()).unwrap_or_default();
    let which = if family == Family::V4 { "IPv4" } else { "IPv6" };
    let split = address::split(text);
    let host = address::host(split.host, family).map_err(|help| Wrong {
        span: target.start..target.start + split.host.len(),
        words: format!("invalid {which} address or could not resolve for fallback server: {}", split.host),
        help: if text.is_empty() { "write a fallback server: 127.0.0.1:80 gate".to_owned() } else { help },
    })?;
    let port = match split.port.map(address::port) {
        None => Port::None,
        Some(Ok(port)) => port,
        Some(Err(help)) => {
            return wrong(target.start + split.port_at..target.end, "invalid port for fallback server", help);
        }
    };
    let method = match parts.next() {
        None => Forward::Gate,
        Some(span) => match value.get(span.clone()).and_then(forward) {
            Some(method) => method,
            None => return wrong(span, METHOD, "write one of the three words after the address, or none"),
        },
    };
    if let Some(extra) = parts.next() {
        return wrong(extra.start..value.trim_end().len(), METHOD, "nothing may follow the forwarding method");
    }
    Ok(RawFallback {
        place: super::findings::Place::default(),
        text: value.trim().to_owned(),
        six: family == Family::V6,
        host,
        port,
        forward: method,
    })
}
