//! Watches the kernel's table through /proc/net/ip_vs, which involves neither ipvsadm nor the program under test, as fast
//! as it can be read. Every state that differs from the one before becomes a line:
//! `MILLISECONDS SERVICE> REAL=WEIGHT REAL=WEIGHT | SERVICE> …`, and `lapses` asks such a log its questions.

use crate::common::{Outcome, log, now, say};
use std::time::Duration;

/// `poll LOG`
pub(crate) fn run(words: &[&str]) -> Outcome {
    let log = log(words.first())?;
    let mut last = String::from("nothing was read yet");
    loop {
        let text = std::fs::read_to_string("/proc/net/ip_vs").unwrap_or_default();
        let state = summary(&text);
        if state != last {
            say(&log, &format!("{} {state}", now()));
            last = state;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn summary(text: &str) -> String {
    let mut services: Vec<String> = Vec::new();
    for line in text.lines().skip(3) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (words.as_slice(), services.last_mut()) {
            (["->", real, _, weight, ..], Some(service)) => service.push_str(&format!(" {}={weight}", plain(real))),
            ([kind, service, ..], _) => services.push(format!("{kind} {}>", plain(service))),
            _ => {}
        }
    }
    services.join(" | ")
}

/// The kernel prints IPv4 addresses and ports in hexadecimal (`0A09000B:0050`), IPv6 addresses as usual in brackets.
fn plain(word: &str) -> String {
    let Some((host, port)) = word.rsplit_once(':') else { return word.to_string() };
    let Ok(port) = u16::from_str_radix(port, 16) else { return word.to_string() };
    match u32::from_str_radix(host, 16) {
        Ok(number) => format!("{}:{port}", std::net::Ipv4Addr::from(number)),
        Err(_) => format!("{host}:{port}"),
    }
}

/// `lapses LOG REAL=WEIGHT…`: prints every recorded state in which a service that exists has one of the reals absent or
/// with another weight; `REAL=0` means absent or without weight. Fails when the log records no state at all.
pub(crate) fn lapses(words: &[&str]) -> Outcome {
    let (path, wanted) = words.split_first().ok_or("the name of a LOG is missing")?;
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let mut states = 0;
    for line in text.lines() {
        states += 1;
        for want in wanted {
            let (real, weight) = want.split_once('=').ok_or("expected REAL=WEIGHT")?;
            let here = line.split_whitespace().filter_map(|word| word.split_once('='));
            let found: Vec<&str> = here.filter(|(name, _)| *name == real).map(|(_, weight)| weight).collect();
            let fine = if weight == "0" {
                found.iter().all(|weight| *weight == "0")
            } else {
                !found.is_empty() && found.iter().all(|found| *found == weight)
            };
            if !fine {
                println!("{want}: {line}");
            }
        }
    }
    if states == 0 { Err(format!("{path} records nothing")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "IP Virtual Server version 1.2.1 (size=4096)\n\
        Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n\
        TCP  0A090050:0050 rr \n  -> 0A09000B:0050      Route   1      0          0\n\
        TCP  [fd00:0000:0000:0000:0000:0000:0000:0080]:0050 wlc \n\
        \x20 -> [fd00:0000:0000:0000:0000:0000:0000:0011]:0050      Masq    0      0          0\n";

    #[test]
    fn a_table_becomes_one_line() {
        let v6 = "TCP [fd00:0000:0000:0000:0000:0000:0000:0080]:80> [fd00:0000:0000:0000:0000:0000:0000:0011]:80=0";
        assert_eq!(summary(TABLE), format!("TCP 10.9.0.80:80> 10.9.0.11:80=1 | {v6}"));
    }
}
