//! Whatever the bytes: no panic, a bounded number of findings, every one with a place; a broken line never hides another's
//! error; what is written from values is read as those values.

mod config_support;

use config_support::{found, load};
use ldirectord::config::{Severity, read};
use ldirectord::ipvs::Forward;
use proptest::prelude::*;

/// Pieces that lines are made of, good and bad.
const PIECES: &[&str] = &[
    "virtual=",
    "virtual6=",
    "real=",
    "real6=",
    "fallback=",
    "192.0.2.1",
    "[2001:db8::1]",
    ":80",
    ":http",
    "->",
    " gate",
    " masq 5",
    " ipip",
    " l:3",
    "u:5",
    "\"ask\"",
    ", ",
    "\"answer\"",
    "    ",
    "\t",
    "\n",
    "\n",
    "\n    ",
    "\r\n",
    "#",
    "\u{3000}",
    "\u{201C}",
    "\u{A0}",
    "\0",
    "quiescent=yes",
    "checktimeout=5",
    "service=http",
    "receive=\"",
    "(",
    "\\",
    "\u{FEFF}",
    "=",
    "7",
    "é",
];

fn broken_line() -> impl Strategy<Value = (String, &'static str)> {
    prop::sample::select(vec![
        ("    real=192.0.2.1::80 gate", "wrong format"),
        ("    real=192.0.2.1:80 gate heavy", "Invalid real server line"),
        ("    frobnicate=1", "Unknown command"),
        ("    nonsense", "Unknown command"),
        ("    quiescent=perhaps", "quiescent must be"),
        ("    request=\u{201C}/x\u{201D}", "typographic quotes"),
        ("service=https", "lost indentation"),
        ("    checkport=0", "checkport must be in range"),
        ("    \u{3000}scheduler=rr", "ideographic blank"),
        ("    netmask=24", "invalid netmask"),
    ])
    .prop_map(|(line, words)| (line.to_owned(), words))
}

proptest! {
    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let (_, all) = load(&bytes);
        prop_assert!(all.len() <= 303);
        prop_assert!(all.iter().all(|found| found.column >= 1 && found.length >= 1));
    }

    #[test]
    fn any_pieces_are_judged(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..200)) {
        let text = pieces.concat();
        let draft = read(text.as_bytes());
        let _ = draft.questions();
        let (config, all) = load(&text);
        let lines = text.matches('\n').count() + 1;
        prop_assert_eq!(config.is_none(), all.iter().any(|found| found.severity == Severity::Error));
        prop_assert!(all.iter().all(|found| found.line <= lines && !found.message.is_empty() && !found.message.contains('\n')));
    }

    #[test]
    fn a_broken_line_hides_no_other(lines in prop::collection::vec(broken_line(), 1..20)) {
        let mut text = String::from("virtual=192.0.2.100:80\n    real=192.0.2.1:80 gate\n");
        for (line, _) in &lines {
            text.push_str(line);
            text.push('\n');
        }
        let (_, all) = load(&text);
        let errors = found(&all, Severity::Error);
        for (index, (line, words)) in lines.iter().enumerate() {
            let place = format!("{}:", index + 3);
            prop_assert!(
                errors.iter().any(|error| error.starts_with(&place) && error.contains(words)),
                "{line:?} in line {place} of {errors:#?}"
            );
        }
    }

    #[test]
    fn what_is_written_is_read(
        reals in prop::collection::vec((1u8..250, 1u16.., 0u32..=65535, 0u32..100, prop::option::of("[a-z?=# ]{1,20}")), 1..30),
        persistent in prop::option::of(1u32..100_000),
        quiescent: bool,
        failurecount in 1u32..1000,
    ) {
        let mut text = format!("failurecount={failurecount}\nvirtual=192.0.2.100:80\n\tquiescent={}\n", if quiescent { "yes" } else { "no" });
        if let Some(seconds) = persistent {
            text.push_str(&format!("\tpersistent={seconds}\n"));
        }
        for (index, (octet, port, weight, lower, request)) in reals.iter().enumerate() {
            let strings = request.as_ref().map_or(String::new(), |request| format!(" \"{request}\", \"OK {index}\""));
            text.push_str(&format!("\treal=10.{index}.0.{octet}:{port} masq {weight}{strings} l:{lower} u:{}\n", lower + 1));
        }
        let (config, all) = load(&text);
        let config = config.ok_or_else(|| TestCaseError::fail(format!("{all:?}")))?;
        let service = &config.virtuals[0];
        prop_assert_eq!(service.check.failurecount, failurecount);
        prop_assert_eq!(service.quiescent, quiescent);
        prop_assert_eq!(service.persistent, persistent);
        prop_assert_eq!(service.reals.len(), reals.len());
        for (index, (real, (octet, port, weight, lower, request))) in service.reals.iter().zip(&reals).enumerate() {
            prop_assert_eq!(&real.host, &format!("10.{index}.0.{octet}"));
            prop_assert_eq!((real.port, real.weight, real.lower, real.upper), (*port, *weight, *lower, lower + 1));
            prop_assert_eq!(real.forward, Forward::Masquerade);
            let expected = request.as_ref().map_or("/".to_owned(), |request| format!("/{request}"));
            prop_assert_eq!(&real.request, &expected);
            prop_assert_eq!(real.receive.clone(), request.as_ref().map(|_| format!("OK {index}")));
        }
    }
}

#[test]
fn noise_is_bounded() {
    let noise: Vec<u8> = (0..2_000_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (config, all) = load(&noise);
    assert!(config.is_none());
    assert!(all.len() <= 303, "{}", all.len());
    assert!(all.iter().any(|found| found.message.contains("more errors")));
}

#[test]
fn bytes_that_are_no_text_have_a_place() {
    let (config, all) = load(b"# caf\xE9\ncheckinterval=5 # \xE9\n");
    assert!(config.is_some());
    assert_eq!(found(&all, Severity::Note), ["1:6: the comment is not UTF-8", "2:19: the comment is not UTF-8"]);
    let (config, all) = load(b"emailalertfrom=caf\xE9\ncheckinterval=0\nlogfile=\"a\0\"\n");
    assert!(config.is_none());
    assert_eq!(
        found(&all, Severity::Error),
        ["1:19: a byte that is not UTF-8", "2:15: invalid check interval value", "3:11: a NUL byte"]
    );
}
