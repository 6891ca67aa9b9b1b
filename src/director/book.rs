//! The distinct checks and who shares them: one entry for everything that asks the same of the same target.

use super::Time;
use super::id::{Ask, CheckId, Key};
use checks::Verdict;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

/// A virtual and a real in it, by their places in the configuration.
pub(super) type Place = (u32, u32);

/// One distinct check.
#[derive(Debug)]
pub(super) struct Check {
    /// What is asked of whom.
    pub(super) key: Key,
    /// The shortest interval that anybody wants.
    pub(super) interval: Duration,
    /// Who wants to know.
    pub(super) users: Vec<Place>,
    /// Connects left until the next negotiate of a combined check.
    pub(super) sequence: u32,
    /// What it found last.
    pub(super) verdict: Option<Verdict>,
    /// When.
    pub(super) checked: Time,
    /// Another host answered, and that was told.
    pub(super) elsewhere: bool,
}

impl Check {
    /// Keeps a verdict; the URL of another host that answered, if that is news.
    pub(super) fn note(&mut self, verdict: &Verdict, now: Time) -> Option<String> {
        self.sequence = self.key.ask.advance(self.sequence, verdict.is_up());
        self.verdict = Some(verdict.clone());
        self.checked = now;
        let url = verdict.result.as_ref().ok().and_then(|success| success.answered_by.clone());
        let news = url.is_some() && !self.elsewhere;
        // A failure in between says nothing about who answers.
        self.elsewhere = if verdict.is_up() { url.is_some() } else { self.elsewhere };
        url.filter(|_| news)
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Book {
    checks: HashMap<CheckId, Check>,
    keys: HashMap<Key, CheckId>,
    last: u64,
    unverified: usize,
    users: usize,
}

impl Book {
    /// A configuration is about to subscribe anew: nobody wants anything, everything known is kept.
    pub(super) fn begin(&mut self) {
        self.users = 0;
        for check in self.checks.values_mut() {
            check.users.clear();
            check.interval = Duration::MAX;
        }
    }

    /// A real wants a check.
    pub(super) fn subscribe(&mut self, key: Key, interval: Duration, place: Place) -> CheckId {
        self.users += 1;
        let id = match self.keys.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(vacant) => {
                self.last += 1;
                let id = CheckId(self.last);
                let key = vacant.key().clone();
                vacant.insert(id);
                let check = Check {
                    key,
                    interval,
                    users: Vec::new(),
                    sequence: 0,
                    verdict: None,
                    checked: Time::ZERO,
                    elsewhere: false,
                };
                self.checks.insert(id, check);
                self.unverified += 1;
                id
            }
        };
        if let Some(check) = self.checks.get_mut(&id) {
            check.interval = check.interval.min(interval);
            check.users.push(place);
        }
        id
    }

    /// Everybody has subscribed: the checks that nobody wants are forgotten and named.
    pub(super) fn finish(&mut self) -> Vec<CheckId> {
        let unwanted: Vec<CheckId> =
            self.checks.iter().filter(|(_, check)| check.users.is_empty()).map(|(id, _)| *id).collect();
        for id in &unwanted {
            if let Some(check) = self.checks.remove(id) {
                self.keys.remove(&check.key);
                self.unverified -= usize::from(check.verdict.is_none());
            }
        }
        unwanted
    }

    /// One check.
    pub(super) fn get(&self, id: CheckId) -> Option<&Check> {
        self.checks.get(&id)
    }

    /// A verdict came: who wants to know, and the URL of another host that answered, if that is news.
    /// The users are lent; [`Self::give_back`] returns them.
    pub(super) fn verdict(
        &mut self,
        id: CheckId,
        verdict: &Verdict,
        now: Time,
    ) -> Option<(Vec<Place>, Option<String>)> {
        let check = self.checks.get_mut(&id)?;
        self.unverified -= usize::from(check.verdict.is_none());
        let elsewhere = check.note(verdict, now);
        Some((std::mem::take(&mut check.users), elsewhere))
    }

    /// Returns what [`Self::verdict`] lent.
    pub(super) fn give_back(&mut self, id: CheckId, users: Vec<Place>) {
        if let Some(check) = self.checks.get_mut(&id) {
            check.users = users;
        }
    }

    /// Every check, in the order of the ids: that of the configuration.
    pub(super) fn ordered(&self) -> Vec<(CheckId, &Check)> {
        let mut all: Vec<_> = self.checks.iter().map(|(id, check)| (*id, check)).collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        all
    }

    /// Distinct checks.
    pub(super) fn len(&self) -> usize {
        self.checks.len()
    }
    /// Checks that sharing saves.
    pub(super) fn saved(&self) -> usize {
        self.users - self.checks.len()
    }
    /// Checks without a verdict.
    pub(super) fn unverified(&self) -> usize {
        self.unverified
    }
}

/// Makes the keys of one virtual's reals; equal probes of neighbours share one value.
#[derive(Debug, Default)]
pub(super) struct Keys {
    last: Option<(crate::config::Probes, std::sync::Arc<Ask>)>,
}

impl Keys {
    /// The key of a real; nothing where it is not checked.
    pub(super) fn of(&mut self, real: &crate::config::Real) -> Option<Key> {
        let target = checks::Target { address: real.address?, port: real.checkport };
        if let Some((probes, ask)) = &self.last
            && *probes == real.probes
        {
            return Some(Key::new(target, ask.clone()));
        }
        let ask = std::sync::Arc::new(Ask::of(&real.probes)?);
        self.last = Some((real.probes.clone(), ask.clone()));
        Some(Key::new(target, ask))
    }
}
