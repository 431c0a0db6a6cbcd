//! What filters ask of jobs, looked up once for each job and kept for a while.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use lru::LruCache;

use crate::domain::{Event, EventBody, Job, Json};

const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Where the hub reads a job that a filter asks about.
pub trait JobLookup: Send + Sync + 'static {
    /// The job, if it is there and can be read.
    fn job(&self, id: i64) -> BoxFuture<'_, Option<Job>>;
}

/// The jobs that were asked about lately.
pub(super) struct Facts {
    lookup: Arc<dyn JobLookup>,
    kept: LruCache<i64, Job>,
    bytes: usize,
}

impl Facts {
    pub fn new(lookup: Arc<dyn JobLookup>) -> Self {
        Self { lookup, kept: LruCache::unbounded(), bytes: 0 }
    }

    /// The job of an event. It is read at most once while it is kept; of what filters ask, only
    /// the error changes by itself, and the event brings that along.
    pub async fn of(&mut self, event: &Event) -> Option<&Job> {
        if !self.kept.contains(&event.job_id) {
            let job = self.lookup.job(event.job_id).await?;
            self.keep(slim(job));
        }
        let job = self.kept.get_mut(&event.job_id)?;
        if let EventBody::State { error: Some(error), .. } = &event.body {
            self.bytes = self.bytes + error.len() - job.error.as_ref().map_or(0, String::len);
            job.error = Some(error.clone());
        }
        Some(job)
    }

    fn keep(&mut self, job: Job) {
        self.bytes += weight(&job);
        self.kept.put(job.id, job);
        while self.bytes > MAX_BYTES && self.kept.len() > 1 {
            let Some((_, old)) = self.kept.pop_lru() else { return };
            self.bytes -= weight(&old);
        }
    }
}

/// Without the parts that no filter asks about.
fn slim(mut job: Job) -> Job {
    job.metadata = Json::empty_object();
    job.result = None;
    job.attempts = None;
    job.waiting_for = None;
    job.depends_on = Vec::new();
    job
}

fn weight(job: &Job) -> usize {
    let tags: usize = job.tags.iter().map(|t| t.len() + size_of::<String>()).sum();
    size_of::<Job>() + 128 + job.args.as_str().len() + tags + job.error.as_ref().map_or(0, String::len)
}
