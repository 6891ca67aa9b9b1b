//! A configuration with 50,000 real servers, parsed, judged and resolved: `cargo bench --bench config`. Hosts are numeric, as
//! in the files of that size that are in use, so that no name server is measured.
#![allow(missing_docs, reason = "a benchmark")]
#![allow(clippy::expect_used, reason = "a benchmark ends at the first surprise")]

use divan::{AllocProfiler, Bencher, counter::BytesCount};
use ldirectord::config::{Nameless, read};
use std::fmt::Write;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Virtual services and reals in each: one huge, many small ones, and the shape of a published installation.
const SHAPES: [(u32, u32); 3] = [(1, 50_000), (1_000, 50), (2_284, 16)];

fn main() {
    divan::main();
}

fn text((virtuals, reals): (u32, u32)) -> String {
    let mut text = String::from("checkinterval=3\nchecktimeout=2\nquiescent=yes\nautoreload=yes\n");
    for virtual_ in 0..virtuals {
        let (high, low) = (virtual_ / 250, virtual_ % 250 + 1);
        writeln!(text, "\nvirtual=192.168.{high}.{low}:80").expect("a string takes it");
        for real in 0..reals {
            let number = virtual_ * reals + real;
            let (a, b, c) = (number / 62_500, number / 250 % 250, number % 250 + 1);
            writeln!(text, "\treal=10.{a}.{b}.{c}:8080 masq {}", number % 100 + 1).expect("a string takes it");
        }
        text.push_str("\tservice=http\n\tscheduler=wrr\n\trequest=\"alive.html\"\n\treceive=\"OK\"\n");
    }
    text
}

#[divan::bench(args = SHAPES, sample_count = 15, sample_size = 1)]
fn parse_and_resolve(bencher: Bencher<'_, '_>, shape: (u32, u32)) {
    let text = text(shape);
    let length = text.len();
    bencher.counter(BytesCount::new(length)).bench_local(|| {
        let draft = read(text.as_bytes());
        assert!(draft.questions().len() < 10, "numeric hosts are no questions");
        let (config, _) = draft.finish(&Nameless);
        let config = config.expect("it loads");
        assert_eq!(config.virtuals.iter().map(|one| one.reals.len()).sum::<usize>() as u32, shape.0 * shape.1);
        config
    });
}
