//! Whole files: beside each fixtures/config/NAME.cf stands NAME.expect, what it is read as and everything found in it.
//! `UPDATE_FIXTURES=1 cargo test --test config_fixtures` writes the expectations anew: look at the difference then.
#![allow(clippy::disallowed_methods, reason = "fixtures are files")]

mod config_support;

use config_support::load;
use ldirectord::config::{Config, Diagnostic, Probes, Virtual};
use std::fmt::Write as _;
use std::path::Path;

fn rendered(config: Option<&Config>, all: &[Diagnostic]) -> String {
    let mut text = String::new();
    for found in all {
        let severity = format!("{:?}", found.severity).to_lowercase();
        let _ = writeln!(text, "{severity} {}:{}+{}: {}", found.line, found.column, found.length, found.message);
        if let Some(help) = &found.help {
            let _ = writeln!(text, "    {help}");
        }
    }
    match config {
        None => text.push_str("refused\n"),
        Some(config) => {
            text.push_str("loads\n");
            config.virtuals.iter().for_each(|service| virtual_service(&mut text, service));
        }
    }
    text
}

fn virtual_service(text: &mut String, service: &Virtual) {
    let check = &service.check;
    let _ = writeln!(
        text,
        "{} line {} {} flags {:#x} persistent {:?} netmask {:?} engine {:?} ops {} quiescent {} mail {:?} {}",
        service.id,
        service.line,
        service.scheduler,
        service.schedflags,
        service.persistent,
        service.netmask,
        service.persistenceengine,
        service.ops,
        service.quiescent,
        service.alert.to,
        service.alert.frequency,
    );
    let _ = writeln!(
        text,
        "  check {:?} {} every {} timeouts {} {} failures {}",
        check.kind,
        check.service.word(),
        check.interval,
        check.checktimeout,
        check.negotiatetimeout,
        check.failurecount
    );
    for real in &service.reals {
        let _ = writeln!(
            text,
            "  real {} {:?} port {} {:?} {:?} weight {} l {} u {} request {:?} receive {:?} checkport {}",
            real.host,
            real.address,
            real.port,
            real.forward,
            real.tunnel.kind,
            real.weight,
            real.lower,
            real.upper,
            real.request,
            real.receive,
            real.checkport
        );
        let _ = writeln!(text, "    {}", probes(&real.probes));
    }
    if let Some(fallback) = &service.fallback {
        let _ = writeln!(
            text,
            "  fallback {} {:?} port {} {:?}",
            fallback.host, fallback.address, fallback.port, fallback.forward
        );
    }
}

/// The specs without their patterns, whose Debug is another crate's affair.
fn probes(probes: &Probes) -> String {
    use checks::Spec;
    let spec = |(spec, deadline): &(Spec, std::time::Duration)| {
        let what = match spec {
            Spec::Http(http) => format!(
                "{} {:?} {:?} host {:?} receive {:?} {:?} http2 {} proxy {} tls {:?}",
                spec.name(),
                http.method,
                http.request,
                http.host,
                http.receive.as_ref().map(|pattern| pattern.source()),
                http.redirect,
                http.http2,
                http.proxy,
                http.tls
            ),
            Spec::SimpleTcp(tcp) => format!(
                "simpletcp {:?} {:?} receive {:?}",
                tcp.transport,
                String::from_utf8_lossy(&tcp.send),
                tcp.receive.as_ref().map(|pattern| pattern.source())
            ),
            other => format!("{other:?}"),
        };
        format!("{what} within {deadline:?}")
    };
    match probes {
        Probes::One(one, deadline) => spec(&(one.clone(), *deadline)),
        Probes::Combined { negotiate, connect, count } => {
            format!("{} then {count} times {}", negotiate.as_ref().map_or("always up".to_owned(), &spec), spec(connect))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn fixtures_are_read_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "cf"));
    files.sort();
    assert!(files.len() >= 9, "{files:?}");
    let mut wrong = Vec::new();
    for file in files {
        let (config, all) = load(std::fs::read(&file).unwrap());
        let is = rendered(config.as_ref(), &all);
        let expect = file.with_extension("expect");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&expect, &is).unwrap();
        }
        if std::fs::read_to_string(&expect).unwrap_or_default() != is {
            wrong.push(format!("{} is read as\n{is}", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
