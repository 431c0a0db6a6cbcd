//! What a running job can ask of the runtime beside telling how far it is.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, ready};

use super::signals::Heard;
use super::{Failure, RunResult};
use crate::domain::{Json, NewJob, Node};

/// Something that was found, with the jobs that it is worth if it was never seen before, each waiting
/// for the one before it. Without jobs it is only remembered.
pub type FoundItem = (String, Vec<NewJob>);

/// See the module. The runtime's one writes through the supervisor, as long as the attempt holds its
/// claim.
pub trait Services: Send + Sync {
    /// Stores jobs, all or none, and returns their ids once they are on disk.
    fn enqueue(&self, jobs: Vec<NewJob>) -> BoxFuture<'_, RunResult<Vec<i64>>>;

    /// Adds jobs to the workflow of this one, all or none, and returns their ids once they are on disk.
    /// `join`: nodes that wait for this one are to wait for them too.
    fn add_jobs(&self, nodes: Vec<Node>, join: bool) -> BoxFuture<'_, RunResult<Vec<i64>>>;

    /// Whether anything of a scope was ever remembered.
    fn has_seen(&self, scope: String) -> BoxFuture<'_, RunResult<bool>>;

    /// Remembers items of a scope and stores the jobs of those that were never seen before: each
    /// once, ever. Returns the id of its first job for each that got one.
    fn enqueue_once(
        &self,
        scope: String,
        items: Vec<FoundItem>,
    ) -> BoxFuture<'_, RunResult<Vec<Option<i64>>>>;

    /// What an earlier attempt kept of a step.
    fn step(&self, name: String) -> BoxFuture<'_, RunResult<Option<Json>>>;

    /// Keeps the value of a step, and returns once it is on disk.
    fn keep_step(&self, name: String, value: Json) -> BoxFuture<'_, RunResult<()>>;

    /// What became of a signal that is waited for so long, counted from the first time.
    fn signal(&self, name: String, timeout: Duration) -> BoxFuture<'_, RunResult<Heard>>;

    /// Whether the attempt may go on with what cannot be taken back. Not if this process was stopped
    /// for so long that another node may have the job by now; the attempt is told to stop then.
    fn is_held(&self) -> bool {
        true
    }
}

/// For contexts that nobody gave any.
pub(super) struct NoServices;

impl Services for NoServices {
    fn enqueue(&self, _: Vec<NewJob>) -> BoxFuture<'_, RunResult<Vec<i64>>> {
        ready(Err(nobody())).boxed()
    }

    fn add_jobs(&self, _: Vec<Node>, _: bool) -> BoxFuture<'_, RunResult<Vec<i64>>> {
        ready(Err(nobody())).boxed()
    }

    fn has_seen(&self, _: String) -> BoxFuture<'_, RunResult<bool>> {
        ready(Err(nobody())).boxed()
    }

    fn enqueue_once(&self, _: String, _: Vec<FoundItem>) -> BoxFuture<'_, RunResult<Vec<Option<i64>>>> {
        ready(Err(nobody())).boxed()
    }

    fn step(&self, _: String) -> BoxFuture<'_, RunResult<Option<Json>>> {
        ready(Err(nobody())).boxed()
    }

    fn keep_step(&self, _: String, _: Json) -> BoxFuture<'_, RunResult<()>> {
        ready(Err(nobody())).boxed()
    }

    fn signal(&self, _: String, _: Duration) -> BoxFuture<'_, RunResult<Heard>> {
        ready(Err(nobody())).boxed()
    }
}

fn nobody() -> Failure {
    Failure::fatal("this attempt was started without a runtime that could store anything for it")
}
