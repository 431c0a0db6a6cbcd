//! The handle to a running callboard: what the HTTP side, the Faktory side and programs that embed
//! it call.

mod answers;
mod audit;
mod batches;
mod bulk;
mod by_hand;
mod dead_letters;
mod ends;
mod health;
mod jobs;
mod logs;
mod metrics;
mod overview;
mod past;
mod pauses;
mod plans;
mod remote;
mod schedules;
mod sessions;
mod shutdown;
mod signals;
mod steps;
mod traces;
mod transactional;
mod types;
mod workflows;

use std::sync::{Arc, Mutex};

pub use answers::{
    Acted, ActedOnPart, Action, Cancelled, Enqueued, EnqueuedMany, JobTypeInfo, JobTypePatch, Page,
    Readiness, Reason, WorkerView,
};
pub use audit::AuditPage;
pub use batches::RemoteBatch;
pub use dead_letters::{DeadGroup, LOOKED_AT};
pub use ends::MAX_WAITING;
pub use overview::by_state;
pub use pauses::{Drained, Pauses, Scope};
pub use plans::{PlanPage, PlanWithRows};
pub use remote::{RemoteNew, RemoteProgress, RemoteTotals};
pub use schedules::{SchedulePage, ScheduleView, ScheduleWithRuns};
pub use signals::Given;
pub use workflows::{Around, CalledOff, WorkflowPage};

use tokio::sync::Semaphore;

use self::past::Past;
use super::builder::Builder;
use super::hub::HubHandle;
use super::mailbox::Mailbox;
use super::shared::Shared;
use super::supervisor::{CrashChild, Supervisor};
use crate::config::Config;
use crate::domain::audit::Actor;
use crate::domain::{Claim, Clock, Job, State, secret};
use crate::error::Error;
use crate::logs::JobLogs;
use crate::store::{StoreResult, Tx};

/// A running callboard. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Callboard {
    shared: Arc<Shared>,
    threads: Arc<Threads>,
    past: Arc<Past>,
    waiting: Arc<Semaphore>,
    /// In whose name changes are noted; `None`: what they are a part of was noted already.
    actor: Option<Arc<Actor>>,
}

/// The threads of a callboard. When it is let go of without a shutdown they end at once, as they
/// would if the process died.
struct Threads {
    jobs: Mutex<Option<tokio::runtime::Runtime>>,
    shared: Arc<Shared>,
}

impl Threads {
    fn end(&self) {
        let jobs = self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(jobs) = jobs {
            // So that no actor is rebuilt.
            self.shared.drain();
            jobs.shutdown_background();
            self.shared.arbiter.stop();
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.end();
    }
}

impl Callboard {
    /// Puts one together.
    #[must_use]
    pub fn builder(config: Config) -> Builder {
        Builder::new(config)
    }

    pub(super) fn new(shared: Arc<Shared>, job_threads: tokio::runtime::Runtime) -> Self {
        let threads = Threads { jobs: Mutex::new(Some(job_threads)), shared: shared.clone() };
        let waiting = Arc::new(Semaphore::new(MAX_WAITING));
        let (threads, past, actor) = (Arc::new(threads), Arc::default(), Some(Arc::default()));
        Self { shared, threads, past, waiting, actor }
    }

    /// The log files of the jobs.
    #[must_use]
    pub fn logs(&self) -> &JobLogs {
        &self.shared.logs
    }

    /// Where live events come from.
    #[must_use]
    pub fn hub(&self) -> &HubHandle {
        &self.shared.hub
    }

    /// The clock it goes by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Makes the worker actor of a job type panic, or the actor of that name, or the supervisor when
    /// there is none: for tests that what panics is rebuilt.
    #[doc(hidden)]
    pub fn crash_actor(&self, name: &str) {
        if let Some(supervisor) = self.supervisor() {
            supervisor.tell(CrashChild(name.to_owned()));
        }
    }

    fn supervisor(&self) -> Option<Mailbox<Supervisor>> {
        self.shared.with_actors(|actors| actors.supervisor.clone())
    }

    /// Hands in a write; see [`Shared::write`].
    async fn write<T, F>(&self, verb: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        self.shared.write(verb).await.map_err(Error::from)
    }

    async fn read<T, F>(&self, view: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut crate::store::sql::Conn) -> diesel::QueryResult<T> + Send + 'static,
    {
        self.shared.store.read(view).await.map_err(Error::from)
    }

    fn refuse_when_draining(&self) -> Result<(), Error> {
        self.shared.refuse_when_draining()
    }

    /// Fills in what the store leaves to the job type, and how far a job is that runs here: the
    /// store learns of that a little later than those who watch.
    fn complete(&self, mut job: Job) -> Job {
        job.args = secret::redacted(&job.args);
        if job.timeout_inherited {
            job.timeout_secs = self.shared.type_options(&job.job_type).timeout_secs;
        }
        if job.state == State::Running {
            let claim = Claim { job_id: job.id, attempt: job.attempt, node: self.shared.node() };
            let step = self.shared.slots.get(&job.job_type).and_then(|slots| slots.progress_of(&claim));
            job.progress = step.unwrap_or(job.progress);
        }
        job
    }
}
