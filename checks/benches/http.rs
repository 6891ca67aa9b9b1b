//! HTTP and connect checks per second of processor time, against bare sockets that send and receive the same bytes.
//!
//! `cargo bench -p checks --bench http`: first a table of processor time a check (user and system, of the checking thread
//! alone, so that the servers do not count), then divan's wall-clock figures of one check at a time.
#![allow(
    missing_docs,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    reason = "a benchmark runs servers and clocks"
)]

use checks::{Http, Method, Pattern, Probe, Redirect, Spec, Target};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const CHECKS: u32 = 20_000;
const ROUNDS: usize = 5;
const DEADLINE: Duration = Duration::from_secs(10);
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\nContent-Length: 15\r\nConnection: close\r\n\r\nserver is fine\n";
const REQUEST: &[u8] =
    b"GET /check HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: ldirectord-rs/0.1.0\r\nAccept: */*\r\nConnection: close\r\n\r\n";

fn main() {
    let (web, silent) = (server(true), server(false));
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    println!("processor time of one check, microseconds, best of {ROUNDS} rounds of {CHECKS}; 1 and 64 at a time");
    println!("{:28} {:>8} {:>8} {:>12}", "", "us", "ratio", "checks/cpu-s");
    let bare = best(|| (0..CHECKS).for_each(|_| bare_http(web)));
    row("http, bare loop", bare, bare);
    row("http, Probe", best(|| probes(&runtime, http(None), web, 1)), bare);
    row("http, Probe, 64 at a time", best(|| probes(&runtime, http(None), web, 64)), bare);
    row("http + receive, Probe", best(|| probes(&runtime, http(Some("^server is fine$")), web, 64)), bare);
    let bare = best(|| (0..CHECKS).for_each(|_| bare_connect(silent)));
    row("connect, bare loop", bare, bare);
    row("connect, Probe", best(|| probes(&runtime, Spec::Connect, silent, 1)), bare);
    row("connect, Probe, 64 at a time", best(|| probes(&runtime, Spec::Connect, silent, 64)), bare);
    println!();
    divan::main();
}

/// A server in a thread of its own: it answers each request, or only accepts.
fn server(answers: bool) -> Target {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port");
    // The standard library's 128 overflow, and every dropped SYN costs a second of waiting.
    socket.listen(4096).expect("a queue");
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1024];
            if answers && stream.read(&mut request).is_ok() {
                let _ = stream.write_all(ANSWER);
            }
        }
    });
    Target { address: address.ip(), port: address.port() }
}

fn http(receive: Option<&str>) -> Spec {
    Spec::Http(Box::new(Http {
        tls: None,
        method: Method::Get,
        request: "/check".to_owned(),
        host: None,
        receive: receive.map(|pattern| Pattern::compile(pattern).expect("a pattern")),
        redirect: Redirect::Follow,
        http2: false,
        proxy: false,
        kube: None,
    }))
}

/// What the probe does, with blocking sockets and no judgement.
fn bare_http(target: Target) {
    let mut stream = TcpStream::connect((target.address, target.port)).expect("a connection");
    stream.write_all(REQUEST).expect("a request");
    let mut answer = [0; 4096];
    assert_eq!(stream.read(&mut answer).expect("an answer"), ANSWER.len());
}

fn bare_connect(target: Target) {
    let stream = TcpStream::connect((target.address, target.port)).expect("a connection");
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("linger");
}

/// `CHECKS` probes, so many at a time.
fn probes(runtime: &Runtime, spec: Spec, target: Target, at_once: u32) {
    let probe = std::sync::Arc::new(Probe::new(spec, target).expect("a probe"));
    runtime.block_on(async {
        let workers: Vec<_> = (0..at_once)
            .map(|_| {
                let probe = std::sync::Arc::clone(&probe);
                tokio::spawn(async move {
                    for _ in 0..CHECKS / at_once {
                        let verdict = probe.run(DEADLINE).await;
                        assert!(verdict.is_up(), "{}", verdict.words());
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.expect("a worker");
        }
    });
}

/// Processor time of this thread for one check, in microseconds.
fn best(work: impl Fn()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| {
        let before = used();
        work();
        (used() - before) as f64 / f64::from(CHECKS)
    });
    rounds.fold(f64::INFINITY, f64::min)
}

fn used() -> i64 {
    let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("usage");
    usage.user_time().num_microseconds() + usage.system_time().num_microseconds()
}

fn row(name: &str, microseconds: f64, bare: f64) {
    println!("{name:28} {microseconds:>8.1} {:>8.2} {:>12.0}", microseconds / bare, 1e6 / microseconds);
}

#[divan::bench]
fn http_check(bencher: divan::Bencher<'_, '_>) {
    one(bencher, http(None), true);
}

#[divan::bench]
fn connect_check(bencher: divan::Bencher<'_, '_>) {
    one(bencher, Spec::Connect, false);
}

fn one(bencher: divan::Bencher<'_, '_>, spec: Spec, answers: bool) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let probe = Probe::new(spec, server(answers)).expect("a probe");
    bencher.bench_local(|| assert!(runtime.block_on(probe.run(DEADLINE)).is_up()));
}
