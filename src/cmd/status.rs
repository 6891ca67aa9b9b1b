//! `status`: ldirectord's line first, with its streams and exit codes; then, on a terminal or with `--verbose`, everything that the
//! running instance knows. `--json` prints that as JSON instead.

use super::call::{Call, Instance};
use super::table_text::Columns;
use crate::cli::StatusOptions;
use crate::daemon::control;
use crate::daemon::pidfile::State;
use crate::daemon::serve::complain;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// How long an instance may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Exit code 0: running; 1: a stale pid file; 3: stopped.
pub fn run(call: &Call<'_>, options: StatusOptions) -> u8 {
    let instance = match Instance::of(call, options.json) {
        Ok(instance) => instance,
        Err(code) => return code,
    };
    let shown = &instance.shown;
    let stopped = |state: &str| match options.json {
        true => print(&format!("{:#}\n", json!({ "state": state, "config": shown }))),
        false => print(&format!("ldirectord is stopped for {shown}\n")),
    };
    match &instance.state {
        State::Running { pid, .. } => {
            let line = format!("ldirectord for {shown} is running with pid: {pid}");
            if options.json {
                let answer = ask(&instance).unwrap_or_else(|words| {
                    complain(&words);
                    json!({ "state": "running", "config": shown, "pid": pid })
                });
                print(&format!("{answer:#}\n"));
            } else {
                print(&format!("{line}\n"));
                if options.verbose || std::io::stdout().is_terminal() {
                    match ask(&instance) {
                        Ok(answer) => print(&text(&answer)),
                        Err(words) => complain(&words),
                    }
                }
            }
            instance.log.line(&line);
            instance.log.line("Exiting from ldirectord status");
            instance.log.flush();
            if !options.json {
                instance.others();
            }
            0
        }
        State::Stale => {
            let words = format!("ldirectord stale pid file {} for {shown}", instance.paths.pid_file().display());
            complain(&words);
            stopped("stale");
            instance.log.line(&words);
            instance.exit(1, "status")
        }
        State::Absent => {
            stopped("stopped");
            instance.exit(3, "status")
        }
    }
}

fn print(text: &str) {
    let _closed = std::io::stdout().lock().write_all(text.as_bytes());
}

fn ask(instance: &Instance) -> Result<Value, String> {
    let socket = instance.paths.socket();
    control::ask(&socket, "status", PATIENCE).map_err(|error| format!("No answer on {}: {error}", socket.display()))
}

/// The answer for people.
fn text(answer: &Value) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    let checks = &answer["checks"];
    line(format!(
        "since {}, table: {}, {} checks ({} saved by sharing{})",
        word(&answer["started"]),
        word(&answer["table"]),
        checks["distinct"],
        checks["saved"],
        match checks["late"].as_u64() {
            None | Some(0) => String::new(),
            Some(late) => format!(", {late} late"),
        }
    ));
    if let Some(words) = answer["table_error"].as_str() {
        line(format!("the table could not be used: {words}"));
    }
    for error in list(&answer["reload_errors"]) {
        line(format!("not reloaded, line {}: {}", error["line"], word(&error["message"])));
    }
    for service in list(&answer["virtuals"]) {
        line(String::new());
        line(heading(service));
        let mut columns = Columns::new("    ");
        for real in list(&service["reals"]) {
            columns.row(row(real));
        }
        line(columns.to_string().trim_end_matches('\n').to_owned());
    }
    text
}

fn heading(service: &Value) -> String {
    let reals = list(&service["reals"]);
    let up = reals.iter().filter(|real| matches!(real["state"].as_str(), Some("up" | "on" | "adopted"))).count();
    let mut words = format!("{}  {up} of {} up", word(&service["id"]), reals.len());
    if let Some(fallback) = service["fallback"].as_object() {
        let address = place(&service["fallback"]);
        let used = if fallback.get("active") == Some(&Value::Bool(true)) { "in use" } else { "not in use" };
        words.push_str(&format!("  fallback {address} ({used})"));
    }
    for (name, key) in [("changed by somebody else", "drift"), ("refused by the kernel", "refused")] {
        if let Some(text) = service[key].as_str() {
            words.push_str(&format!("  {name}: {text}"));
        }
    }
    words
}

fn row(real: &Value) -> Vec<String> {
    let failures = match (real["failures"].as_u64(), real["failurecount"].as_u64()) {
        (Some(failures), Some(limit)) if failures > 0 && limit > 1 => format!(" {failures}/{limit}"),
        _ => String::new(),
    };
    let weight = match real["weight"].as_u64() {
        Some(weight) if Some(weight) == real["configured_weight"].as_u64() => format!("weight {weight}"),
        Some(weight) => format!("weight {weight} of {}", real["configured_weight"]),
        None => format!("no weight of {}", real["configured_weight"]),
    };
    let mut reason = real["reason"].as_str().unwrap_or_default().to_owned();
    if let Some(ago) = real["checked_s"].as_f64() {
        reason.push_str(&format!(" ({} ago)", duration(ago)));
    }
    if let Some(drift) = real["drift"].as_str() {
        reason.push_str(&format!(" [changed by somebody else: {drift}]"));
    }
    vec![
        if real["address"].is_null() { word(&real["host"]).to_owned() } else { place(real) },
        format!("{}{failures}", word(&real["state"])),
        real["since_s"].as_f64().map(duration).unwrap_or_default(),
        weight,
        word(&real["forward"]).to_owned(),
        word(&real["check"]).to_owned(),
        reason,
    ]
}

/// `address:port`
fn place(value: &Value) -> String {
    let address = word(&value["address"]);
    let port = value["port"].as_u64().unwrap_or_default();
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// Roughly, as people say it: `12 s`, `5 min`, `3 h`, `9 d`.
fn duration(seconds: f64) -> String {
    let steps = [("d", 86_400.0), ("h", 3600.0), ("min", 60.0)];
    match steps.iter().find(|(_, length)| seconds >= 2.0 * length) {
        Some((name, length)) => format!("{:.0} {name}", (seconds / length).floor()),
        None => format!("{:.0} s", seconds.floor()),
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_say_them() {
        for (seconds, words) in [(0.4, "0 s"), (119.9, "119 s"), (120.0, "2 min"), (7300.0, "2 h"), (200_000.0, "2 d")]
        {
            assert_eq!(duration(seconds), words);
        }
    }

    #[test]
    fn every_real_has_its_aligned_line() {
        let answer = json!({
            "started": "2026-11-06T12:00:00Z", "table": "kernel", "table_error": null, "reload_errors": [],
            "checks": { "distinct": 2, "saved": 1, "late": 0 },
            "virtuals": [{
                "id": "tcp:10.0.0.1:80", "drift": null, "refused": null,
                "fallback": { "address": "127.0.0.1", "port": 80, "active": false },
                "reals": [
                    { "host": "10.0.0.2", "address": "10.0.0.2", "port": 80, "state": "up", "since_s": 7300.0, "weight": 5,
                      "configured_weight": 5, "forward": "masq", "check": "http", "failures": 0, "failurecount": 3,
                      "reason": "200 OK", "checked_s": 2.5, "drift": null },
                    { "host": "10.0.0.33", "address": "10.0.0.33", "port": 80, "state": "up", "since_s": 3.0, "weight": 0,
                      "configured_weight": 5, "forward": "gate", "check": "http", "failures": 2, "failurecount": 3,
                      "reason": "connect: connection refused", "checked_s": 0.0, "drift": "weight 0 instead of 5" },
                    { "host": "web9", "address": null, "port": null, "state": "unresolved", "since_s": 3.0, "weight": null,
                      "configured_weight": 1, "forward": "gate", "check": "http", "failures": 0, "failurecount": 1,
                      "reason": null, "checked_s": null, "drift": null },
                ],
            }],
        });
        let expected = "\
since 2026-11-06T12:00:00Z, table: kernel, 2 checks (1 saved by sharing)

tcp:10.0.0.1:80  2 of 3 up  fallback 127.0.0.1:80 (not in use)
    10.0.0.2:80   up          2 h  weight 5       masq  http  200 OK (2 s ago)
    10.0.0.33:80  up 2/3      3 s  weight 0 of 5  gate  http  connect: connection refused (0 s ago) [changed by somebody else: weight 0 instead of 5]
    web9          unresolved  3 s  no weight of 1  gate  http
";
        let text = text(&answer);
        let squeeze = |text: &str| {
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(squeeze(&text), squeeze(expected));
        let column = |line: &str| line.find("http").unwrap();
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("    ")).collect();
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| column(row) == column(rows[0]) && !row.ends_with(' ')), "{text}");
    }
}
