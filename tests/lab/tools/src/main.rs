//! What the laboratory's scenarios need besides the program under test: servers that misbehave on command, clients that
//! count, and a recorder of the kernel's table. One program with several verbs.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program for tests: clock, sockets and files are its trade"
)]

mod client;
mod common;
mod measure;
mod poll;
mod record;
mod sip;
mod tns;
mod web;

const USAGE: &str = "usage: lab-tools VERB …
  web --state FILE [--name NAME] [--hang FILE] [--requests FILE] ADDRESS:PORT…   web server, see web.rs
  sip --state FILE [--name NAME] ADDRESS:PORT                  SIP server over UDP; FILE holds 200, 503 or silence
  tns --state FILE ADDRESS:PORT…                               Oracle's listener, see tns.rs
  get ADDRESS:PORT [PATH] [MILLISECONDS]                       prints the body of one page
  options ADDRESS:PORT [SOURCE-PORT]                           sends one SIP OPTIONS, prints the reply's first line and server
  stream ADDRESS:PORT EVERY-MILLISECONDS LOG                   a new connection every so often until killed
  hold ADDRESS:PORT COUNT LOG                                  keeps COUNT connections open until killed
  poll LOG                                                     writes every distinct state of /proc/net/ip_vs until killed
  lapses LOG REAL=WEIGHT…                                      states of a poll's LOG in which a real has another weight
  writes RECORD FIRST-LINE                                     the program's record of kernel writes from that line on
  loop http|connect ADDRESS:PORT COUNT                         bare-socket checks; prints microseconds of processor time each
  usage PID                                                    processor milliseconds and resident kilobytes of a process";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.split_first() {
        Some((&"web", rest)) => web::run(rest),
        Some((&"sip", rest)) => sip::run(rest),
        Some((&"tns", rest)) => tns::run(rest),
        Some((&"get", rest)) => client::get(rest),
        Some((&"options", rest)) => sip::options(rest),
        Some((&"stream", rest)) => client::stream(rest),
        Some((&"hold", rest)) => client::hold(rest),
        Some((&"poll", rest)) => poll::run(rest),
        Some((&"lapses", rest)) => poll::lapses(rest),
        Some((&"writes", rest)) => record::run(rest),
        Some((&"loop", rest)) => measure::bare_loop(rest),
        Some((&"usage", rest)) => measure::usage(rest),
        _ => Err(USAGE.to_string()),
    };
    if let Err(message) = outcome {
        eprintln!("lab-tools: {message}");
        std::process::exit(1);
    }
}
