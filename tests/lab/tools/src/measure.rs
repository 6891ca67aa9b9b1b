//! What the benchmarks need: the bare-socket loop that any checker is measured against, and a process's own account of
//! processor time and memory.

use crate::common::{Outcome, address, number};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Clock ticks of /proc are hundredths of a second on Linux (USER_HZ).
const MILLISECONDS_A_TICK: u64 = 10;

/// `loop http|connect ADDRESS:PORT COUNT`
pub(crate) fn bare_loop(words: &[&str]) -> Outcome {
    let kind = words.first().copied().unwrap_or("http");
    let peer = address(words.get(1))?;
    let count = number(words.get(2), 1000)?.clamp(1, 1_000_000);
    let before = processor(std::process::id())?;
    for _ in 0..count {
        check(kind == "http", peer).map_err(|error| format!("{peer}: {error}"))?;
    }
    let spent = processor(std::process::id())? - before;
    println!("{} microseconds of processor time a check, {count} checks", spent * 1000 / count);
    Ok(())
}

fn check(http: bool, peer: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&peer, Duration::from_secs(5))?;
    if http {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n")?;
        let mut body = Vec::new();
        stream.read_to_end(&mut body)?;
        if !body.windows(9).any(|window| window == b"Test Page") {
            return Err(std::io::Error::other("the wrong page"));
        }
    }
    Ok(())
}

/// `usage PID`: `MILLISECONDS KILOBYTES`, of the process and of the children it has waited for.
pub(crate) fn usage(words: &[&str]) -> Outcome {
    let pid = u32::try_from(number(words.first(), 0)?).map_err(|error| error.to_string())?;
    println!("{} {}", processor(pid)?, resident(pid)?);
    Ok(())
}

/// utime, stime, cutime, cstime: fields 14 to 17 of /proc/PID/stat (proc(5)), in milliseconds.
fn processor(pid: u32) -> Result<u64, String> {
    let text =
        std::fs::read_to_string(format!("/proc/{pid}/stat")).map_err(|error| format!("process {pid}: {error}"))?;
    let (_, fields) = text.rsplit_once(')').ok_or("an unreadable /proc/PID/stat")?;
    let ticks: u64 = fields.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(ticks * MILLISECONDS_A_TICK)
}

fn resident(pid: u32) -> Result<u64, String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).map_err(|error| error.to_string())?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    line.trim().trim_end_matches(" kB").parse().map_err(|_| format!("VmRSS is '{line}'"))
}
