//! Single jobs: enqueue, read, change, retry, cancel.

use std::sync::Arc;

use serde_json::json;

use super::{Callboard, Cancelled, Enqueued, EnqueuedMany, Page};
use crate::domain::audit::{self, Deed, Verb};
use crate::domain::{Job, JobFilter, JobPatch, NewJob, Order};
use crate::error::{Error, FieldFault};
use crate::runtime::prepare::{prepare, prepare_all};
use crate::runtime::waiting::waiting_for;
use crate::store::verbs::enqueue::{Prepared, Stored};
use crate::store::views::cursor::Cursor;
use crate::store::{verbs, views};

impl Callboard {
    /// Stores a job, and returns once it is on disk.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every wrong field; [`Error::Conflict`] when a job like it is there
    /// and its uniqueness says `refuse`; [`Error::ShuttingDown`]; [`Error::Unavailable`].
    pub async fn enqueue(&self, job: NewJob) -> Result<Enqueued, Error> {
        let span = self.enqueue_span(&job.job_type, 1, Some(&job.metadata));
        span.around(self.enqueue_one(job)).await
    }

    async fn enqueue_one(&self, job: NewJob) -> Result<Enqueued, Error> {
        let prepared = Arc::new([prepare(&self.shared, job, "")?]);
        let stored = self.store_jobs(prepared.clone(), false).await?;
        let Some(Stored { id, state, created_at, .. }) = stored.first().copied().filter(|s| !s.duplicate)
        else {
            let id = stored.first().map_or(0, |s| s.id);
            return Ok(Enqueued { job: self.plain_job(id).await?, duplicate: true });
        };
        // What is on disk is known without reading it again, but for a job that is final at once.
        let job = if state.is_final() {
            self.plain_job(id).await?
        } else {
            // The write that held it too is over, so it is not copied.
            let [new] = Arc::unwrap_or_clone(prepared);
            new.into_job(id, state, created_at)
        };
        Ok(Enqueued { job: self.complete(job), duplicate: false })
    }

    /// Stores many jobs, all or none, and returns once they are on disk.
    ///
    /// # Errors
    /// As [`Self::enqueue`]; fields are named `jobs[3].priority`.
    pub async fn enqueue_many(&self, jobs: Vec<NewJob>) -> Result<EnqueuedMany, Error> {
        let span = self.enqueue_span("(several)", jobs.len(), None);
        let store = async {
            let prepared = prepare_all(&self.shared, jobs)?;
            Ok(EnqueuedMany::of(&self.store_jobs(Arc::new(prepared), true).await?))
        };
        span.around(store).await
    }

    async fn store_jobs<J>(&self, jobs: Arc<J>, bulk: bool) -> Result<Vec<Stored>, Error>
    where
        J: AsRef<[Prepared]> + Send + Sync + 'static,
    {
        self.refuse_when_draining()?;
        let now = self.shared.clock.now();
        self.write(move |tx| verbs::enqueue::enqueue(tx, (*jobs).as_ref(), bulk, now)).await
    }

    /// Reads a job with its attempts and what it waits for.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn job(&self, id: i64) -> Result<Job, Error> {
        let found = self.read(move |conn| {
            let Some(mut job) = views::job::job(conn, id)? else { return Ok(None) };
            job.attempts = Some(views::job::attempts_of(conn, &job)?);
            job.steps = Some(views::steps::steps(conn, id)?);
            job.signals = Some(views::signals::signals(conn, id)?);
            Ok(Some(job))
        });
        let mut job = found.await?.ok_or_else(|| Error::NotFound(format!("job {id}")))?;
        if !job.state.is_final() {
            job.waiting_for = Some(waiting_for(&self.shared, &job).await?);
        }
        Ok(self.complete(job))
    }

    /// Reads a job as lists show it.
    pub(super) async fn plain_job(&self, id: i64) -> Result<Job, Error> {
        self.stored_job(id).await.map(|job| self.complete(job))
    }

    /// Reads a job as the store has it: with its secrets, which are sealed.
    pub(super) async fn stored_job(&self, id: i64) -> Result<Job, Error> {
        let job = self.read(move |conn| views::job::job(conn, id)).await?;
        job.ok_or_else(|| Error::NotFound(format!("job {id}")))
    }

    /// The same args for a job like another one that was there: `[redacted]` stands for the secrets that
    /// the other one has.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn with_secrets_of(&self, id: i64, job: NewJob) -> Result<NewJob, Error> {
        let old = self.stored_job(id).await?;
        if old.job_type != job.job_type {
            return Ok(job);
        }
        let args = self.shared.options.secrets.keep(&job.job_type, &job.args, &old.args);
        Ok(NewJob { args, ..job })
    }

    /// Reads a page of jobs. A search for text looks at a bounded number of jobs for each page, so
    /// a page may come out short and still have a next one.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a cursor that is not from here or from another list.
    pub async fn list(
        &self,
        filter: JobFilter,
        order: Order,
        cursor: Option<String>,
        limit: usize,
    ) -> Result<Page, Error> {
        let after = place(cursor, &filter, order)?;
        let wanted = filter.clone();
        let page = self.read(move |conn| views::list::list(conn, &wanted, order, after, limit)).await?;
        Ok(Page {
            jobs: page.jobs.into_iter().map(|job| self.complete(job)).collect(),
            next_cursor: page.next.map(|cursor| cursor.encode(&filter, order)),
        })
    }

    /// Changes a job that waits.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it runs or is final.
    pub async fn patch(&self, id: i64, mut patch: JobPatch) -> Result<Job, Error> {
        self.refuse_when_draining()?;
        let mut faults = patch.faults();
        if let Some(args) = patch.args.take() {
            let job = self.stored_job(id).await?;
            let secrets = &self.shared.options.secrets;
            let new =
                NewJob { args: secrets.keep(&job.job_type, &args, &job.args), ..NewJob::new(job.job_type) };
            match secrets.uncover(&new) {
                Ok(args) => faults.extend(
                    self.shared
                        .types
                        .get(&new.job_type)
                        .map(|t| t.worker.check_args(&args))
                        .unwrap_or_default(),
                ),
                Err(fault) => faults.push(fault),
            }
            patch.args = Some(secrets.seal(&new.job_type, &new.args)?);
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults.into_iter().map(|(f, m)| FieldFault::new(f, m)).collect()));
        }
        let now = self.shared.clock.now();
        let deed = Deed::to_job(Verb::JobChange, id).with(audit::patch_detail(&patch));
        self.change(deed, move |tx| verbs::patch::patch(tx, id, &patch, now)).await?;
        self.plain_job(id).await
    }

    /// Gives a job another go.
    ///
    /// # Errors
    /// [`Error::Conflict`] from pending, running, scheduled and blocked, and when a job like it is
    /// there.
    pub async fn retry(&self, id: i64) -> Result<Job, Error> {
        self.refuse_when_draining()?;
        let now = self.shared.clock.now();
        let deed = Deed::to_job(Verb::JobRetry, id);
        self.change(deed, move |tx| verbs::retry::retry(tx, id, now)).await?;
        self.plain_job(id).await
    }

    /// As [`Self::retry`], and what its steps have done is done again.
    ///
    /// # Errors
    /// As [`Self::retry`].
    pub async fn retry_fresh(&self, id: i64) -> Result<Job, Error> {
        self.refuse_when_draining()?;
        let now = self.shared.clock.now();
        let deed = Deed::to_job(Verb::JobRetry, id).with(json!({"fresh": true}));
        self.change(deed, move |tx| verbs::retry::retry_fresh(tx, id, now)).await?;
        self.plain_job(id).await
    }

    /// Calls a job off.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it is final.
    pub async fn cancel(&self, id: i64) -> Result<Cancelled, Error> {
        self.refuse_when_draining()?;
        let now = self.shared.clock.now();
        let deed = Deed::to_job(Verb::JobCancel, id);
        let at_once = self.change(deed, move |tx| verbs::cancel::cancel(tx, id, now)).await?;
        Ok(Cancelled { job: self.plain_job(id).await?, at_once })
    }
}

/// Where a list goes on.
pub(super) fn place(
    cursor: Option<String>,
    filter: &JobFilter,
    order: Order,
) -> Result<Option<Cursor>, Error> {
    let place = cursor.map(|text| {
        Cursor::decode(&text, filter, order)
            .ok_or_else(|| Error::invalid("cursor", "is not from this list; begin again without it"))
    });
    place.transpose()
}
