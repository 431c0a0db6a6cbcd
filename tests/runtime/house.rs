//! A whole callboard in a temporary folder, on a clock that tests move, with everything that happens
//! in it to be waited for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use callboard::config::Config;
use callboard::domain::{Backoff, Clock, JobFilter, State};
use callboard::runtime::hub::{Subscription, Wish};
use callboard::store::faults::Faults;
use callboard::workers::AnyWorker;
use callboard::{Callboard, Job, NewJob, Timestamp};
use futures_util::StreamExt;

/// After so long in real time a test has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long everything is given to come to rest before the clock is moved on.
const REST: Duration = Duration::from_millis(2);

/// What a house is built of.
pub struct Plan {
    pub config: Config,
    pub clock: Clock,
    pub workers: Vec<Arc<dyn AnyWorker>>,
    pub faults: Option<Arc<dyn Faults>>,
    pub dir: Arc<tempfile::TempDir>,
}

impl Plan {
    /// An empty folder, a clock that stands, delays of 1, 2, 4 … seconds without jitter.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: dir.path().join("data"), ..Config::default() };
        config.retry = Backoff { base_delay_secs: 1.0, multiplier: 2.0, max_delay_secs: 3600.0, jitter: 0.0 };
        Self {
            config,
            clock: Clock::manual(Timestamp::from_millis(1_893_456_000_000)),
            workers: Vec::new(),
            faults: None,
            dir: Arc::new(dir),
        }
    }

    pub fn worker(mut self, worker: Arc<dyn AnyWorker>) -> Self {
        self.workers.push(worker);
        self
    }

    pub fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    #[allow(dead_code)]
    pub fn faults(mut self, faults: Arc<dyn Faults>) -> Self {
        self.faults = Some(faults);
        self
    }

    pub async fn build(self) -> House {
        // What it logs is shown with a test that fails.
        let _ = env_logger::builder().is_test(true).try_init();
        let mut builder = Callboard::builder(self.config).clock(self.clock.clone());
        for worker in self.workers {
            builder = builder.worker(worker);
        }
        if let Some(faults) = self.faults {
            builder = builder.faults(faults);
        }
        let board = builder.start().await.unwrap();
        let events = board.hub().subscribe(Wish::all(JobFilter::default())).await.unwrap();
        House { board, clock: self.clock, events, told: Vec::new(), read: HashMap::new(), dir: self.dir }
    }
}

/// A state that was told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub id: i64,
    pub state: State,
    pub attempt: u32,
}

/// See the module.
pub struct House {
    pub board: Callboard,
    pub clock: Clock,
    events: Subscription,
    /// All states that were told of so far, in their order.
    pub told: Vec<Told>,
    read: HashMap<i64, usize>,
    dir: Arc<tempfile::TempDir>,
}

impl House {
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    pub async fn enqueue(&self, job: NewJob) -> i64 {
        self.board.enqueue(job).await.unwrap().job.id
    }

    pub async fn job(&self, id: i64) -> Job {
        self.board.job(id).await.unwrap()
    }

    /// Waits until a job is told to be in a state. The clock stands.
    pub async fn until(&mut self, id: i64, state: State) {
        while !self.take(id, state) {
            let event = tokio::time::timeout(PATIENCE, self.events.next()).await;
            let Ok(Some(frame)) = event else {
                panic!("job {id} was never told to be {state}; told: {:?}", self.told)
            };
            self.note(&frame);
        }
    }

    /// Moves the clock in steps until a job is told to be in a state. Returns when that was.
    pub async fn until_moving(&mut self, id: i64, state: State, step: Duration) -> Timestamp {
        let begun = std::time::Instant::now();
        while !self.take(id, state) {
            assert!(begun.elapsed() < PATIENCE, "job {id} was never told to be {state}: {:?}", self.told);
            match tokio::time::timeout(REST, self.events.next()).await {
                Ok(Some(frame)) => self.note(&frame),
                Ok(None) => panic!("the hub is gone"),
                Err(_) => self.clock.advance(step),
            }
        }
        self.clock.now()
    }

    /// The states that were told of a job, those that wait to be read too.
    pub fn all_told(&mut self, id: i64) -> Vec<State> {
        for frame in self.events.take_ready() {
            self.note(&frame);
        }
        self.told.iter().filter(|t| t.id == id).map(|t| t.state).collect()
    }

    fn note(&mut self, frame: &callboard::runtime::hub::Frame) {
        if let (Some(event), Some((state, attempt))) = (frame.as_event(), frame.state()) {
            self.told.push(Told { id: event.job_id, state, attempt });
        }
    }

    /// Finds a state that was told of and not waited for before, and goes on behind it.
    fn take(&mut self, id: i64, state: State) -> bool {
        let from = self.read.get(&id).copied().unwrap_or_default();
        let found = self.told[from..].iter().position(|t| t.id == id && t.state == state);
        if let Some(at) = found {
            self.read.insert(id, from + at + 1);
        }
        found.is_some()
    }

    /// Moves the clock in steps until something holds.
    pub async fn moving_until<F, Fut>(&self, step: Duration, what: &str, mut holds: F)
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = bool>,
    {
        let begun = std::time::Instant::now();
        while !holds().await {
            assert!(begun.elapsed() < PATIENCE, "never: {what}");
            tokio::time::sleep(REST).await;
            self.clock.advance(step);
        }
    }
}
