//! For tests of programs that embed callboard: a whole callboard in a folder of its own, on a clock
//! that the test moves, in which nothing runs before the test says so.
//!
//! ```
//! use callboard::NewJob;
//! use callboard::testing::{Expect, Kit};
//! use callboard::workers::{Context, Failure, worker::from_fn};
//! use serde_json::json;
//!
//! // The program's own worker and its own code that enqueues: what is tested.
//! let greet = from_fn("greet", |_: Context, name: Vec<String>| async move {
//!     Ok::<_, Failure>(format!("hello {}", name.join(" ")))
//! });
//!
//! Kit::builder().any_worker(greet).test(async |kit| {
//!     kit.enqueue(NewJob::new("greet").args(&["Ada"]).unwrap()).await.unwrap();
//!
//!     kit.assert_enqueued(&Expect::job("greet").args(&json!(["Ada"]))).await;
//!     kit.refute_enqueued(&Expect::job("greet").args(&json!(["Bob"]))).await;
//!
//!     let job = kit.run_one().await.unwrap().expect("it is there");
//!     assert_eq!(job.result.unwrap().as_str(), r#""hello Ada""#);
//!     assert!(kit.run_one().await.unwrap().is_none());
//! });
//! ```
//!
//! Failures wait for their next try by the kit's clock, so a test of retries takes no time:
//!
//! ```
//! use std::time::Duration;
//!
//! use callboard::NewJob;
//! use callboard::domain::State;
//! use callboard::testing::Kit;
//! use serde_json::json;
//!
//! Kit::builder().test(async |kit| {
//!     let flaky = NewJob::new("sleep").args(&json!({"secs": 0, "fail": "no luck"})).unwrap();
//!     kit.enqueue(flaky.max_retries(1)).await.unwrap();
//!
//!     assert_eq!(kit.drain().await.unwrap()[0].state, State::Retrying);
//!     kit.advance(Duration::from_secs(1)).await.unwrap();
//!     let again = &kit.drain().await.unwrap()[0];
//!     assert_eq!((again.state, again.attempt), (State::Failed, 2));
//!     assert_eq!(again.error.as_deref(), Some("no luck"));
//! });
//! ```
//!
//! The store is a real one: SQLite in a temporary folder, with the writer and the readers that a server
//! has. One in memory would share a single connection and so behave otherwise.
#![allow(clippy::panic, reason = "assertions of tests panic")]

mod expect;
#[cfg(test)]
mod tests;

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, Location, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

pub use expect::Expect;

use super::Callboard;
use crate::config::Config;
use crate::domain::{Clock, Job, JobFilter, Order, State, Timestamp};
use crate::error::Error;
use crate::workers::{AnyWorker, Worker, typed};

/// Where the clock of a kit begins: 2030-01-01T00:00:00Z.
const NEW_YEAR: i64 = 1_893_456_000_000;
/// Jobs that a drain runs before it takes them for endless.
const MAX_DRAINED: usize = 10_000;
/// Jobs that are looked at in assertions.
const MAX_SEEN: usize = 1000;

/// Puts a [`Kit`] together.
pub struct KitBuilder {
    config: Config,
    workers: Vec<Arc<dyn AnyWorker>>,
    begin: Timestamp,
}

impl KitBuilder {
    /// Adds a worker.
    #[must_use]
    pub fn worker<W: Worker>(self, worker: W) -> Self {
        self.any_worker(typed(worker))
    }

    /// Adds a worker whose types are gone, such as one made by
    /// [`from_fn`](crate::workers::worker::from_fn).
    #[must_use]
    pub fn any_worker(mut self, worker: Arc<dyn AnyWorker>) -> Self {
        self.workers.push(worker);
        self
    }

    /// Changes the configuration; its `data_dir` is the kit's own whatever it says.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Lets the clock begin there.
    #[must_use]
    pub fn at(mut self, begin: Timestamp) -> Self {
        self.begin = begin;
        self
    }

    /// Starts it. Must be called within an actix system; [`Self::test`] brings one along.
    ///
    /// # Errors
    /// As [`Builder::start`](super::Builder::start).
    pub async fn start(mut self) -> Result<Kit, Error> {
        let folder = tempfile::tempdir()
            .map_err(|e| Error::Unavailable(format!("cannot make a temporary folder: {e}")))?;
        self.config.data_dir = folder.path().join("data");
        let clock = Clock::manual(self.begin);
        let builder = Callboard::builder(self.config).clock(clock.clone());
        let callboard = self.workers.into_iter().fold(builder, super::Builder::worker).start().await?;
        callboard.pause_all(true).await?;
        Ok(Kit { callboard, clock, folder })
    }

    /// Runs a test in an actix system of its own, and takes the kit down after it, whatever became of
    /// it.
    ///
    /// # Panics
    /// As the test does, and when the kit cannot be started.
    pub fn test(self, test: impl AsyncFnOnce(&Kit)) {
        actix_rt::System::new().block_on(async {
            let kit = match self.start().await {
                Ok(kit) => kit,
                Err(e) => panic!("the kit cannot be started: {e}"),
            };
            let done = AssertUnwindSafe(test(&kit)).catch_unwind().await;
            kit.stop().await;
            if let Err(panic) = done {
                resume_unwind(panic);
            }
        });
    }
}

/// A callboard for a test. It is a [`Callboard`] and can be called as one; what is enqueued waits until
/// the test runs it.
pub struct Kit {
    callboard: Callboard,
    clock: Clock,
    folder: tempfile::TempDir,
}

impl Deref for Kit {
    type Target = Callboard;

    fn deref(&self) -> &Callboard {
        &self.callboard
    }
}

impl Kit {
    /// With the workers that come with callboard, and retries without jitter.
    #[must_use]
    pub fn builder() -> KitBuilder {
        let mut config = Config::default();
        config.retry.jitter = 0.0;
        KitBuilder { config, workers: Vec::new(), begin: Timestamp::from_millis(NEW_YEAR) }
    }

    /// The folder of its database and logs, gone with the kit.
    #[must_use]
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Moves the clock on. What is due then, scheduled jobs and retries, is pending when this returns.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn advance(&self, by: Duration) -> Result<(), Error> {
        self.clock.advance(by);
        self.callboard.promote_due().await.map(|_| ())
    }

    /// Runs the next job to the end of one attempt: by priority and age, as a server would. It comes
    /// back as it is then, perhaps `retrying`. `None`: nothing may run now.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn run_one(&self) -> Result<Option<Job>, Error> {
        self.callboard.run_next().await
    }

    /// Runs what may run now and what that enqueues, one after the other, until nothing is left. The
    /// clock stands, so retries and scheduled jobs wait.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; [`Error::Conflict`] when it does not come to an end.
    pub async fn drain(&self) -> Result<Vec<Job>, Error> {
        let mut done = Vec::new();
        while let Some(job) = self.run_one().await? {
            done.push(job);
            if done.len() == MAX_DRAINED {
                let why =
                    format!("{MAX_DRAINED} jobs were run and there are more: do they enqueue each other?");
                return Err(Error::Conflict(why));
            }
        }
        Ok(done)
    }

    /// As [`Self::drain`], but moves the clock on to whatever is due next, until nothing is or that is
    /// further away than `span`.
    ///
    /// # Errors
    /// As [`Self::drain`].
    pub async fn drain_for(&self, span: Duration) -> Result<Vec<Job>, Error> {
        let end = self.clock.now().plus(span);
        let mut done = Vec::new();
        loop {
            done.extend(self.drain().await?);
            let next = self.callboard.promote_due().await?;
            let Some(next) = next.filter(|next| *next <= end && done.len() < MAX_DRAINED) else {
                return Ok(done);
            };
            self.clock.advance(next.since(self.clock.now()));
        }
    }

    /// The jobs that a filter finds, the oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn jobs(&self, filter: JobFilter) -> Result<Vec<Job>, Error> {
        Ok(self.list(filter, Order::Oldest, None, MAX_SEEN).await?.jobs)
    }

    /// Asserts that a job like this waits or runs; gives it back, the oldest one if there are several.
    ///
    /// # Panics
    /// When there is none. The text tells what there is, and what is different.
    #[track_caller]
    pub fn assert_enqueued<'a>(&'a self, like: &'a Expect) -> impl Future<Output = Job> + 'a {
        let caller = Location::caller();
        async move {
            let jobs = self.unfinished(caller).await;
            match jobs.iter().find(|job| like.is_met_by(job)) {
                Some(job) => job.clone(),
                None => panic!("{caller}: {}", like.missing_among(&jobs)),
            }
        }
    }

    /// Asserts that no job like this waits or runs.
    ///
    /// # Panics
    /// When there is one. The text tells which.
    #[track_caller]
    pub fn refute_enqueued<'a>(&'a self, like: &'a Expect) -> impl Future<Output = ()> + 'a {
        let caller = Location::caller();
        async move {
            let jobs = self.unfinished(caller).await;
            if let Some(job) = jobs.iter().find(|job| like.is_met_by(job)) {
                panic!("{caller}: there should be no {like}, but there is\n{}", expect::line(job));
            }
        }
    }

    async fn unfinished(&self, caller: &Location<'_>) -> Vec<Job> {
        let filter = JobFilter { state: State::UNFINISHED.to_vec(), ..JobFilter::default() };
        match self.jobs(filter).await {
            Ok(jobs) => jobs,
            Err(e) => panic!("{caller}: the jobs cannot be read: {e}"),
        }
    }

    /// Takes it down.
    pub async fn stop(self) {
        // Nothing runs that would be worth waiting for.
        let (_tell, hurry) = tokio::sync::watch::channel(true);
        self.callboard.shutdown_with(hurry).await;
    }
}
