//! `reresolve`: what a name server's answers mean for the real servers that are named. The present address of a real stays until
//! another one has passed its checks: a name that moves to a dead server, or to none, moves no traffic.

use super::{Time, desired};
use crate::config::{CheckKind, Config, Real, Virtual};
use crate::ipvs::{DestinationId, Family, ServiceId};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::time::Duration;

/// Bounds of the time between two questions, whatever the TTL says: a TTL of nothing must not become a flood, nor one of a week
/// a name that nobody can change.
const SOONEST: Duration = Duration::from_secs(5);
const LATEST: Duration = Duration::from_secs(3600);
/// The longest pause while a name does not resolve.
const LONGEST_FAILURE: Duration = Duration::from_secs(60);
/// How long the address that was left keeps its connections (`quiescent = yes`): the kernel's own patience with a TCP connection
/// on which nothing is said.
const DRAIN: Duration = Duration::from_secs(900);
/// Of one real server.
const MOST_LEAVING: usize = 8;

/// A name and what is asked for it: A or AAAA records.
pub type Name = (String, Family);

/// What a name server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The addresses, in its order.
    Found {
        /// None: the name has no address of this family.
        addresses: Vec<IpAddr>,
        /// For how long they are good.
        ttl: Duration,
    },
    /// Nothing, and why.
    Failed(String),
}

/// A real server that is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its virtual service.
    pub service: ServiceId,
    /// Its name, as written.
    pub host: String,
    /// Its port, as configured.
    pub port: u16,
}

/// What is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The name does not resolve.
    Fails(String, String),
    /// It does again.
    Resolves(String),
    /// The name means another address now, which is to be checked.
    Candidate(Place, IpAddr, IpAddr),
    /// The name means the present address again, or yet another one: this one is forgotten.
    Forgotten(Place, IpAddr, IpAddr),
    /// From the first address to the second one; whether the first keeps its connections for a while.
    Moved(Place, IpAddr, IpAddr, bool),
    /// The address that was left goes, with what connections it still has.
    Drained(Place, IpAddr),
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fails(name, words) => {
                write!(f, "{name} does not resolve: {words}; its real servers keep their last addresses")
            }
            Self::Resolves(name) => write!(f, "{name} resolves again"),
            Self::Candidate(place, present, new) => {
                write!(f, "{place}: the name means {new} now; {present} stays until {new} has passed its check")
            }
            Self::Forgotten(place, present, old) => {
                write!(f, "{place}: the name does not mean {old} any more, which was not up yet; {present} stays")
            }
            Self::Moved(place, from, to, drained) => {
                let end = if *drained { "gets no new connections" } else { "is removed" };
                write!(f, "{place}: {to} is up and takes over, {from} {end}")
            }
            Self::Drained(place, address) => write!(f, "{place}: {address}, which was left, is removed"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Real server {}:{} ({})", self.host, self.port, self.service)
    }
}

#[derive(Debug)]
struct Asking {
    /// Unset: the answer is on its way.
    next: Option<Time>,
    failures: u32,
    questions: u64,
}

#[derive(Debug)]
struct Held {
    present: IpAddr,
    /// Where the name leads now; checked, without weight until it is up.
    candidate: Option<IpAddr>,
    /// What was left, and when its time is over.
    leaving: Vec<(IpAddr, Time)>,
    quiescent: bool,
}

/// All names that are asked again, and the real servers they stand for.
#[derive(Debug, Default)]
pub struct Renames {
    names: BTreeMap<Name, Asking>,
    places: BTreeMap<Place, Held>,
    changed: bool,
}

impl Renames {
    /// A configuration as the file and the machine's first answers have it. Real servers that it names as before keep their
    /// present address; where the machine has another one now, the name is asked at once.
    pub fn configure(&mut self, config: &Config, now: Time) {
        let mut names = BTreeMap::new();
        let mut places = BTreeMap::new();
        for virtual_ in config.virtuals.iter().filter(|virtual_| follows(virtual_)) {
            for (place, address) in virtual_.reals.iter().filter_map(|real| named(virtual_, real)) {
                let name = (place.host.clone(), virtual_.id.family());
                let known = self.names.remove(&name);
                let asking = names.entry(name.clone()).or_insert_with(|| {
                    known.unwrap_or_else(|| Asking { next: Some(now + first_pause(&name)), failures: 0, questions: 0 })
                });
                let held = match self.places.remove(&place) {
                    Some(held) => {
                        if held.present != address && held.candidate != Some(address) && asking.next.is_some() {
                            asking.next = Some(now);
                        }
                        Held { quiescent: virtual_.quiescent, ..held }
                    }
                    None => {
                        let quiescent = virtual_.quiescent;
                        Held { present: address, candidate: None, leaving: Vec::new(), quiescent }
                    }
                };
                places.insert(place, held);
            }
        }
        (self.names, self.places) = (names, places);
    }

    /// The names whose time has come; they count as asked until their answer.
    pub fn due(&mut self, now: Time) -> Vec<Name> {
        let due = self.names.iter_mut().filter(|(_, asking)| asking.next.is_some_and(|next| next <= now));
        due.map(|(name, asking)| {
            asking.next = None;
            asking.questions += 1;
            name.clone()
        })
        .collect()
    }
    /// When [`Self::due`] or [`Self::tick`] has something to do.
    pub fn next_wake(&self) -> Option<Time> {
        let drains = self.places.values().flat_map(|held| &held.leaving).map(|(_, until)| *until);
        self.names.values().filter_map(|asking| asking.next).chain(drains).min()
    }

    /// A name server's answer. One of a name that nobody asks for any more is nothing.
    pub fn answered(&mut self, name: &Name, answer: Answer, now: Time) -> Vec<News> {
        let Some(asking) = self.names.get_mut(name) else { return Vec::new() };
        let (addresses, ttl) = match answer {
            Answer::Found { mut addresses, ttl } => {
                addresses.retain(|address| Family::of(address) == name.1);
                (addresses, ttl)
            }
            Answer::Failed(words) => return failed(name, asking, words, now),
        };
        if addresses.is_empty() {
            return failed(name, asking, "it has no address".to_owned(), now);
        }
        let mut news = Vec::new();
        if std::mem::take(&mut asking.failures) > 0 {
            news.push(News::Resolves(name.0.clone()));
        }
        asking.next = Some(now + jittered(ttl.clamp(SOONEST, LATEST), name, asking.questions));
        for (place, held) in &mut self.places {
            if place.host != name.0 || place.service.family() != name.1 {
                continue;
            }
            let wanted = if addresses.contains(&held.present) {
                None
            } else {
                held.candidate.filter(|candidate| addresses.contains(candidate)).or(addresses.first().copied())
            };
            if wanted == held.candidate {
                continue;
            }
            self.changed = true;
            let before = std::mem::replace(&mut held.candidate, wanted);
            news.extend(before.map(|before| News::Forgotten(place.clone(), held.present, before)));
            news.extend(wanted.map(|wanted| News::Candidate(place.clone(), held.present, wanted)));
        }
        news
    }

    /// Lets the candidates in that are up, by the director's word, and the drained ones go.
    pub fn tick(&mut self, is_up: impl Fn(&ServiceId, DestinationId) -> bool, now: Time) -> Vec<News> {
        let mut news = Vec::new();
        for (place, held) in &mut self.places {
            let up = |address: &IpAddr| is_up(&place.service, DestinationId { address: *address, port: place.port });
            if let Some(candidate) = held.candidate.take_if(|candidate| up(candidate)) {
                let left = std::mem::replace(&mut held.present, candidate);
                held.leaving.retain(|(address, _)| *address != candidate);
                if held.quiescent {
                    // A name that never rests would leave a crowd.
                    let surplus = (held.leaving.len() + 1).saturating_sub(MOST_LEAVING);
                    held.leaving.drain(..surplus);
                    held.leaving.push((left, now + DRAIN));
                }
                news.push(News::Moved(place.clone(), left, candidate, held.quiescent));
            }
            let over: Vec<IpAddr> =
                held.leaving.extract_if(.., |(_, until)| *until <= now).map(|(address, _)| address).collect();
            news.extend(over.into_iter().map(|address| News::Drained(place.clone(), address)));
        }
        self.changed |= !news.is_empty();
        news
    }

    /// Whether [`Self::overlay`] would say something else than when this was asked last.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The configuration with every named real server where it is now, its candidate beside it, and what it left. No two
    /// destinations are one: what is written as an address goes before a name, and what has traffic before what may get some.
    pub fn overlay(&self, config: &Config) -> Config {
        let mut config = config.clone();
        for virtual_ in config.virtuals.iter_mut().filter(|virtual_| follows(virtual_)) {
            let reals = virtual_.reals.iter().flat_map(|real| {
                let held = named(virtual_, real).and_then(|(place, _)| self.places.get(&place));
                held.map_or_else(|| vec![(0, real.clone())], |held| spread(real, held))
            });
            let mut reals: Vec<(u8, Option<Real>)> = reals.map(|(rank, real)| (rank, Some(real))).collect();
            let mut taken = HashSet::new();
            for rank in 0..4 {
                for (own, slot) in reals.iter_mut().filter(|(own, _)| *own == rank) {
                    let id = slot.as_ref().and_then(|real| desired::real_id(&virtual_.id, real));
                    if *own > 0 && id.is_some_and(|id| taken.contains(&id)) {
                        *slot = None;
                    }
                    taken.extend(id);
                }
            }
            virtual_.reals = reals.into_iter().filter_map(|(_, real)| real).collect();
        }
        config
    }
}

/// A real and its shadows, each with its rank: 1 present, 2 candidate, 3 leaving.
fn spread(real: &Real, held: &Held) -> Vec<(u8, Real)> {
    let present = (1, real.at(held.present));
    let candidate = held.candidate.map(|address| (2, real.at(address)));
    let leaving = held.leaving.iter().map(|(address, _)| (3, Real { leaving: true, ..real.at(*address) }));
    std::iter::once(present).chain(candidate).chain(leaving).collect()
}

/// Whether a virtual's names are asked again. What is never checked could never be let in.
fn follows(virtual_: &Virtual) -> bool {
    virtual_.reresolve && virtual_.check.kind != CheckKind::Off
}

/// A real that has a name, and an address already.
fn named(virtual_: &Virtual, real: &Real) -> Option<(Place, IpAddr)> {
    let address = real.address.filter(|_| real.host.parse::<IpAddr>().is_err())?;
    Some((Place { service: virtual_.id, host: real.host.clone(), port: real.port }, address))
}

fn failed(name: &Name, asking: &mut Asking, words: String, now: Time) -> Vec<News> {
    let pause = SOONEST.saturating_mul(1 << asking.failures.min(6)).min(LONGEST_FAILURE);
    asking.failures = asking.failures.saturating_add(1);
    asking.next = Some(now + jittered(pause, name, asking.questions));
    if asking.failures == 1 { vec![News::Fails(name.0.clone(), words)] } else { Vec::new() }
}

/// Up to a tenth more, so that the names of a large file are not asked all at once for ever.
fn jittered(pause: Duration, name: &Name, turn: u64) -> Duration {
    pause + pause.mul_f64(fraction(name, turn) / 10.0)
}

/// The machine has just been asked for it, without being told for how long that is good.
fn first_pause(name: &Name) -> Duration {
    SOONEST.mul_f64(fraction(name, 0))
}

/// A number from 0 to 1 that is the same in every run.
fn fraction(name: &Name, turn: u64) -> f64 {
    let mut hasher = DefaultHasher::new();
    (name, turn).hash(&mut hasher);
    f64::from(u16::try_from(hasher.finish() >> 48).unwrap_or_default()) / f64::from(u16::MAX)
}
