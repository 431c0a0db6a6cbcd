//! Batches of programs elsewhere: workflows that they fill job by job.

use super::{Callboard, RemoteNew};
use crate::domain::batch::{Bid, KeptCallback};
use crate::domain::callback::Callback;
use crate::error::Error;
use crate::runtime::prepare::prepare;
use crate::store::verbs::batches::{self, NewBatch};
use crate::store::views;
use crate::store::views::batches::BatchStatus;

/// A batch as a program elsewhere begins it.
#[derive(Clone, Debug, Default)]
pub struct RemoteBatch {
    /// The batch that it is part of.
    pub parent: Option<Bid>,
    /// For people.
    pub description: Option<String>,
    /// Made once every job has run once, whatever became of it.
    pub complete: Option<RemoteNew>,
    /// Made once all jobs have completed, and the other callback too.
    pub success: Option<RemoteNew>,
}

impl Callboard {
    /// Begins a batch, and returns once it is on disk.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a callback is no job, or the parent takes no more jobs;
    /// [`Error::NotFound`] when there is no such parent.
    pub async fn begin_batch(&self, batch: RemoteBatch) -> Result<Bid, Error> {
        self.refuse_when_draining()?;
        let new = NewBatch {
            parent: batch.parent,
            description: batch.description,
            complete: batch.complete.map(|job| self.kept(job)).transpose()?,
            success: batch.success.map(|job| self.kept(job)).transpose()?,
        };
        let now = self.clock().now();
        self.write(move |tx| batches::begin(tx, &new, now)).await
    }

    /// A callback as it is kept until its time.
    fn kept(&self, new: RemoteNew) -> Result<String, Error> {
        let mut job = self.as_taken_here(new.job);
        prepare(&self.shared, job.clone(), "")?;
        job.args = self.shared.options.secrets.seal(&job.job_type, &job.args)?;
        let max_retries = self.shared.type_options(&job.job_type).max_retries;
        let kept = KeptCallback { job: Callback::of(&job, max_retries), jid: new.jid, extra: new.extra };
        serde_json::to_string(&kept).map_err(|e| Error::invalid("callback", e.to_string()))
    }

    /// Has a batch wait for more jobs until it is committed.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when it takes no more jobs.
    pub async fn open_batch(&self, bid: Bid) -> Result<(), Error> {
        self.refuse_when_draining()?;
        let now = self.clock().now();
        self.write(move |tx| batches::open(tx, bid, now)).await
    }

    /// All jobs of a batch are there.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn commit_batch(&self, bid: Bid) -> Result<(), Error> {
        self.refuse_when_draining()?;
        let now = self.clock().now();
        self.write(move |tx| batches::commit(tx, bid, now)).await
    }

    /// How far a batch is.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn batch(&self, bid: Bid) -> Result<BatchStatus, Error> {
        let found = self.read(move |conn| views::batches::status(conn, bid)).await?;
        found.ok_or_else(|| Error::NotFound(format!("batch {bid}")))
    }
}
