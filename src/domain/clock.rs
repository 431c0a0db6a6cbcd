//! The one clock of a program. Tests use a manual one and move it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Timestamp;

/// Tells the time and sleeps by it. Cloning gives the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// In milliseconds, how much the time that counts is ahead of the machine's.
    System(Arc<watch::Sender<i64>>),
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// The wall clock of the machine, until it is [set](Self::set_ahead).
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System(Arc::new(watch::Sender::new(0))))
    }

    /// A clock that stands at `start` until it is moved with [`Self::advance`].
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Kind::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System(ahead) => {
                Timestamp::from_millis(Timestamp::system_now().as_millis().saturating_add(*ahead.borrow()))
            }
            Kind::Manual(t) => *t.borrow(),
        }
    }

    /// Moves a manual clock forward and wakes those whose time has come. A system clock stays.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(t) = &self.0 {
            t.send_modify(|now| *now = now.plus(by));
        }
    }

    /// Goes by a clock that is so many milliseconds ahead of the machine's, and wakes those whose time
    /// has come. A manual clock stays.
    pub fn set_ahead(&self, millis: i64) {
        if let Kind::System(ahead) = &self.0 {
            ahead.send_if_modified(|now| std::mem::replace(now, millis) != millis);
        }
    }

    /// Whether tests move it.
    #[must_use]
    pub const fn is_manual(&self) -> bool {
        matches!(self.0, Kind::Manual(_))
    }

    /// How many milliseconds it is ahead of the machine's.
    #[must_use]
    pub fn ahead(&self) -> i64 {
        match &self.0 {
            Kind::System(ahead) => *ahead.borrow(),
            Kind::Manual(_) => 0,
        }
    }

    /// Returns once [`Self::now`] has reached `until`.
    pub async fn sleep_until(&self, until: Timestamp) {
        match &self.0 {
            // The wall clock can be set while we sleep, so look again after each sleep. A sleep
            // is cut to an hour so that a clock that was set forward is noticed.
            Kind::System(ahead) => {
                let mut moved = ahead.subscribe();
                loop {
                    moved.mark_unchanged();
                    let left = until.since(self.now());
                    if left.is_zero() {
                        return;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(left.min(Duration::from_secs(3600))) => {}
                        _ = moved.changed() => {}
                    }
                }
            }
            Kind::Manual(t) => {
                let mut seen = t.subscribe();
                while *seen.borrow_and_update() < until {
                    if seen.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Sleeps for `d` by this clock.
    pub async fn sleep(&self, d: Duration) {
        self.sleep_until(self.now().plus(d)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_sleeps_hears_that_the_clock_was_set() {
        let clock = Clock::system();
        let (soon, before) = (clock.now().plus(Duration::from_secs(3000)), clock.now());
        let ahead = clock.clone();
        let asleep = tokio::spawn(async move { ahead.sleep_until(soon).await });
        tokio::task::yield_now().await;
        clock.set_ahead(3_000_000);
        asleep.await.unwrap();
        assert!(clock.now() >= soon && clock.ahead() == 3_000_000);
        clock.set_ahead(-3_000_000);
        assert!(clock.now() < before);
    }
}
