//! Doing by hand, one thing at a time, what the actors do by themselves. For tests of programs that
//! embed callboard: everything is paused there, and these calls look past that.

use futures_util::StreamExt;

use super::Callboard;
use crate::domain::{Claim, Job, JobFilter, Order, State, Timestamp};
use crate::error::Error;
use crate::runtime::hub::{Subscription, Wish};
use crate::runtime::starter::Starter;
use crate::store::Tx;
use crate::store::verbs::settings::{Pausable, pause};
use crate::store::verbs::{claim, promote};

/// Pending jobs among which the next one is looked for.
const LOOKED_AT: usize = 500;
/// Jobs that are made pending in one write.
const CHUNK: usize = 500;

impl Callboard {
    /// Makes pending what is due by now; when the next one is.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(in crate::runtime) async fn promote_due(&self) -> Result<Option<Timestamp>, Error> {
        loop {
            let now = self.clock().now();
            let done = self.write(move |tx| promote::promote(tx, CHUNK, now)).await?;
            if done.jobs < CHUNK {
                return Ok(done.next);
            }
        }
    }

    /// Runs the first pending job that may start to the end of its attempt; the job as it is then.
    /// `None`: there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub(in crate::runtime) async fn run_next(&self) -> Result<Option<Job>, Error> {
        self.promote_due().await?;
        let pending = JobFilter { state: vec![State::Pending], ..JobFilter::default() };
        let first = self.list(pending, Order::Priority, None, LOOKED_AT).await?.jobs;
        let mut tried: Vec<String> = Vec::new();
        for Job { job_type, .. } in first {
            if tried.contains(&job_type) {
                continue;
            }
            if let Some(id) = self.run_one_of(&job_type).await? {
                return self.job(id).await.map(Some);
            }
            tried.push(job_type);
        }
        Ok(None)
    }

    /// Runs the first pending job of a type, if there is one that may start.
    async fn run_one_of(&self, job_type: &str) -> Result<Option<i64>, Error> {
        let Some(starter) = Starter::new(job_type, &self.shared) else { return Ok(None) };
        while !starter.slots().begin_claim() {
            // A worker actor that was woken looks whether it may, and lets go again.
            tokio::task::yield_now().await;
        }
        let claimed = self.claim_one(&starter).await;
        let begun = match claimed {
            Ok(Some((job, events))) => {
                let claim = Claim { job_id: job.id, attempt: job.attempt, node: starter.claimer().node };
                starter.start(vec![job], claim.node);
                Ok(Some((claim, events)))
            }
            Ok(None) => Ok(None),
            Err(e) => Err(e),
        };
        starter.end_claim();
        let Some((claim, events)) = begun? else { return Ok(None) };
        self.end_of_attempt(claim, events).await?;
        Ok(Some(claim.job_id))
    }

    async fn claim_one(&self, starter: &Starter) -> Result<Option<(Job, Subscription)>, Error> {
        let (by, now, job_type) = (starter.claimer(), starter.now(), starter.job_type().clone());
        let is_paused = self.is_paused();
        let claim = move |tx: &mut Tx<'_>| {
            if !is_paused {
                return claim::claim(tx, &job_type, 1, &by, now);
            }
            // Nobody sees it resumed: that is over before the commit.
            pause(tx, Pausable::All, "", false, now)?;
            let claimed = claim::claim(tx, &job_type, 1, &by, now)?;
            pause(tx, Pausable::All, "", true, now)?;
            Ok(claimed)
        };
        let claimed = self.write(claim).await?;
        let Some(job) = claimed.jobs.into_iter().next() else { return Ok(None) };
        let events = self.hub().subscribe(Wish::job(job.id)).await;
        let events = events.map_err(|e| Error::Unavailable(e.to_string()))?;
        Ok(Some((job, events)))
    }

    /// Returns when the attempt is over.
    async fn end_of_attempt(&self, claim: Claim, mut events: Subscription) -> Result<(), Error> {
        while let Some(frame) = events.next().await {
            let is_over = match frame.state() {
                Some((state, _)) => state != State::Running,
                None if frame.is_gap() => self.job(claim.job_id).await?.state != State::Running,
                None => false,
            };
            if is_over {
                return Ok(());
            }
        }
        Err(Error::Unavailable("nobody tells of jobs any more".into()))
    }
}
