//! Asks name servers for the names of `reresolve`, beside everything else, and lets what came of it take effect. /etc/hosts goes
//! before the name servers of /etc/resolv.conf, as in "files dns" of nsswitch.conf, which is not read: getaddrinfo tells no TTL.
#![allow(clippy::disallowed_methods, reason = "names are asked for in tasks, and hosts(5) is a file")]

use super::owner::Owner;
use crate::config::Config;
use crate::director::{Answer, Name, News, Renames};
use crate::ipvs::Family;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

const HOSTS: &str = "/etc/hosts";
/// How long a line of /etc/hosts is taken for granted; looking there costs little.
const HOSTS_TTL: Duration = Duration::from_secs(30);
/// For one name, whatever its name servers do.
const DEADLINE: Duration = Duration::from_secs(15);
/// Names that are asked for at once.
const AT_ONCE: usize = 64;

/// What is asked again, and the answers on their way.
#[derive(Debug)]
pub(super) struct Reresolve {
    renames: Renames,
    /// The configuration as the file has it, without what was decided since.
    base: Arc<Config>,
    sender: mpsc::Sender<(Name, Answer)>,
    answers: mpsc::Receiver<(Name, Answer)>,
}

impl Reresolve {
    pub(super) fn new(base: Arc<Config>) -> Self {
        let (sender, answers) = mpsc::channel(AT_ONCE);
        let mut renames = Renames::default();
        renames.configure(&base, Duration::ZERO);
        Self { renames, base, sender, answers }
    }
    /// The next answer; never nothing, since a sender is kept.
    pub(super) async fn next(&mut self) -> (Name, Answer) {
        match self.answers.recv().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
    /// The configuration as the file has it.
    pub(super) fn base(&self) -> &Config {
        &self.base
    }
    /// When there is something to do next, in the director's time.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        self.renames.next_wake()
    }
    /// The file's configuration is this one now; what is to be in force.
    pub(super) fn configure(&mut self, base: Config, now: Duration) -> Config {
        self.base = Arc::new(base);
        self.renames.configure(&self.base, now);
        self.renames.overlay(&self.base)
    }
}

impl Owner {
    /// A name server has answered.
    pub(super) fn name_answered(&mut self, (name, answer): (Name, Answer)) {
        tracing::debug!("{} {:?}: {answer:?}", name.0, name.1);
        let news = self.reresolve.renames.answered(&name, answer, self.now());
        tell(&news);
    }

    /// Asks for the names whose time has come, and lets in what is up.
    pub(super) fn follow_names(&mut self) {
        let now = self.now();
        let due = self.reresolve.renames.due(now);
        if !due.is_empty() {
            tokio::spawn(ask(due, self.reresolve.sender.clone()));
        }
        let director = &self.director;
        let news = self.reresolve.renames.tick(|service, real| director.is_up(service, real), now);
        tell(&news);
        if self.reresolve.renames.take_changed() {
            let config = self.reresolve.renames.overlay(&self.reresolve.base);
            self.take_effect(config, true);
        }
    }
}

fn tell(news: &[News]) {
    for news in news {
        tracing::info!("{news}");
    }
}

/// Asks for all of them; the name servers are those of /etc/resolv.conf as it is now.
async fn ask(names: Vec<Name>, back: mpsc::Sender<(Name, Answer)>) {
    let hosts = std::fs::read(HOSTS).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    let resolver = resolver().map(Arc::new);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    for name in names {
        let listed = in_hosts(&hosts, &name);
        if !listed.is_empty() {
            let _ending = back.send((name, Answer::Found { addresses: listed, ttl: HOSTS_TTL })).await;
            continue;
        }
        let (resolver, back) = (resolver.clone(), back.clone());
        // The semaphore is never closed.
        let place = Arc::clone(&places).acquire_owned().await;
        tokio::spawn(async move {
            let answer = match resolver {
                Ok(resolver) => tokio::time::timeout(DEADLINE, look_up(&resolver, &name))
                    .await
                    .unwrap_or_else(|_| Answer::Failed(format!("no answer within {} s", DEADLINE.as_secs()))),
                Err(words) => Answer::Failed(words),
            };
            let _ending = back.send((name, answer)).await;
            drop(place);
        });
    }
}

/// Without memory: when to ask again is decided elsewhere.
fn resolver() -> Result<TokioResolver, String> {
    let unusable = |error: NetError| format!("/etc/resolv.conf cannot be used: {error}");
    let mut builder = TokioResolver::builder_tokio().map_err(unusable)?;
    let options = builder.options_mut();
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build().map_err(unusable)
}

async fn look_up(resolver: &TokioResolver, name: &Name) -> Answer {
    let kind = if name.1 == Family::V4 { RecordType::A } else { RecordType::AAAA };
    match resolver.lookup(name.0.as_str(), kind).await {
        Ok(found) => {
            let records = found.answers();
            let addresses = records.iter().filter_map(|record| match &record.data {
                RData::A(address) => Some(IpAddr::from(address.0)),
                RData::AAAA(address) => Some(IpAddr::from(address.0)),
                _ => None,
            });
            // Also of an alias on the way.
            let ttl = records.iter().map(|record| record.ttl).min().unwrap_or_default();
            Answer::Found { addresses: addresses.collect(), ttl: Duration::from_secs(ttl.into()) }
        }
        Err(error) => Answer::Failed(words(&error)),
    }
}

fn words(error: &NetError) -> String {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(nothing)) => match nothing.response_code {
            ResponseCode::NXDomain => "there is no such name".to_owned(),
            ResponseCode::NoError => "it has no address".to_owned(),
            code => format!("the name server says {code}"),
        },
        NetError::Timeout => "no name server answers".to_owned(),
        other => other.to_string(),
    }
}

/// The addresses of a name in hosts(5).
fn in_hosts(text: &str, name: &Name) -> Vec<IpAddr> {
    let wanted = name.0.trim_end_matches('.');
    let lines = text.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address: IpAddr = words.next()?.parse().ok()?;
        (Family::of(&address) == name.1 && words.any(|word| word.eq_ignore_ascii_case(wanted))).then_some(address)
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_hosts() {
        let text =
            "# x\n10.0.0.1 web1.example web1 # old\n10.0.0.2\tWEB1\n::1 web1\nfd00::1%eth0 web1\nnonsense web1\n";
        let found = |name: &str, family| in_hosts(text, &(name.to_owned(), family));
        let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        assert_eq!(found("web1", Family::V4), addresses(&["10.0.0.1", "10.0.0.2"]));
        assert_eq!(found("web1.example.", Family::V4), addresses(&["10.0.0.1"]));
        assert_eq!(found("Web1", Family::V6), addresses(&["::1"]));
        assert!(found("old", Family::V4).is_empty() && found("web2", Family::V4).is_empty());
    }
}
