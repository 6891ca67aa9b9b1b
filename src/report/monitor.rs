//! The monitorfile: a line for every verdict, in ldirectord's form. Pure.

use super::clock;
use crate::config::show::words;
use crate::config::{CheckKind, Config, Real, Virtual};
use crate::ipvs::{DestinationId, ServiceId};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// What a line calls each real server of the virtual services that have a monitorfile, and where that is.
#[derive(Debug, Default)]
pub struct MonitorFiles(HashMap<(ServiceId, DestinationId), (Arc<Path>, String)>);

impl MonitorFiles {
    /// Those of a configuration.
    pub fn new(config: &Config) -> Self {
        let mut names = HashMap::new();
        for virtual_ in &config.virtuals {
            let Some(file) = &virtual_.monitorfile else { continue };
            let path: Arc<Path> = PathBuf::from(file).into();
            for real in &virtual_.reals {
                let Some(address) = real.address else { continue };
                let id = DestinationId { address, port: real.port };
                names.insert((virtual_.id, id), (path.clone(), name(virtual_, real)));
            }
        }
        Self(names)
    }

    /// Whether nobody wants any line.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The line of a verdict, with its newline, and the file that it belongs to.
    pub fn line(
        &self,
        real: (ServiceId, DestinationId),
        up: bool,
        words: &str,
        at: SystemTime,
    ) -> Option<(Arc<Path>, String)> {
        let (path, name) = self.0.get(&real)?;
        let state = if up { "up" } else { "down" };
        let words = if words.is_empty() { "-".to_owned() } else { escaped(words) };
        let (time, pid) = (clock::ctime(at), std::process::id());
        Some((path.clone(), format!("[{time}] [{pid}] {name} [{state}] {words}\n")))
    }
}

/// `negotiate http tcp 10.0.0.1 80 5 masq /index.html Test Page`: what is asked, of whom, how it is forwarded to; one blank
/// between two parts, and none for a part that is not there.
fn name(virtual_: &Virtual, real: &Real) -> String {
    let check = &virtual_.check;
    let more = match check.kind {
        CheckKind::Negotiate | CheckKind::Combined(_) => format!(":{}", check.service.word()),
        CheckKind::External | CheckKind::ExternalPerl | CheckKind::Mon => format!(":{}", check.checkcommand),
        CheckKind::Connect | CheckKind::Ping | CheckKind::On | CheckKind::Off => String::new(),
    };
    let kind = match check.kind {
        CheckKind::Combined(_) => "combined".to_owned(),
        kind => words::check_kind(kind),
    };
    let host = match real.address {
        Some(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        Some(address) => address.to_string(),
        None => real.host.clone(),
    };
    let parts = [
        format!("{kind}{more}"),
        words::protocol(&virtual_.id).to_owned(),
        host,
        real.port.to_string(),
        check.virtualhost.clone().unwrap_or_default(),
        check.checkport.map(|port| port.to_string()).unwrap_or_default(),
        real.weight.to_string(),
        words::forward(real.forward).to_owned(),
        real.request.clone(),
        real.receive.clone().unwrap_or_default(),
    ];
    let mut name = String::new();
    for character in parts.join(":").chars().filter(|character| *character != '\\') {
        match character {
            ':' if name.ends_with('\u{1}') => {}
            ':' => name.push('\u{1}'),
            control if control.is_control() => name.push(' '),
            other => name.push(other),
        }
    }
    name.replace('\u{1}', " ")
}

/// What would end the line or its parts, as `%0a`.
fn escaped(words: &str) -> String {
    let mut text = String::new();
    for character in words.chars() {
        match character {
            '%' | '|' | '\r' | '\n' => text.push_str(&format!("%{:02x}", u32::from(character))),
            control if control.is_control() => text.push(' '),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Nameless, read};

    fn names(text: &str) -> Vec<String> {
        let config = read(text.as_bytes()).finish(&Nameless).0.unwrap();
        let mut names: Vec<String> = MonitorFiles::new(&config).0.into_values().map(|(_, name)| name).collect();
        names.sort();
        names
    }

    #[test]
    fn reals_are_called_as_ldirectord_calls_them() {
        let file = "\tmonitorfile=\"/var/log/m\"\n";
        let connect = format!("virtual=10.9.0.1:80\n\treal=10.9.1.1:80 masq 5\n\tchecktype=connect\n{file}");
        assert_eq!(names(&connect), ["connect tcp 10.9.1.1 80 5 masq / "]);
        let http = format!(
            "virtual=10.9.0.1:80\n\treal=127.0.0.1:8001 masq \"index.html?a=b c\", \"Test Page\"\n\tvirtualhost=www.x.y.z\n{file}"
        );
        assert_eq!(names(&http), ["negotiate http tcp 127.0.0.1 8001 www.x.y.z 1 masq /index.html?a=b c Test Page"]);
        let external = format!(
            "virtual6=[fd00::1]:99\n\treal6=[::1]:99 masq\n\tchecktype=external\n\tcheckcommand=/x/ok.sh\n\tcheckport=7\n{file}"
        );
        assert_eq!(names(&external), ["external /x/ok.sh tcp [ 1] 99 7 1 masq / "]);
        let mark = format!("virtual=3\n\treal=10.9.1.1:0 gate\n\tchecktype=connect\n\tcheckport=80\n{file}");
        assert_eq!(names(&mark), ["connect fwm 10.9.1.1 0 80 1 gate / "]);
        assert!(names(&connect.replace(file, "")).is_empty());
    }

    #[test]
    fn words_cannot_make_lines() {
        assert_eq!(escaped("100%|a\r\nb\u{7}"), "100%25%7ca%0d%0ab ");
        let text = "virtual=10.9.0.1:80\n\treal=10.9.1.1:80 masq 5\n\tchecktype=connect\n\tmonitorfile=/var/log/m\n";
        let config = read(text.as_bytes()).finish(&Nameless).0.unwrap();
        let files = MonitorFiles::new(&config);
        let real = (config.virtuals[0].id, DestinationId { address: [10, 9, 1, 1].into(), port: 80 });
        let line = |up, words| files.line(real, up, words, SystemTime::UNIX_EPOCH).unwrap().1;
        let (up, pid) = (line(true, ""), std::process::id());
        assert!(up.starts_with("[") && up.ends_with(&format!("] [{pid}] connect tcp 10.9.1.1 80 5 masq /  [up] -\n")));
        let down = line(false, "a\nb");
        assert!(down.ends_with(" [down] a%0ab\n") && down.matches('\n').count() == 1, "{down}");
    }
}
