//! Things that one job at a time works on.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Context, Failure, RunResult};

/// How long a job waits that finds its thing in use.
const PAUSE: Duration = Duration::from_secs(5);

/// What is in use just now.
#[derive(Debug, Default)]
pub(super) struct InUse<K: Eq + Hash>(Arc<Mutex<HashSet<K>>>);

/// A thing in use, until this is dropped.
#[derive(Debug)]
pub(super) struct Held<K: Eq + Hash> {
    all: Arc<Mutex<HashSet<K>>>,
    key: K,
}

impl<K: Eq + Hash + Clone> InUse<K> {
    /// Takes a thing into use. If another job has it, this one comes again a little later, which is
    /// no failure.
    ///
    /// # Errors
    /// [`Failure::Snooze`].
    pub fn take(&self, ctx: &Context, key: K) -> RunResult<Held<K>> {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone()) {
            return Ok(Held { all: Arc::clone(&self.0), key });
        }
        ctx.log.info("another job works on the same thing; this one waits");
        Err(Failure::Snooze(PAUSE))
    }
}

impl<K: Eq + Hash> Drop for Held<K> {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
