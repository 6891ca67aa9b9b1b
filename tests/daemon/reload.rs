//! Changed configurations: all or nothing, however the change comes.

use crate::harness::{Mood, Site, Web, send, until};
use nix::sys::signal::Signal;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn a_hup_takes_the_change_and_an_identical_file_writes_nothing() {
    let (first, second) = (Web::new(Mood::Good), Web::new(Mood::Good));
    let site = Site::new("", &[(first.at, 1)]);
    let pid = site.start();
    let before = site.record().len();
    send(pid, Signal::SIGHUP);
    site.wait_for_line("Reloading Linux Director Daemon config on signal");
    site.configure("", &[(first.at, 9), (second.at, 2)]);
    send(pid, Signal::SIGHUP);
    until("the new weight and the new server", || site.has(first.at, 9) && site.has(second.at, 2));
    let written = site.record().split_off(before);
    // The identical file wrote nothing, the unchanged server never left.
    assert_eq!(written.len(), 2, "{written:?}");
    assert!(written.iter().all(|line| line["result"] == "ok"));
    assert!(site.log().contains(&format!("Restored real server: {}:8080 (10.1.2.3:8080) (Weight set to 9)", first.at)));
}

#[test]
fn a_broken_edit_changes_nothing_and_every_error_is_logged() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 5)]);
    let pid = site.start();
    let (before, good) = (site.record().len(), std::fs::read_to_string(site.config()).unwrap());
    std::fs::write(site.config(), good.replace("gate 5", "gate 9") + "\tfoo=bar\nbogus=1\n").unwrap();
    send(pid, Signal::SIGHUP);
    site.wait_for_line(&format!("Error [{pid}] reading file a.cf at line 12: "));
    site.wait_for_line(&format!("Error [{pid}] reading file a.cf at line 13: "));
    let status: serde_json::Value = serde_json::from_str(&site.run(&["a.cf", "status", "--json"]).stdout).unwrap();
    assert_eq!(status["reload_errors"].as_array().unwrap().len(), 2, "{status}");
    // Checks go on, and their findings still reach the table.
    web.set(Mood::Wrong);
    site.wait_for_line(&format!("Deleted real server: {}:8080 (10.1.2.3:8080)", web.at));
    web.set(Mood::Good);
    until("the old weight", || site.has(web.at, 5));
    assert_eq!(site.record().len(), before + 2);
    std::fs::write(site.config(), good).unwrap();
    send(pid, Signal::SIGHUP);
    until("the errors are over", || {
        let status: serde_json::Value = serde_json::from_str(&site.run(&["a.cf", "status", "--json"]).stdout).unwrap();
        status["reload_errors"].as_array().unwrap().is_empty()
    });
}

#[test]
fn noise_folders_and_pipes_in_place_of_the_file_change_nothing() {
    let web = Web::new(Mood::Good);
    let site = Site::new("autoreload=yes", &[(web.at, 5)]);
    let pid = site.start();
    let good = std::fs::read(site.config()).unwrap();
    let mut noise: Vec<u8> =
        (0..10_000_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    noise.extend_from_slice(&good);
    std::fs::write(site.config(), noise).unwrap();
    site.wait_for_line("more findings in this file");
    std::fs::remove_file(site.config()).unwrap();
    site.wait_for_line(&format!("Warning [{pid}]: can not open file a.cf for checking"));
    std::fs::create_dir(site.config()).unwrap();
    send(pid, Signal::SIGHUP);
    site.wait_for_line(": Is a directory");
    assert!(site.has(web.at, 5));
    std::fs::remove_dir(site.config()).unwrap();
    nix::unistd::mkfifo(&site.config(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    send(pid, Signal::SIGHUP);
    site.wait_for_line(": Is not a regular file");
    std::fs::remove_file(site.config()).unwrap();
    let mut text = String::from_utf8(good).unwrap();
    text = text.replace("gate 5", "gate 6");
    std::fs::write(site.config(), text).unwrap();
    until("the mended file", || site.has(web.at, 6));
    assert_eq!(site.count(&format!("Warning [{pid}]: can not open file a.cf for checking")), 1);
}

#[test]
fn autoreload_sees_editors_and_config_maps() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[]);
    std::fs::remove_file(site.config()).unwrap();
    let version = |number: u32| {
        let folder = site.path(&format!("..v{number}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("a.cf"), site.text("autoreload=yes", &[(web.at, number)])).unwrap();
        symlink(format!("..v{number}"), site.path("..data_tmp")).unwrap();
        std::fs::rename(site.path("..data_tmp"), site.path("..data")).unwrap();
    };
    version(1);
    symlink("..data/a.cf", site.config()).unwrap();
    site.start();
    assert!(site.has(web.at, 1));
    for number in 2..4 {
        version(number);
        until("the swapped version", || site.has(web.at, number));
    }
    // An editor that writes another file and renames it over, again and again: now a plain file.
    for number in 4..7 {
        let other = site.path("a.cf~new");
        std::fs::write(&other, site.text("autoreload=yes", &[(web.at, number)])).unwrap();
        std::fs::rename(other, site.config()).unwrap();
        until("the renamed version", || site.has(web.at, number));
    }
    assert!(site.count("Configuration file 'a.cf' has changed on disk") >= 5, "{}", site.log());
    assert!(site.lines().iter().any(|line| line == " - reread new configuration"));
}

#[test]
fn without_autoreload_a_change_is_only_told_and_the_callback_hears_of_it() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[]);
    let (script, heard) = (site.path("callback"), site.path("heard"));
    std::fs::write(&script, format!("#!/bin/sh\necho \"$1\" >> {}\n", heard.display())).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let globals = format!("callback=\"{}\"", script.display());
    site.configure(&globals, &[(web.at, 1)]);
    let pid = site.start();
    site.configure(&globals, &[(web.at, 2)]);
    site.wait_for_line(" - ignore new configuration");
    until("the callback", || heard.exists());
    let expected = format!("{}\n", site.config().display());
    until("its argument", || std::fs::read_to_string(&heard).unwrap() == expected);
    assert!(site.has(web.at, 1));
    send(pid, Signal::SIGHUP);
    until("the new weight", || site.has(web.at, 2));
    // HUP does not run it.
    assert_eq!(std::fs::read_to_string(&heard).unwrap(), expected);
}

#[test]
fn a_name_that_does_not_resolve_harms_nobody_else() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 1)]);
    let text = std::fs::read_to_string(site.config()).unwrap();
    let named = text.replace("\tservice=", "\treal=nosuch.invalid:80 gate 3\n\tservice=");
    std::fs::write(site.config(), named).unwrap();
    let said = site.run(&["a.cf", "start", "--table", "memory"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stderr.contains("nosuch.invalid"), "{said:?}");
    assert!(site.has(web.at, 1));
    let status: serde_json::Value = serde_json::from_str(&site.run(&["a.cf", "status", "--json"]).stdout).unwrap();
    let reals = status["virtuals"][0]["reals"].as_array().unwrap();
    assert_eq!(reals[1]["state"], "unresolved", "{status}");
}

#[test]
fn the_fallbackcommand_hears_in_order_of_all_down_and_first_up() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[]);
    let (script, heard) = (site.path("command"), site.path("heard"));
    std::fs::write(&script, format!("#!/bin/sh\necho \"$@\" >> {}\n", heard.display())).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    // An argument of its own, as people write it.
    site.configure(&format!("fallbackcommand={} page", script.display()), &[(web.at, 1)]);
    site.start();
    let lines = |number: usize| {
        let text = std::fs::read_to_string(&heard).unwrap_or_default();
        (text.lines().count() >= number).then_some(text)
    };
    until("the first up", || lines(1).is_some());
    web.set(Mood::Wrong);
    until("all down", || lines(2).is_some());
    web.set(Mood::Good);
    until("up again", || lines(3).is_some());
    let words = |word: &str| format!("page {word} 10.1.2.3:8080 tcp\n");
    assert_eq!(lines(3).unwrap(), [words("stop"), words("start"), words("stop")].concat());
    site.run(&["a.cf", "stop"]).expect(0, "", "");
    assert_eq!(lines(3).unwrap().lines().count(), 3, "it is not run at stop");
}

#[test]
fn an_emptied_file_ends_no_service() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[(web.at, 5)]);
    let pid = site.start();
    let before = site.record().len();
    std::fs::write(site.config(), "\n").unwrap();
    send(pid, Signal::SIGHUP);
    site.wait_for_line("the file is empty, the running configuration stays");
    assert!(site.has(web.at, 5));
    assert_eq!(site.record().len(), before);
    // A comment says that it is meant.
    std::fs::write(site.config(), "# nothing here\n").unwrap();
    send(pid, Signal::SIGHUP);
    until("the service is gone", || !site.has(web.at, 5));
}
