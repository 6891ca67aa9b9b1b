//! How fast the kernel's table is written and read: batches on a socket of our own, one message at a time, the genetlink
//! crate, and `ipvsadm -R`, all with the same content in the same kernel. Runs only in the lab, with LDIRECTORD_LAB=1.
#![allow(clippy::disallowed_methods, missing_docs, reason = "a measurement acts")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that fails has no result")]

use futures::StreamExt;
use ldirectord::ipvs::wire::{FAMILY_NAME, FAMILY_VERSION, Frames, Request};
use ldirectord::ipvs::*;
use netlink_packet_core::{
    DecodeError, Emitable, NLM_F_ACK, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload, ParseableParametrized,
};
use netlink_packet_generic::{GenlFamily, GenlHeader, GenlMessage};
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SERVICES: u32 = 50;
const DESTINATIONS: u32 = 200;

fn main() {
    if std::env::var_os("LDIRECTORD_LAB").is_none() {
        println!("netlink: not run: needs the lab (LDIRECTORD_LAB=1)");
        return;
    }
    let mut kernel = KernelTable::open().expect("a kernel with IPVS");
    let services: Vec<Operation> = (0..SERVICES).map(|n| Operation::AddService(service(n))).collect();
    let with = |change: fn(ServiceId, Destination) -> Operation, weight: u32| -> Vec<Operation> {
        let pairs = (0..SERVICES).flat_map(|s| (0..DESTINATIONS).map(move |d| (service(s).id, destination(d))));
        pairs.map(|(id, destination)| change(id, Destination { weight, ..destination })).collect()
    };
    let adds = with(Operation::AddDestination, 1);
    let edits = with(Operation::EditDestination, 2);
    println!("{} destinations in {SERVICES} services; best of three", adds.len());
    println!("{:<44} {:>10} {:>12} {:>8}", "", "seconds", "a second", "times");

    let empty = |kernel: &mut KernelTable| {
        kernel.flush().unwrap();
        apply(kernel, &services);
    };
    let mut saved = String::new();
    let restore = best(|| {
        empty(&mut kernel);
        apply(&mut kernel, &adds);
        saved = kernel.listing().unwrap().save();
        kernel.flush().unwrap();
        let begin = Instant::now();
        let mut child = Command::new("ipvsadm").arg("-R").stdin(Stdio::piped()).spawn().expect("ipvsadm");
        child.stdin.take().unwrap().write_all(saved.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        begin.elapsed()
    });
    let base = rate(restore, adds.len());
    let row = |name: &str, time: Duration, count: usize| {
        let rate = rate(time, count);
        println!("{name:<44} {:>10.3} {rate:>12.0} {:>8.1}", time.as_secs_f64(), rate / base);
    };
    row("adds, ipvsadm -R", restore, adds.len());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (name, in_flight) in [("adds, genetlink crate, one by one", 1), ("adds, genetlink crate, 128 in flight", 128)] {
        let time = best(|| {
            empty(&mut kernel);
            let begin = Instant::now();
            runtime.block_on(genetlink_adds(&adds, in_flight));
            begin.elapsed()
        });
        row(name, time, adds.len());
    }
    let one_by_one = best(|| {
        empty(&mut kernel);
        timed(|| adds.chunks(1).for_each(|one| apply(&mut kernel, one)))
    });
    row("adds, this crate, one by one", one_by_one, adds.len());
    let batched = best(|| {
        empty(&mut kernel);
        timed(|| apply(&mut kernel, &adds))
    });
    row("adds, this crate", batched, adds.len());
    row("weight edits, this crate", best(|| timed(|| apply(&mut kernel, &edits))), edits.len());
    row("reading the whole table, this crate", best(|| timed(|| drop(kernel.read(&Scope::All).unwrap()))), adds.len());
    let listed = best(|| {
        timed(|| {
            let output = Command::new("ipvsadm").args(["-L", "-n"]).output().unwrap();
            assert!(output.status.success());
        })
    });
    row("reading the whole table, ipvsadm -L -n", listed, adds.len());
    kernel.flush().unwrap();
    println!("adds against ipvsadm -R: {:.1} times (bound: 10)", restore.as_secs_f64() / batched.as_secs_f64());
}

fn service(n: u32) -> Service {
    let address = Ipv4Addr::from(0x0a00_0001 + n).into();
    let id = ServiceId::Address { protocol: Protocol::Tcp, address, port: 80 };
    Service { id, scheduler: "wrr".into(), flags: ServiceFlags(0), timeout: 0, netmask: 32, engine: None }
}

fn destination(n: u32) -> Destination {
    let id = DestinationId { address: Ipv4Addr::from(0x0a10_0000 + n).into(), port: 80 };
    Destination { id, forward: Forward::Gate, weight: 1, upper: 0, lower: 0, tunnel: Tunnel::default() }
}

fn apply(kernel: &mut KernelTable, operations: &[Operation]) {
    for result in kernel.apply(operations).unwrap() {
        result.unwrap();
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn best(mut measure: impl FnMut() -> Duration) -> Duration {
    (0..3).map(|_| measure()).min().unwrap()
}

fn rate(time: Duration, count: usize) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// A message of the family for the genetlink crate: its attributes as our own encoder writes them.
#[derive(Clone, Debug)]
struct Encoded {
    command: u8,
    attributes: Vec<u8>,
}

impl GenlFamily for Encoded {
    fn family_name() -> &'static str {
        FAMILY_NAME
    }
    fn command(&self) -> u8 {
        self.command
    }
    fn version(&self) -> u8 {
        FAMILY_VERSION
    }
}

impl Emitable for Encoded {
    fn buffer_len(&self) -> usize {
        self.attributes.len()
    }
    fn emit(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.attributes);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Encoded {
    fn parse_with_param(bytes: &[u8], header: GenlHeader) -> Result<Self, DecodeError> {
        Ok(Self { command: header.cmd, attributes: bytes.to_vec() })
    }
}

fn message(operation: &Operation) -> NetlinkMessage<GenlMessage<Encoded>> {
    let mut bytes = Vec::new();
    Request::Change(operation).encode(&mut bytes, 0, 0, true);
    let frame = Frames::new(&bytes).next().unwrap().unwrap();
    let command = frame.payload.first().copied().unwrap();
    let attributes = frame.payload.get(4..).unwrap().to_vec();
    let mut message = NetlinkMessage::from(GenlMessage::from_payload(Encoded { command, attributes }));
    message.header.flags = NLM_F_REQUEST | NLM_F_ACK;
    message
}

async fn genetlink_adds(operations: &[Operation], in_flight: usize) {
    let (connection, handle, _) = genetlink::new_connection().unwrap();
    let connection = tokio::task::spawn(connection);
    let requests = operations.iter().map(|operation| {
        let mut handle = handle.clone();
        async move {
            let mut answers = handle.request(message(operation)).await.unwrap();
            while let Some(answer) = answers.next().await {
                if let NetlinkPayload::Error(error) = answer.unwrap().payload {
                    assert!(error.code.is_none(), "{error}");
                }
            }
        }
    });
    futures::stream::iter(requests).buffer_unordered(in_flight).collect::<()>().await;
    connection.abort();
}
