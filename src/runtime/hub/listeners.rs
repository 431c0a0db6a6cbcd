//! Who wants log lines: asked for every line that a worker writes, so it must cost next to nothing
//! when nobody does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

/// How many subscribers want the log lines of which jobs.
#[derive(Default)]
pub(super) struct LogListeners {
    total: AtomicUsize,
    of_all: AtomicUsize,
    of_one: RwLock<HashMap<i64, usize>>,
}

/// One subscriber that wants log lines, until it is dropped. `None`: those of every job.
pub(super) struct LogListener {
    listeners: Arc<LogListeners>,
    job_id: Option<i64>,
}

impl LogListeners {
    /// Whether somebody wants the lines of this job.
    pub fn want(&self, job_id: i64) -> bool {
        self.total.load(Relaxed) > 0
            && (self.of_all.load(Relaxed) > 0
                || self.of_one.read().unwrap_or_else(PoisonError::into_inner).contains_key(&job_id))
    }

    /// Adds a subscriber.
    pub fn add(self: &Arc<Self>, job_id: Option<i64>) -> LogListener {
        match job_id {
            None => _ = self.of_all.fetch_add(1, Relaxed),
            Some(id) => {
                *self.of_one.write().unwrap_or_else(PoisonError::into_inner).entry(id).or_default() += 1;
            }
        }
        self.total.fetch_add(1, Relaxed);
        LogListener { listeners: Arc::clone(self), job_id }
    }

    /// Whose lines somebody wants, and whether those of all.
    pub fn all(&self) -> (Vec<i64>, bool) {
        let of_one = self.of_one.read().unwrap_or_else(PoisonError::into_inner);
        (of_one.keys().copied().collect(), self.of_all.load(Relaxed) > 0)
    }

    fn remove(&self, job_id: Option<i64>) {
        self.total.fetch_sub(1, Relaxed);
        let Some(id) = job_id else {
            self.of_all.fetch_sub(1, Relaxed);
            return;
        };
        let mut of_one = self.of_one.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = of_one.get_mut(&id) {
            *n -= 1;
            if *n == 0 {
                of_one.remove(&id);
            }
        }
    }
}

impl Drop for LogListener {
    fn drop(&mut self) {
        self.listeners.remove(self.job_id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wants_the_lines_of_those_jobs_that_somebody_listens_to() {
        let listeners = Arc::new(LogListeners::default());
        assert!(!listeners.want(1));
        let one = listeners.add(Some(1));
        let again = listeners.add(Some(1));
        assert!(listeners.want(1) && !listeners.want(2));
        drop(one);
        assert!(listeners.want(1));
        drop(again);
        assert!(!listeners.want(1));
        let all = listeners.add(None);
        assert!(listeners.want(2));
        drop(all);
        assert!(!listeners.want(2));
    }
}
