//! Workers with a real store and a fake library.

use std::sync::Arc;

use callboard::config::StashConfig;
use callboard::domain::{Clock, Plan, PlanRow, RowFilter, RowState};
use callboard::runtime::LibraryTables;
use callboard::store::{Store, verbs, views};
use callboard::workers::analyze_scenes::AnalyzeScenes;
use callboard::workers::apply_plan::ApplyPlan;
use callboard::workers::stash::Stash;
use callboard::workers::sync_all::SyncAll;
use callboard::workers::{Context, RunResult, Worker};
use serde_json::{Value, json};

use crate::stash::{FakeStash, KEY, library};
use crate::support::{Bench, job, run_typed};

pub struct Shelf {
    pub fake: FakeStash,
    pub bench: Bench,
    pub store: Store,
    pub config: StashConfig,
    pub clock: Clock,
    next_job: i64,
}

impl Shelf {
    pub fn new() -> Self {
        let (fake, bench) = (FakeStash::start(library()), Bench::new());
        let key_file = bench.dir.path().join("key");
        std::fs::write(&key_file, KEY).unwrap();
        let config = StashConfig {
            url: Some(fake.url.parse().unwrap()),
            api_key_file: Some(key_file),
            page_size: 20,
            max_retries: 2,
            ..StashConfig::default()
        };
        let store = Store::open(&bench.dir.path().join("queue.db"), 2, Box::new(|_| {})).unwrap();
        let clock = Clock::manual("2030-01-02T03:04:05Z".parse().unwrap());
        Self { fake, bench, store, config, clock, next_job: 1 }
    }

    pub fn stash(&self) -> Arc<Stash> {
        Arc::new(Stash::new(self.config.clone(), self.clock.clone()))
    }

    /// A context for the next job.
    pub fn context(&mut self, args: &Value) -> Context {
        let id = self.next_job;
        self.next_job += 1;
        self.context_of(id, args)
    }

    /// A context for a job that may have been tried before.
    pub fn context_of(&self, id: i64, args: &Value) -> Context {
        let mut ctx = self.bench.context("{}");
        let mut job = job(&args.to_string());
        job.id = id;
        ctx.job = Arc::new(job);
        let tables = LibraryTables { store: self.store.clone(), clock: self.clock.clone() };
        ctx.with_library(Arc::new(tables))
    }

    async fn run(&mut self, worker: impl Worker, args: &Value) -> RunResult<Value> {
        let result = run_typed(worker, self.context(args)).await;
        result.map(|json| json.map_or(Value::Null, |json| json.parse().unwrap()))
    }

    pub async fn sync(&mut self, args: Value) -> RunResult<Value> {
        self.run(SyncAll::new(self.stash()), &args).await
    }

    pub async fn analyze(&mut self, args: Value) -> RunResult<Value> {
        self.run(AnalyzeScenes, &args).await
    }

    pub async fn apply(&mut self, args: Value) -> RunResult<Value> {
        self.run(ApplyPlan::new(self.stash()), &args).await
    }

    /// Itself, once a request with this in it has come.
    pub async fn asked(self, part: &str) -> Self {
        let part = part.to_owned();
        let asked = tokio::task::spawn_blocking(move || {
            self.fake.expect(&part);
            self
        });
        asked.await.unwrap()
    }

    /// A plan, made of a fresh snapshot.
    pub async fn plan(&mut self, args: Value) -> i64 {
        self.sync(json!({})).await.unwrap();
        self.analyze(args).await.unwrap()["plan_id"].as_i64().unwrap()
    }

    pub async fn head(&self, id: i64) -> Plan {
        self.store.read(move |conn| views::plans::plan(conn, id)).await.unwrap().unwrap()
    }

    pub async fn rows(&self, plan: i64, filter: RowFilter) -> Vec<PlanRow> {
        self.store.read(move |conn| views::plans::rows(conn, plan, &filter, 0, 10_000)).await.unwrap()
    }

    pub async fn review(&self, plan: i64, filter: RowFilter, to: RowState) -> (i64, i64) {
        self.store.write(move |tx| verbs::plans::review(tx, plan, &filter, to)).await.unwrap()
    }

    pub async fn approve_all(&self, plan: i64) {
        self.review(plan, RowFilter::default(), RowState::Approved).await;
    }

    /// The ids of the scenes in the snapshot.
    pub async fn snapshot(&self) -> Vec<i64> {
        let kind = callboard::domain::LibraryKind::Scene;
        let items = self.store.read(move |conn| views::library::items(conn, kind, 0, 10_000)).await.unwrap();
        items.into_iter().map(|item| item.id).collect()
    }
}
