//! The slots of a job type: what runs in them, and what has ended and is not on disk yet. They
//! outlive the worker actor, so that one that panics loses nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::attempt::{Attempt, StopCause};
use crate::domain::{Claim, Progress};
use crate::store::verbs::finish::Finished;

/// See the module.
#[derive(Default)]
pub struct Slots(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    running: HashMap<Claim, Attempt>,
    ended: Vec<Finished>,
    /// Whether ends are on their way to the disk.
    handing_in: bool,
    unwritten: HashSet<Claim>,
    leaked: HashMap<i64, usize>,
    /// Asked to stop before they were known here: the claim's answer was still on its way.
    stopped_early: HashSet<Claim>,
    claiming: bool,
    /// Claims that are over.
    claims: u64,
    /// Whether another claim was to begin while one was under way.
    wanted: bool,
    overdue: usize,
}

impl Slots {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an attempt into a slot.
    pub fn begin(&self, claim: Claim, attempt: Attempt) {
        let mut inner = self.inner();
        if inner.stopped_early.remove(&claim) {
            attempt.stop(StopCause::Cancel);
        }
        inner.running.insert(claim, attempt);
    }

    /// Tells all attempts to stop.
    pub fn stop_all(&self, cause: StopCause) {
        self.inner().running.values().for_each(|attempt| attempt.stop(cause));
    }

    /// An attempt has ended. True when the worker actor has to be woken: nothing else had ended.
    pub fn end(&self, finished: Finished) -> bool {
        let mut inner = self.inner();
        inner.running.remove(&finished.claim);
        inner.ended.push(finished);
        inner.ended.len() == 1
    }

    /// Takes what has ended, to write it, until [`Self::handed_in`]. It counts as unwritten until [`Self::written`].
    /// Nothing while others are on their way: what ends until those have arrived goes together then.
    pub fn take_ended(&self) -> Vec<Finished> {
        let mut inner = self.inner();
        if inner.handing_in {
            return Vec::new();
        }
        let ended = std::mem::take(&mut inner.ended);
        inner.handing_in = !ended.is_empty();
        inner.unwritten.extend(ended.iter().map(|f| f.claim));
        ended
    }

    /// What was taken has arrived, or will not so soon. True: more has ended meanwhile.
    pub fn handed_in(&self) -> bool {
        let mut inner = self.inner();
        inner.handing_in = false;
        !inner.ended.is_empty()
    }

    /// These ends are on disk.
    pub fn written(&self, ended: &[Finished]) {
        let mut inner = self.inner();
        for finished in ended {
            inner.unwritten.remove(&finished.claim);
        }
    }

    /// The store did not take so many ends. They keep their slots until it has, which bounds what
    /// is held in memory.
    pub fn overdue(&self, n: usize) {
        self.inner().overdue += n;
    }

    /// So many ends that were overdue are on disk.
    pub fn caught_up(&self, n: usize) {
        let mut inner = self.inner();
        inner.overdue = inner.overdue.saturating_sub(n);
    }

    /// Slots in use: by code that runs, and by ends that the store did not take.
    #[must_use]
    pub fn taken(&self) -> usize {
        let inner = self.inner();
        inner.running.len() + inner.leaked.values().sum::<usize>() + inner.overdue
    }

    /// Whether nothing runs and everything is on disk.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let inner = self.inner();
        inner.running.is_empty() && inner.ended.is_empty() && inner.unwritten.is_empty() && !inner.claiming
    }

    /// Begins to claim; false when a claim is under way already.
    pub fn begin_claim(&self) -> bool {
        let mut inner = self.inner();
        let begins = !std::mem::replace(&mut inner.claiming, true);
        inner.wanted |= !begins;
        begins
    }

    /// The claim is over. True when another one was to begin meanwhile.
    pub fn end_claim(&self) -> bool {
        let mut inner = self.inner();
        inner.claiming = false;
        inner.claims += 1;
        inner.stopped_early.clear();
        std::mem::take(&mut inner.wanted)
    }

    /// The attempts that run, with their claims.
    #[must_use]
    pub fn attempts(&self) -> Vec<(Claim, Attempt)> {
        self.inner().running.iter().map(|(c, a)| (*c, a.clone())).collect()
    }

    /// Somebody asked for an attempt to be called off.
    pub fn cancel(&self, claim: Claim) {
        let mut inner = self.inner();
        if let Some(attempt) = inner.running.get(&claim) {
            attempt.stop(StopCause::Cancel);
        } else if inner.claiming {
            inner.stopped_early.insert(claim);
        }
    }

    /// The number of the claim that is under way, if one is.
    #[must_use]
    pub fn claim_under_way(&self) -> Option<u64> {
        let inner = self.inner();
        inner.claiming.then_some(inner.claims)
    }

    /// Whether the attempt of a claim runs here, or has ended here and is not on disk.
    #[must_use]
    pub fn holds(&self, claim: &Claim) -> bool {
        let inner = self.inner();
        inner.running.contains_key(claim)
            || inner.unwritten.contains(claim)
            || inner.ended.iter().any(|f| f.claim == *claim)
    }

    /// Notes how far an attempt is.
    pub fn progress(&self, claim: &Claim, step: &Progress) {
        if let Some(attempt) = self.inner().running.get_mut(claim) {
            attempt.progress = step.clone();
        }
    }

    /// How far an attempt is that runs here, once it has said so.
    #[must_use]
    pub fn progress_of(&self, claim: &Claim) -> Option<Progress> {
        let inner = self.inner();
        inner.running.get(claim).map(|a| &a.progress).filter(|step| step.updated_at.is_some()).cloned()
    }

    /// Code of this job goes on running although its attempt is over. It keeps its slot.
    pub fn leak(&self, job_id: i64) {
        *self.inner().leaked.entry(job_id).or_default() += 1;
    }

    /// Such code has ended after all.
    pub fn unleak(&self, job_id: i64) {
        let mut inner = self.inner();
        if let Some(n) = inner.leaked.get_mut(&job_id) {
            *n -= 1;
            if *n == 0 {
                inner.leaked.remove(&job_id);
            }
        }
    }

    /// Whether code of an earlier attempt of this job still runs.
    #[must_use]
    pub fn has_leaked(&self, job_id: i64) -> bool {
        self.inner().leaked.contains_key(&job_id)
    }

    /// How much code goes on running although its attempt is over.
    #[must_use]
    pub fn leaked(&self) -> usize {
        self.inner().leaked.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn attempt(ms: i64) -> Attempt {
        Attempt::new(at(ms), || ())
    }

    #[test]
    fn a_cancel_that_overtakes_the_claim_is_kept() {
        let slots = Slots::default();
        let claim = Claim { job_id: 1, attempt: 1, node: 1 };
        assert!(slots.begin_claim());
        slots.cancel(claim);
        let attempt = attempt(0);
        slots.begin(claim, attempt.clone());
        assert_eq!(attempt.cause(), Some(StopCause::Cancel));
    }

    #[test]
    fn what_ends_while_ends_are_under_way_goes_together() {
        let slots = Slots::default();
        let end = |job_id| {
            let claim = Claim { job_id, attempt: 1, node: 1 };
            let verdict = crate::domain::Verdict::Success(None);
            slots.end(Finished { claim, verdict, progress: None, backoff: Default::default(), luck: 0.5 })
        };
        assert!(end(1));
        assert_eq!(slots.take_ended().len(), 1);
        assert!(end(2));
        assert!(!end(3));
        assert_eq!(slots.take_ended().len(), 0);
        assert!(slots.handed_in());
        assert_eq!(slots.take_ended().len(), 2);
        assert!(!slots.handed_in());
    }

    #[test]
    fn a_claim_that_came_too_early_is_remembered() {
        let slots = Slots::default();
        assert!(slots.begin_claim());
        assert!(!slots.begin_claim());
        assert!(slots.end_claim());
        assert!(slots.begin_claim());
        assert!(!slots.end_claim());
    }
}
