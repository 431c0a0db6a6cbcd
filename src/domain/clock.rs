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
    System,
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// The wall clock of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
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
            Kind::System => Timestamp::system_now(),
            Kind::Manual(t) => *t.borrow(),
        }
    }

    /// Moves a manual clock forward and wakes those whose time has come. A system clock stays.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(t) = &self.0 {
            t.send_modify(|now| *now = now.plus(by));
        }
    }

    /// Returns once [`Self::now`] has reached `until`.
    pub async fn sleep_until(&self, until: Timestamp) {
        match &self.0 {
            // The wall clock can be set while we sleep, so look again after each sleep. A sleep
            // is cut to an hour so that a clock that was set forward is noticed.
            Kind::System => loop {
                let left = until.since(self.now());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(Duration::from_secs(3600))).await;
            },
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
