//! Pausing and draining: of a job type, a queue, or everything.

use std::time::Duration;

use serde::Serialize;

use super::{Callboard, JobTypeInfo};
use crate::domain::State;
use crate::domain::audit::{Deed, Verb};
use crate::domain::ident::{self, WORKFLOW_NODE};
use crate::domain::status::{QueueInfo, no_counts};
use crate::error::Error;
use crate::store::verbs::settings::{self, Pausable};
use crate::store::views;

/// How often a drain looks again although it was told of nothing: another node may run what it
/// waits for.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Pauses {
    /// Whether everything is.
    pub all: bool,
    /// Job types that are.
    pub job_types: Vec<String>,
    /// Queues that are.
    pub queues: Vec<String>,
    /// Attempts that run all the same: they began before.
    pub running: i64,
}

/// How far a drain is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Drained {
    /// Whether nothing of it is started any more: it is, unless somebody has resumed it meanwhile.
    pub paused: bool,
    /// Attempts that still run.
    pub running: i64,
    /// Whether it is paused and nothing runs.
    pub drained: bool,
}

/// What is paused or drained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// A job type.
    JobType(String),
    /// A queue.
    Queue(String),
}

impl Scope {
    fn parts(&self) -> (Pausable, &str) {
        match self {
            Self::All => (Pausable::All, ""),
            Self::JobType(name) => (Pausable::JobType, name),
            Self::Queue(name) => (Pausable::Queue, name),
        }
    }

    /// The end of its path in the API.
    fn path(&self) -> String {
        match self {
            Self::All => "everything".into(),
            Self::JobType(name) => format!("job-types/{name}"),
            Self::Queue(name) => format!("queues/{name}"),
        }
    }

    fn holds(&self, job_type: &str, queue: &str) -> bool {
        // A job that is a workflow runs as long as its jobs wait.
        job_type != WORKFLOW_NODE
            && match self {
                Self::All => true,
                Self::JobType(name) => name == job_type,
                Self::Queue(name) => name == queue,
            }
    }
}

impl Callboard {
    /// What is paused.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn pauses(&self) -> Result<Pauses, Error> {
        let running = self.running(&Scope::All).await?;
        Ok(self.shared.read_settings(|s| Pauses {
            all: s.all_paused,
            job_types: s.paused_types.clone(),
            queues: s.paused_queues.clone(),
            running,
        }))
    }

    /// Whether everything is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.shared.read_settings(|s| s.all_paused)
    }

    /// Stops or resumes the starting of jobs. What is paused by itself stays so.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn pause_all(&self, paused: bool) -> Result<Pauses, Error> {
        self.pause(&Scope::All, paused).await?;
        self.pauses().await
    }

    /// Stops or resumes the starting of jobs of a type.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn pause_job_type(&self, name: &str, paused: bool) -> Result<JobTypeInfo, Error> {
        self.pause(&Scope::JobType(name.to_owned()), paused).await?;
        self.described_job_type(name).await
    }

    /// Stops or resumes the starting of jobs of a queue. It need not have any yet.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no name of a queue.
    pub async fn pause_queue(&self, name: &str, paused: bool) -> Result<QueueInfo, Error> {
        self.pause(&Scope::Queue(name.to_owned()), paused).await?;
        let found = self.queues().await?.into_iter().find(|q| q.name == name);
        Ok(found.unwrap_or_else(|| QueueInfo {
            name: name.to_owned(),
            paused,
            counts: no_counts(),
            latency_secs: 0.0,
        }))
    }

    /// Pauses, and waits until what runs has ended; at most so long, counted from the call.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Invalid`], [`Error::Unavailable`]; [`Error::Busy`] when too many
    /// wait already.
    pub async fn drain(&self, what: &Scope, patience: Duration) -> Result<Drained, Error> {
        let clock = &self.shared.clock;
        let end = clock.now().plus(patience);
        self.pause_as(Verb::Drain, what, true).await?;
        let mut place = None;
        loop {
            // Taken before the look, so that an end between the two is not missed.
            let changed = self.shared.idle.notified();
            let drained = self.drained(what).await?;
            if drained.drained || !drained.paused || clock.now() >= end || self.shared.is_draining() {
                return Ok(drained);
            }
            if place.is_none() {
                place = Some(self.place_to_wait()?);
            }
            tokio::select! {
                () = changed => {}
                () = clock.sleep_until(end) => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }

    async fn drained(&self, what: &Scope) -> Result<Drained, Error> {
        let running = self.running(what).await?;
        let paused = self.shared.read_settings(|s| match what {
            Scope::All => s.all_paused,
            Scope::JobType(name) => s.paused_types.contains(name),
            Scope::Queue(name) => s.paused_queues.contains(name),
        });
        Ok(Drained { paused, running, drained: paused && running == 0 })
    }

    async fn running(&self, what: &Scope) -> Result<i64, Error> {
        let kept = self.read(views::status::all_counters).await?;
        let running = |(job_type, queue, state, n): &views::status::Counter| {
            (*state == State::Running && what.holds(job_type, queue)).then_some(*n)
        };
        Ok(kept.iter().filter_map(running).sum())
    }

    async fn pause(&self, what: &Scope, paused: bool) -> Result<(), Error> {
        self.pause_as(if paused { Verb::Pause } else { Verb::Resume }, what, paused).await
    }

    async fn pause_as(&self, verb: Verb, what: &Scope, paused: bool) -> Result<(), Error> {
        self.refuse_when_draining()?;
        match what {
            Scope::All => {}
            Scope::JobType(name) => self.known(name)?,
            Scope::Queue(name) => ident::check_queue(name).map_err(|e| Error::invalid("queue", e))?,
        }
        let (kind, name) = what.parts();
        let (name, now) = (name.to_owned(), self.shared.clock.now());
        self.change(Deed::new(verb, what.path()), move |tx| settings::pause(tx, kind, &name, paused, now))
            .await?;
        self.take_over_settings().await
    }
}
