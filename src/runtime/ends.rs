//! Ends of attempts on their way to the disk, and the patience that this takes when the store fails.

use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use super::slots::Slots;
use super::worker::{Ended, JobReady};
use crate::domain::{Claim, Clock, Event, EventBody, State};
use crate::store::verbs::finish::{self, Finished};
use crate::store::{StoreError, StoreResult, views};

/// How long to wait before a write is tried again that the store did not take.
const STORE_PAUSE: Duration = Duration::from_millis(250);
/// The longest such wait: it doubles each time.
const MAX_STORE_PAUSE: Duration = Duration::from_secs(2);

/// Ends of attempts on their way to the disk.
pub struct Ends {
    pub(super) job_type: Arc<str>,
    pub(super) slots: Arc<Slots>,
    pub(super) shared: Arc<Shared>,
}

impl Ends {
    /// Writes ends until the store has taken them: what a worker has done is not lost because the
    /// disk is full for a while. After a failure each is written for itself, so that one which the
    /// store never takes holds up no other.
    pub async fn write(self, ended: Vec<Finished>) {
        let ended = Arc::new(ended);
        let under_way = UnderWay(&self);
        let Err(e) = self.write_once(&ended).await else { return };
        log::error!("{} ends of attempts are not on disk yet, trying again: {e}", ended.len());
        self.slots.overdue(ended.len());
        drop(under_way);
        let ends = Arc::new(self);
        for finished in ended.iter().cloned() {
            actix_rt::spawn(ends.clone().write_overdue(finished));
        }
    }

    async fn write_overdue(self: Arc<Self>, finished: Finished) {
        let finished = Arc::new(vec![finished]);
        let mut pause = Pause::default();
        loop {
            pause.wait(&self.shared.clock).await;
            match self.write_once(&finished).await {
                Ok(true) => break,
                Ok(false) => break self.tell_again(finished[0].claim).await,
                Err(e) => log::debug!("the end of {} is not on disk yet: {e}", finished[0].claim),
            }
        }
        self.slots.caught_up(1);
        if let Some(worker) = self.shared.worker(&self.job_type) {
            worker.tell(JobReady);
        }
    }

    /// The commit that failed may have been on disk all the same, and then nobody was told of it.
    async fn tell_again(&self, claim: Claim) {
        let job = self.shared.store.read(move |conn| views::job::job(conn, claim.job_id)).await;
        let Ok(Some(job)) = job else { return };
        if job.attempt != claim.attempt || job.state == State::Running {
            return;
        }
        let at = job.completed_at.unwrap_or_else(|| self.shared.clock.now());
        let body = EventBody::State { state: job.state, attempt: job.attempt, error: job.error, at };
        let (job_type, queue) = (self.job_type.clone(), job.queue.into());
        self.shared.hub.publish(vec![Event { job_id: job.id, job_type, queue, body }]);
    }

    /// Whether all claims still held.
    async fn write_once(&self, ended: &Arc<Vec<Finished>>) -> StoreResult<bool> {
        let (now, these) = (self.shared.clock.now(), ended.clone());
        let mut held = true;
        match self.shared.store.write(move |tx| finish::finish(tx, &these, now)).await {
            Ok(states) => {
                for (stale, _) in ended.iter().zip(states).filter(|(_, state)| state.is_none()) {
                    held = false;
                    log::warn!(
                        "{} was taken away before it ended, or its end is on disk already",
                        stale.claim
                    );
                }
            }
            Err(StoreError::Closed) => {
                log::error!("{} ends of attempts are not on disk: the store is closed", ended.len());
            }
            Err(e) => return Err(e),
        }
        self.slots.written(ended);
        self.shared.idle.notify_waiters();
        Ok(held)
    }
}

/// Ends of a type on their way. However they get on, what has ended meanwhile is next.
struct UnderWay<'a>(&'a Ends);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let Ends { job_type, slots, shared } = self.0;
        if slots.handed_in()
            && let Some(worker) = shared.worker(job_type)
        {
            worker.tell(Ended);
        }
    }
}

/// The waits between tries of a store that fails: each is twice as long as the one before.
pub struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(STORE_PAUSE)
    }
}

impl Pause {
    /// The next one.
    pub async fn wait(&mut self, clock: &Clock) {
        clock.sleep(self.0).await;
        self.0 = (self.0 * 2).min(MAX_STORE_PAUSE);
    }
}
