//! Files beside the configuration: the monitorfile that verdicts go to, the folder that takes real servers out.

use super::harness::{Mood, Site, Web, send, until};
use super::status::json;
use nix::sys::signal::Signal;

fn state(site: &Site, real: usize) -> String {
    json(site)["virtuals"][0]["reals"][real]["state"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn every_verdict_is_a_line_of_the_monitorfile() {
    let web = Web::new(Mood::Good);
    let site = Site::new("", &[]);
    let folder = site.path("later");
    let file = folder.join("monitor");
    // It can be opened when the configuration is read, and is gone when the first line is due.
    std::fs::create_dir(&folder).unwrap();
    let text = format!("{}\tmonitorfile=\"{}\"\n", site.text("", &[(web.at, 5)]), file.display());
    std::fs::write(site.config(), text).unwrap();
    site.start();
    let read = || std::fs::read_to_string(&file).unwrap_or_default();
    let name = format!("negotiate http tcp {} 8080 5 gate /index.html Test Page", web.at);
    until("a verdict", || read().contains(&format!("] {name} [up] 200 OK\n")));
    web.set(Mood::Wrong);
    until("another one", || read().contains(&format!("] {name} [down] ")));
    std::fs::remove_dir_all(&folder).unwrap();
    until("the log says that it cannot be written", || site.log().contains("monitor cannot be written: No such file"));
    web.set(Mood::Good);
    until("the daemon goes on", || state(&site, 0) == "up");
    std::fs::create_dir(&folder).unwrap();
    until("lines again", || read().contains("[up]"));
    until("which is said as well", || site.log().contains("monitor can be written again"));
    assert_eq!(site.log().matches("cannot be written").count(), 1, "told once");
}

#[test]
fn a_file_in_maintenancedir_takes_a_real_server_out() {
    let (one, two) = (Web::new(Mood::Good), Web::new(Mood::Good));
    let site = Site::new("", &[]);
    let folder = site.path("down");
    std::fs::create_dir(&folder).unwrap();
    let globals = format!("maintenancedir={}\nquiescent=yes\n", folder.display());
    let both = [(one.at, 1), (two.at, 1)];
    site.configure(&globals, &both);
    std::fs::write(folder.join(two.at.to_string()), "").unwrap();
    let pid = site.start();
    until("out from the start", || (state(&site, 0), state(&site, 1)) == ("up".into(), "maintenance".into()));
    assert!(!site.log().contains(&format!("Added real server: {}:8080 (10.1.2.3:8080) (Weight set to 1)", two.at)));
    std::fs::remove_file(folder.join(two.at.to_string())).unwrap();
    until("back after a check", || state(&site, 1) == "up");
    std::fs::write(folder.join(format!("{}:8080", one.at)), "").unwrap();
    until("out at once", || state(&site, 0) == "maintenance");
    until("without weight", || site.log().contains(&format!("Quiescent real server: {}:8080", one.at)));
    // A reload that has nothing to do with it brings nobody back, one that drops the directive does.
    site.configure(&format!("{globals}checkcount=2\n"), &both);
    send(pid, Signal::SIGHUP);
    until("the reload", || site.log().contains("Reloading Linux Director Daemon config on signal"));
    assert_eq!(state(&site, 0), "maintenance");
    site.configure("quiescent=yes\n", &both);
    send(pid, Signal::SIGHUP);
    until("back", || state(&site, 0) == "up");
}
