use super::*;
use crate::config::directives::{DIRECTIVES, Kind, Scope};
use crate::config::{Answers, read};
use crate::ipvs::Family;
use std::net::IpAddr;

const WEB: &str = include_str!("../../../fixtures/show/web.cf");
const EVERYTHING: &str = include_str!("../../../fixtures/show/everything.cf");

/// One name, two services, every file.
struct Table;

impl Answers for Table {
    fn host(&self, name: &str, family: Option<Family>) -> Option<IpAddr> {
        (name == "web.example.org" && family != Some(Family::V6)).then(|| "198.51.100.1".parse().unwrap())
    }
    fn port(&self, name: &str, _protocol: Option<&str>) -> Option<u16> {
        (name == "https").then_some(443)
    }
    fn file(&self, _path: &str) -> bool {
        false
    }
    fn directory(&self, _path: &str) -> bool {
        true
    }
    fn appendable(&self, _path: &str) -> Result<(), String> {
        Ok(())
    }
    fn readable(&self, _path: &str) -> Result<(), String> {
        Ok(())
    }
    fn hostname(&self) -> String {
        "director".to_owned()
    }
}

fn load(text: &str) -> Config {
    let (config, diagnostics) = read(text.as_bytes()).finish(&Table);
    config.unwrap_or_else(|| panic!("{diagnostics:#?}\n{text}"))
}

/// The configuration without its line numbers.
fn without_lines(mut config: Config) -> Config {
    for service in &mut config.virtuals {
        service.line = 0;
        service.reals.iter_mut().for_each(|real| real.line = 0);
    }
    config
}

#[test]
fn the_text_loads_to_the_same_configuration() {
    for text in [WEB, EVERYTHING, ""] {
        let config = without_lines(load(text));
        let shown = super::text(&config, true);
        assert_eq!(without_lines(load(&shown)), config, "{shown}");
        assert_eq!(super::text(&load(&shown), true), shown);
    }
}

#[test]
fn passwords_are_masked_unless_asked_for() {
    for text in [WEB, EVERYTHING] {
        let config = load(text);
        for shown in [super::text(&config, false), json(&config, false).to_string()] {
            assert!(shown.contains("***"));
            for secret in ["hunter2", "hun#ter2", "se\"cret", "se\\\"cret", "ter2"] {
                assert!(!shown.contains(secret), "{secret} in {shown}");
            }
        }
        load(&super::text(&config, false));
    }
    let virtuals = &json(&load(EVERYTHING), true)["virtuals"];
    assert_eq!((&virtuals[0]["passwd"], &virtuals[0]["secret"]), (&json!("hun#ter2"), &json!("se\"cret")));
    assert_eq!((&virtuals[2]["login"], &virtuals[2]["passwd"]), (&json!("anonymous"), &json!("ldirectord@director")));
    let masked = &json(&load(EVERYTHING), false)["virtuals"];
    assert_eq!((&masked[2]["passwd"], &masked[2]["secret"]), (&json!("***"), &Value::Null));
}

#[test]
fn every_directive_is_in_the_json() {
    let all = json(&load(EVERYTHING), false);
    for directive in DIRECTIVES {
        // Refused ones have no value, `load` is accepted without effect.
        if directive.kind == Kind::Gone || directive.name == "load" {
            continue;
        }
        let in_globals = &all["globals"];
        let in_virtual = &all["virtuals"][0];
        let place = match directive.name {
            "virtual" | "virtual6" => in_virtual.get("id"),
            "real" | "real6" => in_virtual.get("reals"),
            "tunneltype" => in_virtual["reals"][0].get("tunneltype"),
            "fallback6" => in_virtual.get("fallback"),
            name if directive.scope == Scope::Global => in_globals.get(name),
            name => in_virtual.get(name),
        };
        assert!(place.is_some(), "{} is not shown", directive.name);
        if directive.scope == Scope::Both {
            assert!(in_globals.get(directive.name).is_some(), "{} is not shown among the globals", directive.name);
        }
    }
}

#[test]
fn values_have_their_types() {
    let all = json(&load(WEB), false);
    let service = &all["virtuals"][0];
    for (value, expected) in [
        (&all["globals"]["quiescent"], json!(true)),
        (&all["globals"]["execute"], json!(["mail.cf"])),
        (&all["globals"]["checktimeout"], json!(null)),
        (&all["globals"]["emailalertstatus"], json!(["running", "stopping"])),
        (&service["id"], json!("tcp:192.0.2.10:443")),
        (&service["checktype"], json!("3")),
        (&service["schedflags"], json!("sh-port")),
        (&service["netmask"], json!("255.255.255.0")),
        (&service["quiescent"], json!(false)),
        (&service["checktimeout"], json!(5)),
        (&service["reals"][0]["request"], json!("/health")),
        (&service["reals"][0]["receive"], json!("^OK")),
        (&service["reals"][1]["request"], json!("/status")),
        (&service["reals"][1]["tunneltype"], json!("gue:6080")),
        (&service["reals"][1]["lower"], json!(80)),
        (&service["fallback"]["port"], json!(443)),
        (&all["virtuals"][1]["id"], json!("udp:[2001:db8::53]:53")),
        (&all["virtuals"][1]["fallback"], json!(null)),
        (&all["virtuals"][1]["reals"][0]["address"], json!("2001:db8:1::1")),
        (&all["virtuals"][1]["reals"][0]["receive"], json!(null)),
    ] {
        assert_eq!(*value, expected);
    }
    let ids: Vec<_> = load(EVERYTHING).virtuals.iter().map(|service| service.id.to_string()).collect();
    assert_eq!(
        ids,
        [
            "tcp:192.0.2.10:389",
            "udp:[2001:db8::5060]:5060",
            "fwm:7",
            "fwm6:7",
            "tcp:192.0.2.12:8088",
            "sctp:192.0.2.11:443"
        ]
    );
    assert_eq!(json(&load(EVERYTHING), false)["virtuals"][0]["reals"][3]["address"], Value::Null);
}

/// docs/json.md prints the fixture and what comes out of it.
#[test]
fn the_documented_example_is_real() {
    let documented = include_str!("../../../docs/json.md");
    assert!(documented.contains(&format!("```\n{WEB}```\n")), "docs/json.md does not print fixtures/show/web.cf");
    let shown = serde_json::to_string_pretty(&json(&load(WEB), false)).unwrap();
    assert!(documented.contains(&format!("```json\n{shown}\n```\n")), "docs/json.md should print:\n{shown}");
}

#[test]
fn the_documented_findings_are_real() {
    let documented = include_str!("../../../docs/json.md");
    let broken = include_str!("../../../fixtures/show/broken.cf");
    assert!(documented.contains(&format!("```\n{broken}```\n")), "docs/json.md does not print fixtures/show/broken.cf");
    let (config, findings) = read(broken.as_bytes()).finish(&Table);
    assert_eq!(config, None);
    let source = crate::config::render::Source::new("fixtures/show/broken.cf", broken.as_bytes());
    let shown = format!("{:#}", source.json(&findings));
    assert!(documented.contains(&format!("```json\n{shown}\n```\n")), "docs/json.md should print:\n{shown}");
    assert!(!shown.contains("hunter2"));
}

#[test]
fn a_password_in_a_url_is_masked() {
    let file = "virtual=10.0.0.1:80\n\treal=10.0.0.2:80 gate \"http://me:hunter2@10.0.0.3/\", \"ok\"\n\trequest=\"http://me:hunter2@10.0.0.3/\"\n";
    let config = load(file);
    assert!(!json(&config, false).to_string().contains("hunter2") && !text(&config, false).contains("hunter2"));
    assert!(json(&config, true).to_string().contains("hunter2") && text(&config, true).contains("hunter2"));
}
