//! A store of its own for each case, and the verbs in short form.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use callboard::config::Database;
use callboard::domain::{
    Backoff, Claim, EventBody, Job, JobFilter, JobPatch, Json, NewJob, Order, Progress, State, Timestamp,
    Verdict,
};
use callboard::store::verbs::claim::{self, Claimer};
use callboard::store::verbs::enqueue::{self, Prepared, Stored};
use callboard::store::verbs::finish::{self, Finished};
use callboard::store::verbs::promote::Promoted;
use callboard::store::{Committed, Store, StoreResult, Tx, verbs, views};

use super::gate::Gate;
use crate::guest::Guest;
use crate::postgres::Schema;

/// The node that the short forms claim as.
pub const NODE: i64 = 1;

/// A moment, in seconds.
pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1000)
}

/// A failure that may be tried again.
pub fn error(message: &str) -> Verdict {
    Verdict::Error { message: message.into(), retry_in: None }
}

/// The claim under which a job runs.
pub fn claim_of(job: &Job) -> Claim {
    Claim { job_id: job.id, attempt: job.attempt, node: NODE }
}

/// An open store in a folder of its own, with a clock that stands still, at second 1000, until a
/// case moves it.
pub struct TestStore {
    pub store: Store,
    /// Is passed after each commit, before its writers are answered.
    pub gate: Gate,
    told: Arc<Mutex<Vec<Committed>>>,
    clock: Cell<i64>,
    home: Home,
}

/// What is gone with the store.
enum Home {
    Folder(tempfile::TempDir),
    Schema(Schema),
}

impl TestStore {
    pub fn sqlite() -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = Database::from(database(home.path()).as_path());
        Self::open(Home::Folder(home), file)
    }

    pub fn postgres() -> Self {
        let schema = Schema::new();
        let database = schema.database();
        Self::open(Home::Schema(schema), database)
    }

    fn open(home: Home, database: Database) -> Self {
        let told = Arc::new(Mutex::new(Vec::new()));
        let gate = Gate::default();
        let (sink, door) = (told.clone(), gate.clone());
        let observer = move |commit| {
            sink.lock().unwrap().push(commit);
            door.pass();
        };
        let store = Store::open(&database, 2, Box::new(observer)).unwrap();
        Self { store, gate, told, clock: Cell::new(1000), home }
    }

    /// Whether several nodes may share the database.
    pub fn is_shared(&self) -> bool {
        matches!(self.home, Home::Schema(_))
    }

    /// Another node's store on the same database.
    pub fn beside(&self) -> Store {
        match &self.home {
            Home::Folder(_) => panic!("an embedded database has one owner"),
            Home::Schema(schema) => Store::open(schema.database(), 2, Box::new(|_| {})).unwrap(),
        }
    }

    pub fn database(&self) -> PathBuf {
        match &self.home {
            Home::Folder(home) => database(home.path()),
            Home::Schema(schema) => panic!("schema {} is no file", schema.name),
        }
    }

    /// A caller's own connection.
    pub fn guest(&self) -> Guest {
        match &self.home {
            Home::Folder(home) => Guest::sqlite(&database(home.path())),
            Home::Schema(schema) => Guest::postgres(&schema.postgres().url.conninfo()),
        }
    }

    pub fn now(&self) -> Timestamp {
        at(self.clock.get())
    }

    /// Lets seconds pass.
    pub fn pass(&self, secs: i64) {
        self.clock.set(self.clock.get() + secs);
    }

    /// What was told of commits since the last call.
    pub fn told(&self) -> Vec<Committed> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    /// The states that were told since the last call, in order.
    pub fn told_states(&self) -> Vec<(i64, State)> {
        let events = self.told().into_iter().flat_map(|commit| commit.events);
        let state = |body| match body {
            EventBody::State { state, .. } => Some(state),
            _ => None,
        };
        events.filter_map(|event| Some((event.job_id, state(event.body)?))).collect()
    }

    pub async fn write<T, F>(&self, verb: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        self.store.write(verb).await
    }

    pub async fn try_enqueue(&self, job: NewJob) -> StoreResult<Stored> {
        Ok(self.try_enqueue_all(vec![job], false).await?[0])
    }

    pub async fn try_enqueue_all(&self, jobs: Vec<NewJob>, bulk: bool) -> StoreResult<Vec<Stored>> {
        let now = self.now();
        let jobs: Vec<_> = jobs.into_iter().map(|job| Prepared::new(job, 3)).collect();
        self.write(move |tx| enqueue::enqueue(tx, &jobs, bulk, now)).await
    }

    /// Stores a job that is new.
    pub async fn enqueue(&self, job: NewJob) -> i64 {
        let stored = self.try_enqueue(job).await.unwrap();
        assert!(!stored.duplicate, "job {} was there already", stored.id);
        stored.id
    }

    /// Meets a job that is there already.
    pub async fn enqueue_again(&self, job: NewJob) -> i64 {
        let stored = self.try_enqueue(job).await.unwrap();
        assert!(stored.duplicate, "job {} is new", stored.id);
        stored.id
    }

    pub async fn claim(&self, job_type: &str, n: usize) -> Vec<Job> {
        let (now, job_type) = (self.now(), job_type.to_owned());
        let by = Claimer { node: NODE, worker_id: format!("{NODE}/{job_type}") };
        self.write(move |tx| claim::claim(tx, &job_type, n, &by, now)).await.unwrap().jobs
    }

    /// Claims one job that must be there.
    pub async fn claim_one(&self, job_type: &str) -> Job {
        self.claim(job_type, 1).await.pop().expect("a job to claim")
    }

    pub async fn finish(&self, claim: Claim, verdict: Verdict) -> Option<State> {
        let now = self.now();
        let done = Finished { claim, verdict, progress: None, backoff: Backoff::default(), luck: 0.5 };
        self.write(move |tx| finish::finish(tx, std::slice::from_ref(&done), now)).await.unwrap()[0]
    }

    /// Claims the next job of a type and ends its attempt.
    pub async fn run_one(&self, job_type: &str, verdict: Verdict) -> Job {
        let job = self.claim_one(job_type).await;
        self.finish(claim_of(&job), verdict).await.expect("a claim that holds");
        self.job(job.id).await
    }

    pub async fn lose(&self, claim: Claim) -> Option<State> {
        let now = self.now();
        self.write(move |tx| verbs::rescue::lose(tx, claim, 3, now)).await.unwrap()
    }

    pub async fn progress(&self, claim: Claim, processed: u64) -> bool {
        let step = Progress { processed, ..Progress::default() };
        self.write(move |tx| verbs::progress::progress(tx, &[(claim, step.clone())])).await.unwrap()[0]
    }

    pub async fn keep_step(&self, claim: Claim, name: &str) -> StoreResult<()> {
        let (now, name, value) = (self.now(), name.to_owned(), Json::trusted("1"));
        self.write(move |tx| verbs::steps::keep(tx, claim, &name, &value, 1000, now)).await
    }

    /// Gives a job a signal; whether it is new.
    pub async fn signal(&self, id: i64, name: &str, payload: &str) -> StoreResult<bool> {
        let (now, name, payload) = (self.now(), name.to_owned(), Json::checked(payload).unwrap());
        self.write(move |tx| verbs::signals::give(tx, id, &name, &payload, 1000, now)).await
    }

    /// What is left to an attempt whose time for a signal is up.
    pub async fn time_out(&self, claim: Claim, name: &str) -> StoreResult<Option<Json>> {
        let (now, name) = (self.now(), name.to_owned());
        self.write(move |tx| verbs::signals::time_out(tx, claim, &name, now)).await
    }

    pub async fn cancel(&self, id: i64) -> StoreResult<bool> {
        let now = self.now();
        self.write(move |tx| verbs::cancel::cancel(tx, id, now)).await
    }

    pub async fn retry(&self, id: i64) -> StoreResult<State> {
        let now = self.now();
        self.write(move |tx| verbs::retry::retry(tx, id, now)).await
    }

    pub async fn patch(&self, id: i64, change: JobPatch) -> StoreResult<()> {
        let now = self.now();
        self.write(move |tx| verbs::patch::patch(tx, id, &change, now)).await
    }

    pub async fn promote(&self, limit: usize) -> Promoted {
        let now = self.now();
        self.write(move |tx| verbs::promote::promote(tx, limit, now)).await.unwrap()
    }

    pub async fn delete(&self, ids: &[i64]) -> Vec<i64> {
        let ids = ids.to_vec();
        self.write(move |tx| verbs::delete::delete(tx, &ids)).await.unwrap()
    }

    pub async fn find(&self, id: i64) -> Option<Job> {
        self.store.read(move |conn| views::job::job(conn, id)).await.unwrap()
    }

    /// A job that must be there, with its attempts.
    pub async fn job(&self, id: i64) -> Job {
        let with_attempts = move |conn: &mut _| {
            let Some(mut job) = views::job::job(conn, id)? else { return Ok(None) };
            job.attempts = Some(views::job::attempts_of(conn, &job)?);
            Ok(Some(job))
        };
        self.store.read(with_attempts).await.unwrap().unwrap_or_else(|| panic!("no job {id}"))
    }

    pub async fn state(&self, id: i64) -> State {
        self.job(id).await.state
    }

    /// Every page of a list, one after the other.
    pub async fn list(&self, filter: &JobFilter, order: Order, limit: usize) -> Vec<Job> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let wanted = filter.clone();
            let view = move |conn: &mut _| views::list::list(conn, &wanted, order, after, limit);
            let page = self.store.read(view).await.unwrap();
            assert!(page.jobs.len() <= limit);
            all.extend(page.jobs);
            after = page.next;
            if after.is_none() {
                return all;
            }
        }
    }
}

fn database(home: &Path) -> PathBuf {
    home.join("queue.db")
}
