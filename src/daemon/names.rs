//! When to ask again for names that do not resolve: with growing pauses, so that a dead name server is not hammered.

use std::time::Duration;
use tokio::time::Instant;

/// First pause.
const FIRST: Duration = Duration::from_secs(5);
/// Longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// The next attempt, if one is needed.
#[derive(Debug, Default)]
pub(super) struct Names {
    pause: Option<Duration>,
    at: Option<Instant>,
}

impl Names {
    /// All names are known, or these many are not: a new configuration begins with the first pause.
    pub(super) fn judged(&mut self, unknown: usize, fresh: bool, now: Instant) {
        if unknown == 0 {
            *self = Self::default();
            return;
        }
        let pause = match self.pause {
            Some(pause) if !fresh => (pause * 2).min(LONGEST),
            _ => FIRST,
        };
        self.pause = Some(pause);
        self.at = Some(now + pause);
    }

    /// When to ask.
    pub(super) fn at(&self) -> Option<Instant> {
        self.at
    }

    /// They are being asked for.
    pub(super) fn asking(&mut self) {
        self.at = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_begin_anew() {
        let mut names = Names::default();
        let mut pauses = Vec::new();
        for attempt in 0..7 {
            let now = Instant::now();
            names.judged(1, attempt == 0, now);
            pauses.push((names.at().unwrap() - now).as_secs());
            names.asking();
            assert!(names.at().is_none());
        }
        assert_eq!(pauses, [5, 10, 20, 40, 60, 60, 60]);
        names.judged(0, false, Instant::now());
        assert!(names.at().is_none());
        names.judged(2, false, Instant::now());
        assert_eq!((names.at().unwrap() - Instant::now()).as_secs(), 5);
    }
}
