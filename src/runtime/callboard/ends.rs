//! Waiting for the end of a job.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::SemaphorePermit;

use super::Callboard;
use crate::domain::Job;
use crate::error::Error;
use crate::runtime::hub::{Subscription, Wish};

/// The most callers that wait for the ends of jobs at once.
pub const MAX_WAITING: usize = 1000;

impl Callboard {
    /// Reads a job once it is final; as it is then when that takes longer than `patience`, or when the
    /// server goes down meanwhile.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`]; [`Error::Busy`] when too many wait already.
    pub async fn job_at_end(&self, id: i64, patience: Duration) -> Result<Job, Error> {
        // Watched before it is read, so that an end between the two is not missed.
        let Ok(events) = self.shared.hub.subscribe(Wish::job(id)).await else { return self.job(id).await };
        let job = self.job(id).await?;
        if job.state.is_final() {
            return Ok(job);
        }
        let _place = self.place_to_wait()?;
        tokio::select! {
            () = self.end(id, events) => {}
            () = self.shared.clock.sleep(patience) => {}
        }
        self.job(id).await
    }

    /// A place among those who wait.
    pub(super) fn place_to_wait(&self) -> Result<SemaphorePermit<'_>, Error> {
        let busy = |_| Error::Busy(format!("{MAX_WAITING} callers wait for the ends of jobs already"));
        self.waiting.try_acquire().map_err(busy)
    }

    /// Returns when a job is told to be final, or nobody is left to tell.
    async fn end(&self, id: i64, mut events: Subscription) {
        while let Some(frame) = events.next().await {
            let is_over = match frame.state() {
                Some((state, _)) => state.is_final(),
                // What was lost in a gap may have been the end.
                None if frame.is_gap() => self.job(id).await.map_or(true, |job| job.state.is_final()),
                None => false,
            };
            if is_over {
                return;
            }
        }
    }
}
