//! The schedule over virtual time: start to start, nothing lost, no herd.

use super::world::seconds;
use crate::director::schedule::Schedule;
use crate::director::{CheckId, Time};
use proptest::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

/// A well-mixed hash of a number, as a check's key would have.
fn hash(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

struct Run {
    schedule: Schedule,
    running: BinaryHeap<Reverse<(Time, CheckId)>>,
    durations: BTreeMap<CheckId, Duration>,
    now: Time,
    starts: BTreeMap<CheckId, Vec<Time>>,
    ends: BTreeMap<CheckId, Vec<Time>>,
    room: usize,
}

impl Run {
    fn new(checks: impl IntoIterator<Item = (Duration, Duration)>, room: usize) -> Self {
        let now = seconds(1000);
        let mut schedule = Schedule::default();
        let mut durations = BTreeMap::new();
        for (number, (interval, duration)) in (0u64..).zip(checks) {
            schedule.insert(CheckId(number), interval, hash(number), now);
            durations.insert(CheckId(number), duration);
        }
        let (starts, ends) = (BTreeMap::new(), BTreeMap::new());
        Self { schedule, running: BinaryHeap::new(), durations, now, starts, ends, room }
    }
    fn step(&mut self) {
        while let Some(Reverse((end, check))) = self.running.peek().copied()
            && end <= self.now
        {
            self.running.pop();
            self.schedule.finished(check, self.now);
            self.ends.entry(check).or_default().push(self.now);
        }
        let room = self.room - self.running.len();
        for check in self.schedule.take(self.now, room) {
            self.starts.entry(check).or_default().push(self.now);
            self.running.push(Reverse((self.now + self.durations[&check], check)));
        }
    }
    fn until(&mut self, end: Time) {
        loop {
            self.step();
            let next = self.running.peek().map(|Reverse((at, _))| *at);
            let next = self.schedule.next().into_iter().chain(next).min().unwrap();
            if next > end {
                break;
            }
            self.now = self.now.max(next);
        }
        self.now = end;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_check_runs_start_to_start_or_back_to_back(
        checks in prop::collection::vec((1u64..20, 0u64..30_000), 1..40)
    ) {
        let checks: Vec<_> = checks
            .into_iter()
            .map(|(interval, duration)| (seconds(interval), Duration::from_millis(duration)))
            .collect();
        let mut run = Run::new(checks.iter().copied(), usize::MAX);
        let begin = run.now;
        run.until(begin + seconds(400));
        for (number, (interval, duration)) in (0u64..).zip(checks) {
            let starts = &run.starts[&CheckId(number)];
            prop_assert_eq!(starts[0], begin, "first checks at once");
            for (number, pair) in starts.windows(2).enumerate() {
                let gap = pair[1] - pair[0];
                if duration >= interval {
                    prop_assert_eq!(gap, duration, "one that outlasts its interval starts again at once");
                } else if number > 1 && duration * 2 < interval {
                    prop_assert_eq!(gap, interval);
                } else {
                    prop_assert!(gap <= interval && gap >= duration, "{:?} in {:?}", gap, interval);
                }
            }
            prop_assert!(*starts.last().unwrap() + interval.max(duration) >= begin + seconds(400), "none is forgotten");
        }
    }
}

#[test]
fn checks_spread_over_the_interval_and_do_not_run_together() {
    let mut run = Run::new((0..1000).map(|_| (seconds(10), Duration::from_millis(5))), usize::MAX);
    let begin = run.now;
    run.until(begin + seconds(60));
    for tenth in 1..600 {
        let from = begin + Duration::from_millis(100 * tenth);
        let started =
            run.starts.values().flatten().filter(|at| **at >= from && **at < from + Duration::from_millis(100));
        let started = started.count();
        assert!(started <= 40, "{started} of 1000 checks in the {tenth}th tenth of a second");
    }
}

#[test]
fn after_a_long_pause_each_check_runs_once_and_they_stay_spread() {
    let mut run = Run::new((0..1000).map(|_| (seconds(10), Duration::from_millis(5))), usize::MAX);
    run.until(run.now + seconds(25));
    let woken = run.now + seconds(30);
    run.now = woken;
    run.until(woken + seconds(10));
    for (check, starts) in &run.starts {
        let since = starts.iter().filter(|at| **at >= woken).count();
        assert!((1..=2).contains(&since), "{check:?} ran {since} times");
    }
    let at_once = run.starts.values().filter(|starts| starts.contains(&woken)).count();
    assert!(at_once <= 20, "{at_once} checks at the moment of waking");
    let total: usize = run.starts.values().flatten().filter(|at| **at >= woken).count();
    assert!(total <= 1020, "{total} checks in one interval");
}

#[test]
fn without_room_checks_wait_in_order_and_are_told_late_once() {
    let mut run = Run::new((0..100).map(|_| (seconds(10), seconds(2))), 10);
    run.step();
    assert_eq!((run.starts.len(), run.schedule.waiting()), (10, 90));
    let begin = run.now;
    assert_eq!(run.schedule.newly_late(begin), None, "not late yet");
    assert_eq!(run.schedule.newly_late(begin + seconds(1)), Some(90));
    assert_eq!(run.schedule.newly_late(begin + seconds(1)), None, "told once");
    run.until(begin + seconds(200));
    // Room for five a second, ten a second wanted: each runs every twenty seconds, none starves.
    for (check, starts) in &run.starts {
        for pair in starts.windows(2) {
            assert!(pair[1] - pair[0] <= seconds(32), "{check:?}: {:?}", pair[1] - pair[0]);
        }
        assert!(starts.len() >= 8, "{check:?} ran {} times", starts.len());
    }
    assert_eq!(run.starts.len(), 100);
}

#[test]
fn the_heap_does_not_grow_with_what_was_removed() {
    let mut schedule = Schedule::default();
    for number in 0..100_000u64 {
        schedule.insert(CheckId(number), seconds(10), hash(number), seconds(0));
        schedule.remove(CheckId(number));
    }
    assert!(schedule.sizes().0 <= 65, "{:?}", schedule.sizes());
    assert!(schedule.take(seconds(1), usize::MAX).is_empty());
}
