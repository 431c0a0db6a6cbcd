//! Who listens to log lines on other nodes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::store::talk::Listen;

/// Lines that are told to other nodes in a second. All of them are in the log file.
const LINES_A_SECOND: u32 = 1_000;
/// Beyond so many jobs the oldest word is forgotten.
const MAX_JOBS: usize = 10_000;

/// Whom other nodes listen to, as far as they have said so lately. Asked for every line that a
/// worker writes, so it must cost next to nothing when nobody does.
#[derive(Default)]
pub(super) struct FarListeners {
    /// How many entries there are.
    known: AtomicUsize,
    /// Until when: of a job, or of all.
    until: Mutex<HashMap<Option<i64>, Instant>>,
    told: Mutex<Option<(Instant, u32)>>,
    lost: AtomicU64,
}

impl FarListeners {
    /// Another node has said whom it listens to.
    pub fn note(&self, listen: &Listen) {
        let secs =
            Duration::try_from_secs_f64(listen.secs).unwrap_or_default().min(Duration::from_secs(3600));
        let now = Instant::now();
        let mut until = self.until();
        until.retain(|_, end| *end > now);
        let jobs = listen.jobs.iter().copied().map(Some).chain(listen.all.then_some(None));
        for job in jobs.take(MAX_JOBS.saturating_sub(until.len())) {
            until.insert(job, now + secs);
        }
        self.known.store(until.len(), Relaxed);
    }

    /// Whether one of them wants the lines of this job.
    pub fn want(&self, job_id: i64) -> bool {
        if self.known.load(Relaxed) == 0 {
            return false;
        }
        let until = self.until();
        let wanted = |key| until.get(&key).is_some_and(|end| *end > Instant::now());
        wanted(Some(job_id)) || wanted(None)
    }

    /// Whether one more line may be told now. What may not be is counted.
    pub fn admit(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (since, lines) =
            told.filter(|(since, _)| now - *since < Duration::from_secs(1)).unwrap_or((now, 0));
        *told = Some((since, lines.saturating_add(1)));
        let may = lines < LINES_A_SECOND;
        if !may {
            self.lost.fetch_add(1, Relaxed);
        }
        may
    }

    /// How many lines were not told since the last call.
    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Relaxed)
    }

    fn until(&self) -> MutexGuard<'_, HashMap<Option<i64>, Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_holds_for_a_while() {
        let far = FarListeners::default();
        assert!(!far.want(1));
        far.note(&Listen::to(vec![1], false, 60.0));
        assert!(far.want(1) && !far.want(2));
        far.note(&Listen::to(Vec::new(), true, 0.0));
        assert!(far.want(1) && !far.want(2));
        far.note(&Listen::to((0..500).collect(), false, 60.0));
        assert!(far.want(9999), "so many are all");
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let far = FarListeners::default();
        let admitted = (0..LINES_A_SECOND + 5).filter(|_| far.admit()).count();
        assert_eq!(u32::try_from(admitted).unwrap(), LINES_A_SECOND);
        assert_eq!((far.take_lost(), far.take_lost()), (5, 0));
    }
}
