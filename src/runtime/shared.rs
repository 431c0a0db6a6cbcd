//! What all actors of a runtime have in common.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use super::cron_scheduler::CronScheduler;
use super::far_logs::FarLogs;
use super::hub::HubHandle;
use super::library::LibraryTables;
use super::mailbox::Mailbox;
use super::membership::Membership;
use super::options::{ANY_NUMBER, Options, TypeEntry, TypeOptions};
use super::progress::ProgressWriter;
use super::pruner::Pruner;
use super::remote::{Dispatcher, RemoteWorkers};
use super::rescuer::Rescuer;
use super::retry_scheduler::RetryScheduler;
use super::slots::Slots;
use super::supervisor::{CommitsDone, Supervisor};
use super::time_limits::TimeLimits;
use super::timekeeper::Timekeeper;
use super::watchdog::Watchdog;
use super::worker::Worker;
use crate::domain::{Clock, EventBody};
use crate::error::Error;
use crate::logs::JobLogs;
use crate::metrics::Metrics;
use crate::store::exchange::Post;
use crate::store::news::Item;
use crate::store::talk::Talk;
use crate::store::verbs::settings::JobTypeSettings;
use crate::store::{Committed, Store, StoreResult, Tx, news};
use crate::telemetry::Telemetry;

/// What all actors of a runtime have in common. It holds their addresses too, so that one that is
/// rebuilt finds the others.
pub struct Shared {
    /// What holds for the whole runtime.
    pub options: Options,
    /// Tells the time.
    pub clock: Clock,
    /// The queue.
    pub store: Store,
    /// The log files.
    pub logs: JobLogs,
    /// Tells everybody what happens.
    pub hub: HubHandle,
    /// Asks other nodes for their log files.
    pub far_logs: FarLogs,
    /// The job types with a worker here.
    pub types: BTreeMap<String, TypeEntry>,
    /// Their slots.
    pub slots: HashMap<String, Arc<Slots>>,
    /// This process among the nodes.
    pub membership: Membership,
    /// The threads that run async workers.
    pub job_threads: tokio::runtime::Handle,
    /// Where the actors live.
    pub arbiter: actix::ArbiterHandle,
    /// The tables of the media library.
    pub library: Arc<LibraryTables>,
    /// When the time of running attempts is up.
    pub limits: TimeLimits,
    /// Steps of progress on their way to the store.
    pub progress: ProgressWriter,
    /// Workers elsewhere that are connected here.
    pub remote: Arc<RemoteWorkers>,
    /// Whether every part makes progress.
    pub watchdog: Watchdog,
    /// The actors.
    pub actors: RwLock<Actors>,
    /// What was changed of job types at run time, and what is paused.
    pub settings: RwLock<Settings>,
    /// Held by whoever reads them anew.
    pub settings_turn: tokio::sync::Mutex<()>,
    /// Notified whenever ends of attempts are on disk.
    pub idle: tokio::sync::Notify,
    /// What is counted.
    pub metrics: Metrics,
    /// What is traced.
    pub telemetry: Telemetry,
    commits: Mutex<VecDeque<Committed>>,
    others: OnceLock<Post>,
    draining: AtomicBool,
}

/// The addresses of the actors.
#[derive(Clone, Default)]
pub struct Actors {
    /// Owns the queue.
    pub supervisor: Option<Mailbox<Supervisor>>,
    /// One for each job type.
    pub workers: HashMap<String, Mailbox<Worker>>,
    /// Delivers what is due.
    pub retry_scheduler: Option<Mailbox<RetryScheduler>>,
    /// Fires schedules.
    pub cron_scheduler: Option<Mailbox<CronScheduler>>,
    /// Stops attempts whose time is up.
    pub timekeeper: Option<Mailbox<Timekeeper>>,
    /// Hands jobs to workers elsewhere.
    pub dispatcher: Option<Mailbox<Dispatcher>>,
    /// Deletes what is old.
    pub pruner: Option<Mailbox<Pruner>>,
    /// Takes back what belongs to nobody.
    pub rescuer: Option<Mailbox<Rescuer>>,
}

/// What was changed at run time, as the store has it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// By job type.
    pub job_types: HashMap<String, JobTypeSettings>,
    /// Whether everything is paused.
    pub all_paused: bool,
    /// Paused job types.
    pub paused_types: Vec<String>,
    /// Paused queues.
    pub paused_queues: Vec<String>,
}

/// The parts of [`Shared`] that are there before the actors.
pub struct Parts {
    pub(super) options: Options,
    pub(super) clock: Clock,
    pub(super) store: Store,
    pub(super) logs: JobLogs,
    pub(super) hub: HubHandle,
    pub(super) types: BTreeMap<String, TypeEntry>,
    pub(super) membership: Membership,
    pub(super) job_threads: tokio::runtime::Handle,
    pub(super) arbiter: actix::ArbiterHandle,
    pub(super) settings: Settings,
    pub(super) metrics: Metrics,
    pub(super) telemetry: Telemetry,
}

impl Shared {
    /// Puts it together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            slots: parts.types.keys().map(|name| (name.clone(), Arc::default())).collect(),
            progress: ProgressWriter::new(parts.store.clone(), parts.job_threads.clone()),
            library: Arc::new(LibraryTables { store: parts.store.clone(), clock: parts.clock.clone() }),
            limits: TimeLimits::default(),
            remote: Arc::default(),
            watchdog: Watchdog::new(parts.clock.clone(), parts.options.heartbeat),
            options: parts.options,
            clock: parts.clock,
            store: parts.store,
            logs: parts.logs,
            hub: parts.hub,
            far_logs: FarLogs::default(),
            types: parts.types,
            membership: parts.membership,
            job_threads: parts.job_threads,
            arbiter: parts.arbiter,
            actors: RwLock::default(),
            settings: RwLock::new(parts.settings),
            settings_turn: tokio::sync::Mutex::default(),
            idle: tokio::sync::Notify::new(),
            metrics: parts.metrics,
            telemetry: parts.telemetry,
            commits: Mutex::default(),
            others: OnceLock::new(),
            draining: AtomicBool::new(false),
        }
    }

    /// The id of this node.
    #[must_use]
    pub fn node(&self) -> i64 {
        self.membership.id()
    }

    /// What holds for a job type now: as configured, and as changed at run time.
    #[must_use]
    pub fn type_options(&self, job_type: &str) -> TypeOptions {
        let here = self.types.get(job_type);
        let said = || self.options.elsewhere.get(job_type).unwrap_or(&self.options.unknown);
        let mut options = here.map_or_else(said, |here| &here.options).clone();
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(changed) = settings.job_types.get(job_type) {
            options.concurrency = changed.concurrency.unwrap_or(options.concurrency);
            options.timeout_secs = changed.timeout_secs.unwrap_or(options.timeout_secs);
            options.limits.global_concurrency =
                changed.global_concurrency.unwrap_or(options.limits.global_concurrency);
            if let Some(limit) = &changed.rate_limit {
                options.limits.rate_limit = serde_json::from_str(limit).unwrap_or_default();
            }
        }
        if here.is_none() && options.concurrency < ANY_NUMBER {
            // Its attempts have no slots, on whichever node.
            let all = options.limits.global_concurrency.unwrap_or(ANY_NUMBER);
            options.limits.global_concurrency = Some(all.min(options.concurrency));
        }
        options
    }

    /// The job types without a worker here of which the configuration or somebody said something.
    #[must_use]
    pub fn limited_elsewhere(&self) -> BTreeSet<String> {
        let told = self.read_settings(|s| s.job_types.keys().cloned().collect::<Vec<_>>());
        let all = self.options.elsewhere.keys().cloned().chain(told);
        all.filter(|name| !self.types.contains_key(name)).collect()
    }

    /// From now on these settings hold.
    pub fn set_settings(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        self.set_limits();
    }

    /// Lets the store know what limits hold.
    pub fn set_limits(&self) {
        for job_type in self.types.keys().chain(&self.limited_elsewhere()) {
            self.store.limits().set(job_type, self.type_options(job_type).limits);
        }
    }

    /// Whether jobs of a type may start.
    #[must_use]
    pub fn may_start(&self, job_type: &str) -> bool {
        !self.is_draining()
            && self.membership.is_sure()
            && !self.read_settings(|s| s.all_paused)
            && !self.is_paused(job_type)
    }

    /// Whether a job type is paused by itself.
    #[must_use]
    pub fn is_paused(&self, job_type: &str) -> bool {
        self.read_settings(|s| s.paused_types.iter().any(|t| t == job_type))
    }

    /// Looks at the settings.
    pub fn read_settings<T>(&self, look: impl FnOnce(&Settings) -> T) -> T {
        look(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The worker actor of a job type.
    #[must_use]
    pub fn worker(&self, job_type: &str) -> Option<Mailbox<Worker>> {
        self.actors.read().unwrap_or_else(PoisonError::into_inner).workers.get(job_type).cloned()
    }

    /// Changes the addresses of actors.
    pub fn with_actors<T>(&self, change: impl FnOnce(&mut Actors) -> T) -> T {
        change(&mut self.actors.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Hands a write to the queue's own thread, and returns once it is on disk. It is a message to that
    /// thread and to no actor, which would only pass it on (`docs/adr/0019-a-write-is-handed-in-once.md`).
    ///
    /// # Errors
    /// As the verb says, or that the store does not take writes.
    pub async fn write<T, F>(&self, verb: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        self.store.write(verb).await
    }

    /// Tells those who watch of a commit, notes what else it brought about, and tells the supervisor
    /// that there is something. That is kept here, not in its mailbox, so that none is lost with a
    /// supervisor that panics.
    pub fn tell_commit(&self, mut commit: Committed) {
        let events = std::mem::take(&mut commit.events);
        if !events.is_empty() {
            self.hub.publish(events);
        }
        if commit.is_empty() {
            return;
        }
        if let Some(others) = self.others.get() {
            others.tell(news::of_commit(&commit));
        }
        commit.again.clear();
        // Who deletes jobs here deletes their folders too.
        commit.doomed = false;
        if !commit.is_empty() {
            self.queue_commit(commit);
        }
    }

    /// As [`Self::tell_commit`], of a commit of another node.
    pub fn hear_commit(&self, mut commit: Committed) {
        for job_type in std::mem::take(&mut commit.again) {
            self.store.ready_again(&job_type);
        }
        let events = std::mem::take(&mut commit.events);
        let (lines, events) = events.into_iter().partition(|e| matches!(e.body, EventBody::Log(_)));
        self.hub.hear_lines(lines);
        self.hub.publish_here(events);
        if !commit.is_empty() {
            self.queue_commit(commit);
        }
    }

    /// From now on other nodes are told of commits too.
    pub fn tell_others(&self, post: Post) {
        // The first one stands; there is only one.
        let _ = self.others.set(post);
    }

    /// Says something to the other nodes, if there may be any.
    pub fn say(&self, talk: Vec<Talk>) {
        if let Some(others) = self.others.get() {
            others.tell(talk.into_iter().map(Item::Talk).collect());
        }
    }

    /// Tells other nodes what is left to tell, and no more.
    pub fn end_exchange(&self) {
        if let Some(others) = self.others.get() {
            others.end();
        }
    }

    fn queue_commit(&self, commit: Committed) {
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        let first = commits.is_empty();
        commits.push_back(commit);
        drop(commits);
        if let Some(supervisor) = self.with_actors(|actors| actors.supervisor.clone()).filter(|_| first) {
            supervisor.tell(CommitsDone);
        }
    }

    /// The oldest commit that nobody was told of.
    pub fn take_commit(&self) -> Option<Committed> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Whether the server goes down and starts nothing new.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// What takes long asks this between its parts too.
    ///
    /// # Errors
    /// [`Error::ShuttingDown`] once the server goes down.
    pub fn refuse_when_draining(&self) -> Result<(), Error> {
        if self.is_draining() { Err(Error::ShuttingDown) } else { Ok(()) }
    }

    /// From now on nothing new is taken or started.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Whether no job type has anything that runs or is not on disk.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.slots.values().all(|s| s.is_idle())
    }

    /// How much code goes on running although its attempt is over.
    #[must_use]
    pub fn leaked(&self) -> usize {
        self.slots.values().map(|s| s.leaked()).sum()
    }
}
