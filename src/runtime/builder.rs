//! Putting a callboard together and starting it.

use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;

use super::Callboard;
use super::at_once::{AtOnce, Link};
use super::cluster;
use super::hub::{HubHandle, JobLookup};
use super::limits;
use super::membership::{self, Membership};
use super::options::{Options, types};
use super::patience::Patience;
use super::progress_hub::ProgressHub;
use super::rescuer::rescue_all;
use super::secrets::Secrets;
use super::shared::{Parts, Shared};
use super::supervisor::{Supervisor, load_settings};
use crate::config::{Config, Database, ScheduleConfig};
use crate::domain::{Claim, Clock, Job, Timestamp};
use crate::error::Error;
use crate::logs::JobLogs;
use crate::metrics::Metrics;
use crate::store::faults::{FaultLayer, Faults};
use crate::store::owner::OwnerLock;
use crate::store::{Seams, Store, StoreResult, verbs, views};
use crate::telemetry::Telemetry;
use crate::workers::AnyWorker;
use crate::workers::subprocess::Instance;

/// Connections that read.
const READERS: u32 = 4;

/// Puts a callboard together.
///
/// ```no_run
/// # async fn example() -> Result<(), callboard::Error> {
/// use callboard::{Callboard, NewJob, config::Config};
/// let callboard = Callboard::builder(Config::default()).start().await?;
/// callboard.enqueue(NewJob::new("noop")).await?;
/// callboard.shutdown().await;
/// # Ok(()) }
/// ```
pub struct Builder {
    config: Config,
    workers: Vec<Arc<dyn AnyWorker>>,
    clock: Clock,
    faults: FaultLayer,
    metrics: Metrics,
}

impl Builder {
    /// With the workers that come with callboard and those that the configuration declares.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            workers: Vec::new(),
            clock: Clock::system(),
            faults: FaultLayer::default(),
            metrics: Metrics::default(),
        }
    }

    /// Adds a worker.
    #[must_use]
    pub fn worker(mut self, worker: Arc<dyn AnyWorker>) -> Self {
        self.workers.push(worker);
        self
    }

    /// Goes by another clock than the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Puts a layer under the store that makes writes fail, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn faults(mut self, faults: Arc<dyn Faults>) -> Self {
        self.faults = FaultLayer::new(faults);
        self
    }

    /// Opens the store, takes back what a dead process left behind, and starts the actors. Must be
    /// called within an actix system.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the store cannot be opened (the text names the process that has
    /// it, if one has); [`Error::Conflict`] when two workers have one job type.
    pub async fn start(self) -> Result<Callboard, Error> {
        let options = Options::of(&self.config);
        options.secrets.check()?;
        let telemetry = telemetry(&self.config)?;
        std::fs::create_dir_all(&options.data_dir)
            .map_err(|e| Error::Unavailable(format!("cannot make {}: {e}", options.data_dir.display())))?;
        let link = Link::default();
        let mut patience = Patience::default();
        let store = patience.with(async || open(&options, &link, &self.faults, &self.metrics)).await?;
        patience.with(async || super::shared_clock::set(&store, &self.clock).await).await?;
        let instance = match &options.database {
            Database::Sqlite(_) => Instance::new(store.instance()),
            // Other nodes of this store may be on this machine.
            Database::Postgres(_) => Instance::of_data_dir(&options.data_dir),
        };
        super::leftovers::end(&instance, &options).await?;
        let mut registry = super::configured::registry(&self.config, &options, instance, &self.clock)?;
        for worker in self.workers {
            registry.add(worker).map_err(Error::Conflict)?;
        }
        super::configured::check_schedules(&self.config, &options, &registry)?;
        let now = self.clock.now();
        let before = membership::recall(&options.data_dir, store.instance());
        if let Some((gone, _)) = before {
            patience.with(async || store.write(move |tx| verbs::nodes::lose(tx, gone)).await).await?;
        }
        let rescued = patience.with(async || rescue_all(&store, options.max_crashes, now).await).await?;
        let home = before.map(|(_, home)| home);
        let node = patience.with(async || membership::register(&store, home, now).await).await?;
        let home = home.unwrap_or(node);
        membership::remember(&options.data_dir, store.instance(), node, home);
        let settings = patience.with(async || load_settings(&store).await).await?;
        let schedules = Arc::new(schedules_of(&self.config, &options.secrets)?);
        patience.with(async || configure(&store, schedules.clone(), now).await).await?;
        let arbiter = Arbiter::new();
        let job_threads = job_threads()?;
        let shared = Arc::new(Shared::new(Parts {
            logs: JobLogs::new(options.data_dir.join("logs"), options.max_log_bytes, self.clock.clone()),
            hub: HubHandle::new(),
            types: types(&self.config, &registry),
            job_threads: job_threads.handle().clone(),
            arbiter: arbiter.handle(),
            clock: self.clock,
            membership: Membership::new(node, home, &options, patience.was_needed()),
            options,
            store,
            settings,
            metrics: self.metrics,
            telemetry,
        }));
        begin(&shared, &link, &arbiter, &mut patience).await?;
        tell_rescued(&shared, rescued);
        Ok(Callboard::new(shared, job_threads))
    }
}

/// Sets everything in motion.
async fn begin(
    shared: &Arc<Shared>,
    link: &Link,
    arbiter: &Arbiter,
    patience: &mut Patience,
) -> Result<(), Error> {
    shared.metrics.jobs.expect(shared.types.keys().map(String::as_str));
    shared.set_limits();
    patience.with(async || limits::settle_all(shared).await).await?;
    link.attach(shared);
    launch(shared, arbiter).await?;
    cluster::join(shared)?;
    if shared.membership.is_shared() {
        arbiter.spawn(membership::guard(Arc::downgrade(shared)));
    }
    Ok(())
}

/// What is traced.
fn telemetry(config: &Config) -> Result<Telemetry, Error> {
    let started = Telemetry::start(&config.telemetry);
    started.map_err(|why| Error::Unavailable(format!("traces cannot be sent: {why}")))
}

/// The schedules that stand in the configuration, as the store takes them.
fn schedules_of(config: &Config, secrets: &Secrets) -> Result<Vec<verbs::schedules::Given>, Error> {
    let given = |(name, schedule): (&String, &ScheduleConfig)| {
        let mut spec = schedule.spec.clone();
        spec.job.args = secrets.seal(&spec.job.job_type, &spec.job.args)?;
        Ok(verbs::schedules::Given { name: name.clone(), spec, paused: Some(schedule.paused) })
    };
    config.schedules.iter().map(given).collect()
}

async fn configure(
    store: &Store,
    schedules: Arc<Vec<verbs::schedules::Given>>,
    now: Timestamp,
) -> StoreResult<()> {
    store.write(move |tx| verbs::schedules::configure(tx, &schedules, now)).await
}

/// Says what was taken back, and makes whole the logs that its end left in parts.
fn tell_rescued(shared: &Arc<Shared>, rescued: Vec<Claim>) {
    if rescued.is_empty() {
        return;
    }
    let n = rescued.len();
    log::warn!("{n} attempts were running when the process before this one died; they are taken back");
    let logs = shared.logs.clone();
    tokio::task::spawn_blocking(move || {
        for claim in rescued {
            if let Err(e) = logs.settle(claim.job_id, claim.attempt) {
                log::warn!("the logs of {claim} stay in parts: {e}");
            }
        }
    });
}

/// Starts the hub and the supervisor on their arbiter, and waits until they are there.
async fn launch(shared: &Arc<Shared>, arbiter: &Arbiter) -> Result<(), Error> {
    let (up, is_up) = tokio::sync::oneshot::channel();
    let shared = shared.clone();
    arbiter.spawn_fn(move || {
        let lookup: Arc<dyn JobLookup> = Arc::new(Lookup(shared.store.clone()));
        ProgressHub::start_on(&shared.hub, shared.clock.clone(), lookup);
        Supervisor::launch(&shared);
        // Behind the supervisor's own start, which starts the others.
        actix_rt::spawn(async move {
            let _ = up.send(());
        });
    });
    is_up.await.map_err(|_| Error::Unavailable("the actors did not start".into()))
}

/// The threads that run async workers.
fn job_threads() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2))
        .thread_name("callboard-job")
        .thread_keep_alive(Duration::from_secs(10))
        .enable_all()
        .build()
        .map_err(|e| Error::Unavailable(format!("cannot start the threads for jobs: {e}")))
}

fn open(options: &Options, link: &Link, faults: &FaultLayer, metrics: &Metrics) -> StoreResult<Store> {
    let seams = seams(link, faults.clone(), home(options)?, metrics.clone());
    Store::open_with(&options.database, READERS, seams)
}

/// The folder of a node is its own, also where the queue is elsewhere; a queue in a file has a lock
/// beside that.
fn home(options: &Options) -> Result<Option<OwnerLock>, Error> {
    match &options.database {
        Database::Sqlite(_) => Ok(None),
        Database::Postgres(_) => Ok(Some(OwnerLock::acquire(&options.data_dir.join("node"))?)),
    }
}

fn seams(link: &Link, faults: FaultLayer, owner: Option<OwnerLock>, metrics: Metrics) -> Seams {
    let told = link.clone();
    let observer = Box::new(move |commit| told.tell(commit));
    Seams { observer, claims: Some(Box::new(AtOnce::new(link.clone()))), faults, owner, metrics }
}

struct Lookup(Store);

impl JobLookup for Lookup {
    fn job(&self, id: i64) -> futures_util::future::BoxFuture<'static, Option<Job>> {
        let store = self.0.clone();
        Box::pin(async move { store.read(move |conn| views::job::job(conn, id)).await.ok().flatten() })
    }
}
