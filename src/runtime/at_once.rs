//! Jobs that can start at once are claimed in the commit that makes them pending, and go to their
//! threads straight from the writer's: one flush and no actor between the enqueue and the start.
//!
//! All others wait for the [worker actor](super::worker) of their type.

use std::sync::{Arc, OnceLock, Weak};

use super::shared::Shared;
use super::starter::Starter;
use crate::domain::Job;
use crate::store::claims::{Claims, Fate};
use crate::store::verbs::claim::{self, Claimer};
use crate::store::{Committed, StoreResult, Tx};

/// The way from the store to the runtime, which is there later.
#[derive(Clone, Default)]
pub struct Link(Arc<OnceLock<Weak<Shared>>>);

impl Link {
    /// From now on it leads there.
    pub fn attach(&self, shared: &Arc<Shared>) {
        // The first one stands; there is only one.
        let _ = self.0.set(Arc::downgrade(shared));
    }

    /// Passes on what a commit brought about, if there is somebody to pass it on to.
    pub fn tell(&self, commit: Committed) {
        if let Some(shared) = self.runtime() {
            shared.tell_commit(commit);
        }
    }

    fn runtime(&self) -> Option<Arc<Shared>> {
        self.0.get()?.upgrade()
    }
}

/// See the module.
pub struct AtOnce {
    runtime: Link,
    under_way: Vec<UnderWay>,
}

impl AtOnce {
    /// Claims for the runtime at the other end.
    #[must_use]
    pub fn new(runtime: Link) -> Self {
        Self { runtime, under_way: Vec::new() }
    }

    /// The claim of a job type that is under way, or a new one if it may begin.
    fn claim_of(&mut self, job_type: &str) -> Option<&mut UnderWay> {
        let known = self.under_way.iter().position(|claim| **claim.starter.job_type() == *job_type);
        let at = match known {
            Some(at) => at,
            None => {
                self.under_way.push(UnderWay::begin(job_type, &self.runtime.runtime()?)?);
                self.under_way.len() - 1
            }
        };
        self.under_way.get_mut(at)
    }
}

impl Claims for AtOnce {
    fn slot(&mut self, job_type: &str) -> Option<Claimer> {
        self.claim_of(job_type).filter(|claim| claim.free() > 0).map(|claim| claim.by.clone())
    }

    fn fill(&mut self, job: Job) {
        if let Some(claim) = self.claim_of(&job.job_type.clone()) {
            claim.jobs.push(job);
        }
    }

    fn claim(&mut self, tx: &mut Tx<'_>, ready: &[Arc<str>]) -> StoreResult<()> {
        for job_type in ready {
            let Some(claim) = self.claim_of(job_type).filter(|claim| claim.free() > 0) else { continue };
            let now = claim.starter.now();
            let claimed = claim::claim(tx, job_type, claim.free(), &claim.by, now)?;
            claim.jobs.extend(claimed.jobs);
            // Otherwise the worker actor looks for more, now or when a limit lets it.
            if !claimed.more && !claimed.kept_back && claimed.next.is_none() {
                tx.all_claimed(job_type);
            }
        }
        Ok(())
    }

    fn settle(&mut self, fate: Fate) {
        let mut all = std::mem::take(&mut self.under_way);
        for claim in &mut all {
            claim.on_disk = fate != Fate::Undone && !claim.jobs.is_empty();
        }
        if fate == Fate::Committed {
            all.into_iter().for_each(UnderWay::start);
        }
    }
}

/// A claim that is written and not settled. However it is let go of, it ends.
struct UnderWay {
    starter: Starter,
    by: Claimer,
    /// Slots that were free when it began.
    slots: usize,
    jobs: Vec<Job>,
    /// Whether it is or may be on disk, and its jobs are not started.
    on_disk: bool,
}

impl UnderWay {
    fn begin(job_type: &str, shared: &Arc<Shared>) -> Option<Self> {
        let starter = Starter::new(job_type, shared)?;
        let slots = starter.begin_claim()?;
        Some(Self { by: starter.claimer(), starter, slots, jobs: Vec::new(), on_disk: false })
    }

    fn free(&self) -> usize {
        self.slots - self.jobs.len()
    }

    fn start(mut self) {
        self.starter.start(std::mem::take(&mut self.jobs), self.by.node);
        self.on_disk = false;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.on_disk {
            self.starter.clone().give_back_and_end(self.by.node);
        } else {
            self.starter.end_claim();
        }
    }
}
