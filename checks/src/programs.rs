//! What all checks by programs share: how many run at once, in this whole process, and how one is run and ended.

mod group;
mod output;
mod process;

pub(crate) use group::{Group, MARK, mark, sweep};
pub(crate) use output::{Head, LastLine, Sink};
pub(crate) use process::{Stream, error_words, wait};

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Programs at once, until [`programs_at_most`] is called.
const USUAL: usize = 64;

static PLACES: LazyLock<Places> = LazyLock::new(|| Places::new(USUAL));

/// Sets how many programs of checks (external, external-perl, mon) may run at once in this process; at least one. It holds at
/// once: where more are running nobody begins until enough of them have ended.
pub fn programs_at_most(most: usize) {
    PLACES.resize(most);
}

/// Room for one program; waits for it, in the order of asking.
pub(crate) async fn place() -> Place {
    PLACES.place().await
}

/// A number of places that can be changed while some are taken.
struct Places {
    semaphore: Arc<Semaphore>,
    size: Arc<Mutex<Size>>,
}

struct Size {
    most: usize,
    /// Places that are to be given up as soon as they become free.
    excess: usize,
}

impl Places {
    fn new(most: usize) -> Self {
        let size = Arc::new(Mutex::new(Size { most, excess: 0 }));
        Self { semaphore: Arc::new(Semaphore::new(most)), size }
    }

    fn resize(&self, most: usize) {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let mut size = lock(&self.size);
        let before = std::mem::replace(&mut size.most, most);
        if most >= before {
            let kept = size.excess.min(most - before);
            size.excess -= kept;
            self.semaphore.add_permits(most - before - kept);
        } else {
            let free = self.semaphore.forget_permits(before - most);
            size.excess += before - most - free;
        }
    }

    async fn place(&self) -> Place {
        // The semaphore is never closed.
        Place { permit: self.semaphore.clone().acquire_owned().await.ok(), size: self.size.clone() }
    }
}

/// Room for one program, given back when it is dropped.
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    size: Arc<Mutex<Size>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut size = lock(&self.size);
        if size.excess > 0
            && let Some(permit) = self.permit.take()
        {
            size.excess -= 1;
            permit.forget();
        }
    }
}

/// What a mutex holds; nothing here is left half done where somebody panics.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::task::{Context, Waker};

    /// How many more places can be had now.
    fn free(places: &Places) -> usize {
        let mut taken = Vec::new();
        loop {
            let mut wanted = Box::pin(places.place());
            match wanted.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                std::task::Poll::Ready(place) => taken.push(place),
                std::task::Poll::Pending => return taken.len(),
            }
        }
    }

    #[tokio::test]
    async fn a_change_holds_at_once_and_takes_nothing_from_those_who_run() {
        let places = Places::new(3);
        let mut running = vec![places.place().await, places.place().await, places.place().await];
        places.resize(1);
        running.pop();
        running.pop();
        assert_eq!(free(&places), 0, "one is running, and one is the most");
        running.pop();
        assert_eq!(free(&places), 1);
        running.push(places.place().await);
        places.resize(0);
        assert_eq!(free(&places), 0, "there is always room for one, which is taken");
        places.resize(5);
        assert_eq!(free(&places), 4);
        places.resize(2);
        places.resize(4);
        assert_eq!(free(&places), 3);
        running.clear();
        assert_eq!(free(&places), 4);
    }

    #[tokio::test]
    async fn growing_takes_back_what_was_to_be_given_up() {
        let places = Places::new(4);
        let running = [places.place().await, places.place().await, places.place().await, places.place().await];
        places.resize(1);
        places.resize(3);
        assert_eq!(free(&places), 0);
        drop(running);
        assert_eq!(free(&places), 3);
    }
}
