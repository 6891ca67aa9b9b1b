//! When each check starts: a heap of due times. Every check has its own place in its interval, derived from what it asks,
//! so that checks stay spread however they began; starts keep to that grid and never drift.

use super::{CheckId, Time};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

/// A check that waits for room longer than this is late.
const LATE: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Entry {
    interval: Duration,
    /// Its place in the interval, less than that.
    phase: Duration,
    /// When it starts next.
    due: Time,
    running: bool,
    /// Came due, and waits for room.
    waiting: bool,
    /// Was put off once since its last start because the whole process had been stopped.
    put_off: bool,
    /// Has not run yet.
    first: bool,
}

impl Entry {
    /// The first place of its grid after `now`.
    fn after(&self, now: Time) -> Time {
        let interval = self.interval.as_nanos().max(1);
        let phase = self.phase.as_nanos();
        let turns = now.as_nanos().checked_sub(phase).map_or(0, |past| past / interval + 1);
        Duration::from_nanos_u128(phase + turns * interval)
    }
}

/// All due times. Entries of the heap that do not agree with their check any more are passed over when they come up.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    entries: HashMap<CheckId, Entry>,
    heap: BinaryHeap<Reverse<(Time, CheckId)>>,
    queue: VecDeque<CheckId>,
    waiting: usize,
    told: bool,
}

impl Schedule {
    /// A new check: due at once, later at its own place in the interval. `hash` decides which.
    pub(super) fn insert(&mut self, check: CheckId, interval: Duration, hash: u64, now: Time) {
        let entry = Entry {
            interval,
            phase: place(interval, hash),
            due: now,
            running: false,
            waiting: false,
            put_off: false,
            first: true,
        };
        self.entries.insert(check, entry);
        self.heap.push(Reverse((now, check)));
    }

    /// Whether it has this check.
    pub(super) fn knows(&self, check: CheckId) -> bool {
        self.entries.contains_key(&check)
    }

    /// A changed interval; the check keeps what it is doing.
    pub(super) fn set_interval(&mut self, check: CheckId, interval: Duration, hash: impl FnOnce() -> u64, now: Time) {
        let Some(entry) = self.entries.get_mut(&check) else { return };
        if entry.interval == interval {
            return;
        }
        entry.interval = interval;
        entry.phase = place(interval, hash());
        if !entry.waiting && !entry.first {
            entry.due = entry.after(now);
            if !entry.running {
                self.heap.push(Reverse((entry.due, check)));
            }
        }
    }

    /// Somebody waits for this check: it is due now.
    pub(super) fn hasten(&mut self, check: CheckId, now: Time) {
        if let Some(entry) = self.entries.get_mut(&check)
            && !entry.running
            && !entry.waiting
            && entry.due > now
        {
            entry.due = now;
            self.heap.push(Reverse((now, check)));
        }
    }

    /// A check that nobody wants any more.
    pub(super) fn remove(&mut self, check: CheckId) {
        if self.entries.remove(&check).is_some_and(|entry| entry.waiting) {
            self.waiting -= 1;
        }
        if self.heap.len() > 64 + 2 * self.entries.len() {
            let entries = &self.entries;
            self.heap.retain(|Reverse((due, check))| entries.get(check).is_some_and(|entry| entry.due == *due));
        }
    }

    /// The checks to start now, at most `room`, those that came due first first. They count as running.
    pub(super) fn take(&mut self, now: Time, room: usize) -> Vec<CheckId> {
        while let Some(Reverse((due, check))) = self.heap.peek().copied()
            && due <= now
        {
            self.heap.pop();
            let Some(entry) = self.entries.get_mut(&check) else { continue };
            if entry.due != due || entry.running || entry.waiting {
                continue;
            }
            // Overdue by that much without having been seen due means that the process stood still (stopped, suspended).
            // Everything is overdue then: each check runs once, at its own place, instead of all at this moment.
            if !entry.first && !entry.put_off && now - due > entry.interval / 2 {
                entry.put_off = true;
                entry.due = entry.after(now);
                self.heap.push(Reverse((entry.due, check)));
                continue;
            }
            entry.waiting = true;
            self.waiting += 1;
            self.queue.push_back(check);
        }
        let mut started = Vec::new();
        while started.len() < room
            && let Some(check) = self.queue.pop_front()
        {
            let Some(entry) = self.entries.get_mut(&check).filter(|entry| entry.waiting) else { continue };
            self.waiting -= 1;
            entry.waiting = false;
            entry.running = true;
            entry.first = false;
            entry.put_off = false;
            entry.due = entry.after(now);
            started.push(check);
        }
        started
    }

    /// A check ended. One that outlasted its interval starts again at once.
    pub(super) fn finished(&mut self, check: CheckId, now: Time) {
        if let Some(entry) = self.entries.get_mut(&check)
            && entry.running
        {
            entry.running = false;
            entry.due = entry.due.max(now);
            self.heap.push(Reverse((entry.due, check)));
        }
    }

    /// When the next check comes due; those that wait for room do not count, the end of another check makes it.
    pub(super) fn next(&self) -> Option<Time> {
        let late = self.oldest().filter(|_| !self.told).map(|due| due + LATE);
        let due = self.heap.peek().map(|Reverse((due, _))| *due);
        late.into_iter().chain(due).min()
    }

    /// How many wait for room.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many are late, once until none is.
    pub(super) fn newly_late(&mut self, now: Time) -> Option<usize> {
        if self.waiting == 0 {
            self.told = false;
            return None;
        }
        if self.told || self.oldest().is_none_or(|due| now < due + LATE) {
            return None;
        }
        self.told = true;
        Some(self.waiting)
    }

    fn oldest(&self) -> Option<Time> {
        self.queue.iter().find_map(|check| self.entries.get(check)).map(|entry| entry.due)
    }

    /// Size of the heap and of the queue, for tests of their growth.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize) {
        (self.heap.len(), self.queue.len())
    }
}

/// The place in an interval that a hash stands for.
fn place(interval: Duration, hash: u64) -> Duration {
    let nanos = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
    let place = (u128::from(hash) * u128::from(nanos)) >> 64;
    Duration::from_nanos(u64::try_from(place).unwrap_or(0))
}
