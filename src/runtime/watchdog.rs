//! Every loop proves that it makes progress, or `/readyz` names it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::{Clock, Timestamp};

/// Heartbeats that a part may miss.
const MISSES: u32 = 3;

/// The last sign of life of each part, and what is wrong with those that say so themselves.
pub struct Watchdog {
    clock: Clock,
    patience: Duration,
    parts: Mutex<BTreeMap<String, Part>>,
}

struct Part {
    seen: Timestamp,
    fault: Option<String>,
}

impl Watchdog {
    /// For parts that beat every `heartbeat`.
    #[must_use]
    pub fn new(clock: Clock, heartbeat: Duration) -> Self {
        Self { clock, patience: heartbeat * MISSES + Duration::from_secs(1), parts: Mutex::default() }
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<String, Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part is alive and well.
    pub fn beat(&self, part: &str) {
        self.set(part, None);
    }

    /// A part is alive and not well.
    pub fn fault(&self, part: &str, what: String) {
        self.set(part, Some(what));
    }

    fn set(&self, part: &str, fault: Option<String>) {
        let seen = self.clock.now();
        let mut parts = self.parts();
        match parts.get_mut(part) {
            Some(known) => *known = Part { seen, fault },
            None => {
                parts.insert(part.to_owned(), Part { seen, fault });
            }
        }
    }

    /// Each part with what is wrong with it, or `None`.
    #[must_use]
    pub fn look(&self) -> BTreeMap<String, Option<String>> {
        let now = self.clock.now();
        let judge = |part: &Part| {
            let silent = now.since(part.seen);
            if silent > self.patience {
                return Some(format!("no sign of life for {} s", silent.as_secs()));
            }
            part.fault.clone()
        };
        self.parts().iter().map(|(name, part)| (name.clone(), judge(part))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_who_is_silent_and_who_complains() {
        let clock = Clock::manual(Timestamp::from_millis(1_000));
        let dog = Watchdog::new(clock.clone(), Duration::from_secs(5));
        dog.beat("a");
        dog.beat("b");
        dog.fault("c", "disk full".into());
        clock.advance(Duration::from_secs(10));
        dog.beat("b");
        clock.advance(Duration::from_secs(10));
        let seen = dog.look();
        assert!(seen["a"].as_ref().unwrap().contains("no sign of life"));
        assert_eq!(seen["b"], None);
        assert!(seen["c"].is_some());
    }
}
