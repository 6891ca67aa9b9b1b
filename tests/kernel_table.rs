//! The kernel's table against the one in memory. Needs a kernel with IPVS and root in a network namespace whose table
//! may be destroyed, so it runs only in the lab, with LDIRECTORD_LAB=1.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests act")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail")]

mod tables;

use ldirectord::ipvs::wire::{self, Command};
use ldirectord::ipvs::*;
use nix::libc::{EEXIST, EINVAL, ENOENT, ERANGE, ESRCH};
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, MutexGuard};

/// Past the harness, which would keep the words of a test that passes to itself.
fn not_run(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "kernel_table::{test}: not run: {why}");
}

/// One at a time: there is one table. `None` outside of the lab.
fn lab(test: &str) -> Option<(MutexGuard<'static, ()>, KernelTable)> {
    static ONE: Mutex<()> = Mutex::new(());
    if std::env::var_os("LDIRECTORD_LAB").is_none() {
        not_run(test, "needs the lab (LDIRECTORD_LAB=1)");
        return None;
    }
    let guard = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut kernel = KernelTable::open().expect("a kernel with IPVS");
    kernel.flush().expect("flush");
    for daemon in kernel.daemons().expect("daemons") {
        kernel.stop_daemon(daemon.role).expect("stop");
    }
    Some((guard, kernel))
}

fn outcomes(results: Vec<Result<(), TableError>>) -> Vec<Result<(), i32>> {
    results
        .into_iter()
        .map(|result| {
            result.map_err(|error| match error {
                TableError::Refused { errno, .. } => errno,
                other => panic!("{other}"),
            })
        })
        .collect()
}

#[test]
#[ignore = "needs a kernel with IPVS: run by tests/lab/run kernel-table"]
fn memory_behaves_as_the_kernel() {
    let Some((_guard, kernel)) = lab("memory_behaves_as_the_kernel") else { return };
    let kernel = Mutex::new(kernel);
    let seen = Mutex::new(BTreeMap::<(Command, i32), usize>::new());
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&tables::operations(120), |operations| {
        let mut kernel = kernel.lock().unwrap();
        kernel.flush().expect("flush");
        let mut memory = MemoryTable::new();
        let from_kernel = outcomes(kernel.apply(&operations).expect("kernel"));
        let from_memory = outcomes(memory.apply(&operations).expect("memory"));
        for ((operation, kernel), memory) in operations.iter().zip(&from_kernel).zip(&from_memory) {
            proptest::prop_assert_eq!(kernel, memory, "{:?}", operation);
            let command = wire::Request::Change(operation).command();
            *seen.lock().unwrap().entry((command, kernel.as_ref().err().copied().unwrap_or(0))).or_default() += 1;
        }
        proptest::prop_assert_eq!(&kernel.read(&Scope::All).expect("read"), memory.content());
        // A part of it, with some that do not exist.
        let some: Vec<ServiceId> = operations.iter().step_by(3).map(Operation::service).collect();
        let scope = Scope::Services(some);
        proptest::prop_assert_eq!(kernel.read(&scope), memory.read(&scope));
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    // Every outcome that the operations have was among them.
    let seen = seen.into_inner().unwrap();
    println!("{seen:?}");
    for (command, errors) in [
        (Command::NewService, &[0, EEXIST, ENOENT, EINVAL][..]),
        (Command::SetService, &[0, ESRCH, ENOENT, EINVAL]),
        (Command::DeleteService, &[0, ESRCH]),
        (Command::NewDestination, &[0, ESRCH, EEXIST, EINVAL, ERANGE]),
        (Command::SetDestination, &[0, ESRCH, ENOENT, EINVAL, ERANGE]),
        (Command::DeleteDestination, &[0, ESRCH, ENOENT]),
    ] {
        for error in errors {
            assert!(seen.contains_key(&(command, *error)), "never seen: {command:?} {error}");
        }
    }
}

fn ipvsadm(arguments: &[&str]) -> String {
    let output = std::process::Command::new("ipvsadm").args(arguments).output().expect("ipvsadm");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
#[ignore = "needs a kernel with IPVS: run by tests/lab/run kernel-table"]
fn listing_is_ipvsadm_byte_for_byte() {
    let Some((_guard, kernel)) = lab("listing_is_ipvsadm_byte_for_byte") else { return };
    let kernel = Mutex::new(kernel);
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&tables::content(12, 40), |operations| {
        let mut kernel = kernel.lock().unwrap();
        kernel.flush().expect("flush");
        kernel.apply(&operations).expect("kernel");
        let info = kernel.info().expect("info");
        let listing = kernel.listing().expect("listing");
        for (ours, theirs) in
            [(listing.render(&info), ipvsadm(&["-L", "-n"])), (listing.save(), ipvsadm(&["-S", "-n"]))]
        {
            let differing = ours.lines().zip(theirs.lines()).filter(|(ours, theirs)| ours != theirs);
            proptest::prop_assert_eq!(differing.collect::<Vec<_>>(), vec![]);
            proptest::prop_assert_eq!(ours, theirs);
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

fn tcp(address: &str, port: u16) -> Service {
    let address: std::net::IpAddr = address.parse().unwrap();
    let id = ServiceId::Address { protocol: Protocol::Tcp, address, port };
    let netmask = if address.is_ipv4() { 32 } else { 128 };
    Service { id, scheduler: "wrr".into(), flags: ServiceFlags(0), timeout: 0, netmask, engine: None }
}

/// Destination number `n` of many.
fn real(n: u32) -> Destination {
    let id = DestinationId { address: std::net::Ipv4Addr::from(0x0a10_0000 + n).into(), port: 80 };
    Destination { id, forward: Forward::Gate, weight: 1, upper: 0, lower: 0, tunnel: Tunnel::default() }
}

#[test]
#[ignore = "needs a kernel with IPVS: run by tests/lab/run kernel-table"]
fn what_is_saved_ipvsadm_restores() {
    let Some((_guard, mut kernel)) = lab("what_is_saved_ipvsadm_restores") else { return };
    let mut service = tcp("fd00::1", 80);
    service.flags = ServiceFlags(ServiceFlags::PERSISTENT | ServiceFlags::SCHEDULER_2);
    (service.timeout, service.netmask, service.scheduler) = (60, 64, "sh".into());
    let tunnel = Tunnel { kind: TunnelKind::Gue { port: 6080 }, flags: 1 };
    let operations = [
        Operation::AddService(service.clone()),
        Operation::AddDestination(service.id, Destination { forward: Forward::Tunnel, tunnel, ..real(1) }),
        Operation::AddService(Service { id: ServiceId::Mark { family: Family::V4, mark: 7 }, ..tcp("10.0.0.1", 0) }),
    ];
    kernel.apply(&operations).unwrap().into_iter().for_each(Result::unwrap);
    let before = kernel.read(&Scope::All).unwrap();
    let saved = ldirectord::ipvs::listing::save(&before);
    kernel.flush().unwrap();
    assert!(kernel.read(&Scope::All).unwrap().is_empty());
    let mut restore = std::process::Command::new("ipvsadm");
    let mut child = restore.arg("-R").stdin(std::process::Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(saved.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(kernel.read(&Scope::All).unwrap(), before);
}

/// More than a batch, more than a datagram; and every second operation refused, each with its own name.
#[test]
#[ignore = "needs a kernel with IPVS: run by tests/lab/run kernel-table"]
fn many_operations_are_each_answered() {
    let Some((_guard, mut kernel)) = lab("many_operations_are_each_answered") else { return };
    let service = tcp("10.0.0.1", 80);
    kernel.apply(&[Operation::AddService(service.clone())]).unwrap()[0].clone().unwrap();
    let add: Vec<_> = (0..5000).map(|n| Operation::AddDestination(service.id, real(n))).collect();
    assert!(kernel.apply(&add).unwrap().iter().all(Result::is_ok));
    assert_eq!(kernel.read(&Scope::All).unwrap()[&service.id].destinations.len(), 5000);
    let again = (0..5000).flat_map(|n| {
        let weight = Destination { weight: 2, ..real(n) };
        [Operation::AddDestination(service.id, real(n)), Operation::EditDestination(service.id, weight)]
    });
    let again: Vec<_> = again.collect();
    let results = kernel.apply(&again).unwrap();
    for (operation, result) in again.iter().zip(results) {
        match operation {
            Operation::AddDestination(id, destination) => {
                let error = result.expect_err("it is there already");
                assert_eq!(error.to_string(), format!("{id} -> {}: destination already exists", destination.id));
            }
            _ => assert_eq!(result, Ok(())),
        }
    }
    let table = kernel.read(&Scope::Services(vec![service.id])).unwrap();
    assert!(table[&service.id].destinations.values().all(|entry| entry.destination.weight == 2));
}

#[test]
#[ignore = "needs a kernel with IPVS: run by tests/lab/run kernel-table"]
fn settings_and_sync_daemons() {
    let Some((_guard, mut kernel)) = lab("settings_and_sync_daemons") else { return };
    let before = kernel.timeouts().unwrap();
    kernel.set_timeouts(Timeouts { tcp: 1000, tcp_fin: 0, udp: 77 }).unwrap();
    assert_eq!(kernel.timeouts().unwrap(), Timeouts { tcp: 1000, udp: 77, ..before });
    assert_eq!(ipvsadm(&["-L", "--timeout"]), format!("Timeout (tcp tcpfin udp): 1000 {} 77\n", before.tcp_fin));
    kernel.set_timeouts(before).unwrap();

    assert_eq!(kernel.daemons().unwrap(), []);
    let daemon = SyncDaemon {
        role: SyncRole::Master,
        interface: "lo".into(),
        sync_id: 42,
        max_length: 1100,
        group: Some("239.1.2.3".parse().unwrap()),
        port: 9999,
        ttl: 3,
    };
    kernel.start_daemon(&daemon).unwrap();
    assert_eq!(kernel.daemons().unwrap(), std::slice::from_ref(&daemon));
    let words = kernel.start_daemon(&daemon).expect_err("it runs already").to_string();
    assert!(words.starts_with("starting the master sync daemon on lo: "), "{words}");
    let second = SyncDaemon { role: SyncRole::Backup, group: Some("ff05::51".parse().unwrap()), ..daemon.clone() };
    kernel.start_daemon(&second).unwrap();
    assert_eq!(kernel.daemons().unwrap(), [daemon, second]);
    kernel.stop_daemon(SyncRole::Master).unwrap();
    kernel.stop_daemon(SyncRole::Backup).unwrap();
    assert_eq!(kernel.daemons().unwrap(), []);
    kernel.stop_daemon(SyncRole::Backup).expect_err("none runs");
    // The kernel's own choices are told.
    let plain = SyncDaemon {
        role: SyncRole::Backup,
        interface: "lo".into(),
        sync_id: 0,
        max_length: 0,
        group: None,
        port: 0,
        ttl: 0,
    };
    kernel.start_daemon(&plain).unwrap();
    let told = kernel.daemons().unwrap().remove(0);
    kernel.stop_daemon(SyncRole::Backup).unwrap();
    assert_eq!((told.group, told.port, told.ttl), (Some("224.0.0.81".parse().unwrap()), 8848, 1));
    assert!(told.max_length > 0);

    kernel.zero(None).unwrap();
    let missing = kernel.zero(Some(&tcp("10.0.0.1", 80).id)).expect_err("no such service");
    assert!(missing.to_string().starts_with("resetting the statistics of tcp:10.0.0.1:80: "), "{missing}");
}

#[test]
#[ignore = "needs a kernel with IPVS: run by tests/lab/run kernel-table"]
fn connections_are_counted() {
    let Some((_guard, mut kernel)) = lab("connections_are_counted") else { return };
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let service = tcp("127.0.0.2", 80);
    let local = DestinationId { address: "127.0.0.1".parse().unwrap(), port };
    let destination = Destination { id: local, forward: Forward::Masquerade, ..real(0) };
    let operations = [Operation::AddService(service.clone()), Operation::AddDestination(service.id, destination)];
    kernel.apply(&operations).unwrap().into_iter().for_each(Result::unwrap);
    let connection = std::net::TcpStream::connect("127.0.0.2:80").unwrap();
    // The kernel adds up its statistics every two seconds.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let entry = loop {
        let entry = kernel.read(&Scope::All).unwrap().remove(&service.id).unwrap();
        if entry.counters.connections > 0 || std::time::Instant::now() > deadline {
            break entry;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    let counted = entry.destinations[&local];
    assert_eq!((counted.active, counted.inactive, counted.counters.connections), (1, 0, 1));
    assert_eq!(entry.counters.connections, 1);
    assert!(entry.counters.packets_in >= 2 && entry.counters.bytes_in >= 80, "{:?}", entry.counters);
    drop(connection);
    kernel.zero(Some(&service.id)).unwrap();
    let entry = kernel.read(&Scope::All).unwrap().remove(&service.id).unwrap();
    assert_eq!(entry.counters.connections, 0);
}

/// Without privilege: a sentence that says what is needed. In the lab everything is root, so the child drops it.
#[test]
#[ignore = "needs a kernel with IPVS: run by tests/lab/run kernel-table"]
fn permission_is_explained() {
    const CHILD: &str = "LDIRECTORD_UNPRIVILEGED";
    if std::env::var_os(CHILD).is_some() {
        println!("{}", KernelTable::open().expect_err("not permitted"));
        return;
    }
    let Some((_guard, _kernel)) = lab("permission_is_explained") else { return };
    use std::os::unix::process::CommandExt;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["permission_is_explained", "--exact", "--include-ignored", "--nocapture"])
        .env(CHILD, "1")
        .uid(65534)
        .gid(65534);
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("run as root, or with CAP_NET_ADMIN"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

/// Takes the guest's modules away and looks whether they come back. Only in a guest: its modules are nobody else's.
#[test]
#[ignore = "needs a kernel with IPVS: run by tests/lab/run kernel-table"]
fn modules_are_loaded_on_demand() {
    let Some((_guard, mut kernel)) = lab("modules_are_loaded_on_demand") else { return };
    if !std::fs::read_to_string("/proc/cpuinfo").unwrap().contains("User Mode Linux") {
        not_run("modules_are_loaded_on_demand", "needs a guest of its own");
        return;
    }
    let sh = |script: &str| {
        let output = std::process::Command::new("sh").args(["-ec", script]).output().unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
    };
    let unload = "for m in $(lsmod | awk '/^ip_vs_/ {print $1}') ip_vs; do modprobe -r $m; done";
    // Modules where modprobe looks for them; and the kernel itself is kept from loading any.
    sh("mkdir -p /lib/modules && ln -sfn /usr/lib/uml/modules/$(uname -r) /lib/modules/$(uname -r)");
    sh("echo /bin/false >/proc/sys/kernel/modprobe; lsmod | grep -q '^ip_vs_wrr ' && modprobe -r ip_vs_wrr");
    let service = tcp("10.0.0.1", 80);
    let foreign = Service { scheduler: "nosuch".into(), ..tcp("10.0.0.2", 80) };
    let operations = [
        Operation::AddService(service.clone()),
        Operation::AddDestination(service.id, real(1)),
        Operation::AddService(foreign.clone()),
        Operation::AddDestination(foreign.id, real(1)),
    ];
    let results = kernel.apply(&operations).unwrap();
    let words: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "tcp:10.0.0.2:80: no such scheduler: nosuch (the kernel has no module ip_vs_nosuch)",
            "tcp:10.0.0.2:80 -> 10.16.0.1:80: no such virtual service",
        ]
    );
    assert_eq!(kernel.read(&Scope::All).unwrap()[&service.id].destinations.len(), 1);
    // All of IPVS.
    kernel.flush().unwrap();
    sh(unload);
    assert!(KernelTable::open().unwrap().read(&Scope::All).unwrap().is_empty());
    sh(unload);
    sh("mv /lib/modules/$(uname -r) /lib/modules/away");
    let missing = KernelTable::open().expect_err("no IPVS");
    sh("mv /lib/modules/away /lib/modules/$(uname -r); echo /sbin/modprobe >/proc/sys/kernel/modprobe");
    assert!(matches!(missing, TableError::Missing(_)), "{missing:?}");
    assert!(missing.to_string().contains("`modprobe ip_vs`"), "{missing}");
    KernelTable::open().unwrap();
}
