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
    fault: Option<Fault>,
}

/// What is wrong with a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In words.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
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
            Some(known) => known.hear(seen, fault),
            None => {
                let fault = fault.map(|what| Fault { what, since: seen });
                parts.insert(part.to_owned(), Part { seen, fault });
            }
        }
    }

    /// How long each part has been silent.
    #[must_use]
    pub fn silences(&self) -> BTreeMap<String, Duration> {
        let now = self.clock.now();
        self.parts().iter().map(|(name, part)| (name.clone(), now.since(part.seen))).collect()
    }

    /// Each part with what is wrong with it, or `None`.
    #[must_use]
    pub fn look(&self) -> BTreeMap<String, Option<Fault>> {
        let now = self.clock.now();
        let judge = |part: &Part| {
            let silent = now.since(part.seen);
            if silent > self.patience {
                let what = format!("no sign of life for {} s", silent.as_secs());
                return Some(Fault { what, since: part.seen });
            }
            part.fault.clone()
        };
        self.parts().iter().map(|(name, part)| (name.clone(), judge(part))).collect()
    }
}

impl Part {
    /// A fault that goes on is as old as it was, also when it is put into other words.
    fn hear(&mut self, now: Timestamp, fault: Option<String>) {
        self.seen = now;
        let since = self.fault.take().map_or(now, |known| known.since);
        self.fault = fault.map(|what| Fault { what, since });
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
        assert!(seen["a"].as_ref().unwrap().what.contains("no sign of life"));
        assert_eq!(seen["b"], None);
        assert!(seen["c"].is_some());
    }

    #[test]
    fn a_fault_is_as_old_as_its_first_words() {
        let clock = Clock::manual(Timestamp::from_millis(0));
        let dog = Watchdog::new(clock.clone(), Duration::from_secs(5));
        dog.fault("a", "disk full".into());
        clock.advance(Duration::from_secs(4));
        dog.fault("a", "disk still full".into());
        let fault = dog.look()["a"].clone().unwrap();
        assert_eq!((fault.what.as_str(), fault.since.as_millis()), ("disk still full", 0));
        dog.beat("a");
        dog.fault("a", "full again".into());
        assert_eq!(dog.look()["a"].clone().unwrap().since.as_millis(), 4000);
    }
}
