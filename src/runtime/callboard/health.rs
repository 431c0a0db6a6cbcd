//! How it goes: counts, what runs, whether every part makes progress.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Callboard, Readiness, Reason, WorkerView};
use crate::domain::NodeInfo;
use crate::domain::status::QueueStatus;
use crate::error::Error;
use crate::runtime::supervisor::{JOB_THREADS, STORE, WORKER};
use crate::store::{verbs, views};

/// How long the store has to answer when it is asked whether it is there.
const STORE_PATIENCE: Duration = Duration::from_secs(2);

/// Parts that no loop stands behind.
const SERVER: &str = "server";
const LOGS: &str = "logs";
const LEAKED: &str = "leaked";

/// The most attempts of other nodes that are shown.
const OTHERS: usize = 1_000;

impl Callboard {
    /// Counts of everything.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn queue_status(&self) -> Result<QueueStatus, Error> {
        let now = self.shared.clock.now();
        self.read(move |conn| views::status::status(conn, now)).await
    }

    /// The server processes, the newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn nodes(&self) -> Result<Vec<NodeInfo>, Error> {
        self.read(views::nodes::nodes).await
    }

    /// The attempts that run now, on all nodes, the oldest first. Of other nodes as the store has them,
    /// at most a thousand.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn workers(&self) -> Result<Vec<WorkerView>, Error> {
        let mut views = self.workers_here();
        if self.shared.membership.is_shared() || self.shared.options.has_remote_workers {
            let node = self.shared.node();
            let others = self.read(move |conn| views::running::elsewhere(conn, node, OTHERS)).await?;
            let others = others.into_iter().map(|attempt| WorkerView {
                worker_id: attempt.worker_id,
                job_type: attempt.job_type,
                job_id: attempt.job_id,
                attempt: attempt.attempt,
                started_at: attempt.started_at,
                progress: attempt.progress,
            });
            views.extend(others);
        }
        views.sort_by_key(|view| (view.started_at, view.job_id));
        Ok(views)
    }

    fn workers_here(&self) -> Vec<WorkerView> {
        let mut views = Vec::new();
        for (job_type, slots) in &self.shared.slots {
            views.extend(slots.attempts().into_iter().map(|(claim, attempt)| WorkerView {
                worker_id: format!("{}/{job_type}", self.shared.node()),
                job_type: job_type.clone(),
                job_id: claim.job_id,
                attempt: claim.attempt,
                started_at: attempt.started_at,
                progress: attempt.progress,
            }));
        }
        views
    }

    /// Whether every part makes progress. Code that cannot be stopped and logs that cannot be
    /// written are named, but do not make it unready.
    pub async fn readiness(&self) -> Readiness {
        match self.store_fault().await {
            // What the last heartbeat met with is over.
            None => self.shared.watchdog.beat(STORE),
            Some(fault) => self.shared.watchdog.fault(STORE, fault),
        }
        let now = self.shared.clock.now();
        let mut said = Said::default();
        for (part, fault) in self.shared.watchdog.look() {
            match fault {
                Some(fault) => {
                    said.wrong(&part, fault.what, true, Some(now.since(fault.since).as_secs_f64()));
                }
                None => said.well(&part),
            }
        }
        if self.shared.is_draining() {
            said.wrong(SERVER, "shutting down".into(), true, None);
        }
        match self.shared.logs.fault() {
            Some(fault) => said.wrong(LOGS, fault, false, None),
            None => said.well(LOGS),
        }
        let leaked = self.leaked();
        if leaked > 0 {
            let what = format!("{leaked} attempts are over whose code goes on running");
            said.wrong(LEAKED, what, false, None);
        }
        said.0
    }

    /// What keeps the store from taking a write. One that writes nothing would be taken by a full
    /// disk too, so it is a heartbeat.
    async fn store_fault(&self) -> Option<String> {
        let (node, now) = (self.shared.node(), self.shared.clock.now());
        let beat = self.shared.store.write(move |tx| verbs::nodes::beat(tx, node, now));
        match tokio::time::timeout(STORE_PATIENCE, beat).await {
            Ok(Ok(_)) => None,
            Ok(Err(e)) => Some(e.to_string()),
            Err(_) => Some(format!("did not answer within {} s", STORE_PATIENCE.as_secs())),
        }
    }

    /// How much code goes on running although its attempt is over.
    #[must_use]
    pub fn leaked(&self) -> usize {
        self.shared.leaked()
    }

    /// Whether the server is going down.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.shared.is_draining()
    }
}

/// What is said of the parts.
struct Said(Readiness);

impl Default for Said {
    fn default() -> Self {
        Self(Readiness { ready: true, parts: BTreeMap::new(), reasons: Vec::new() })
    }
}

impl Said {
    fn well(&mut self, part: &str) {
        self.0.parts.insert(part.to_owned(), "ok".into());
    }

    fn wrong(&mut self, part: &str, fault: String, blocks: bool, age_secs: Option<f64>) {
        self.0.ready &= !blocks;
        self.0.parts.insert(part.to_owned(), fault.clone());
        let reason = Reason { part: part.to_owned(), fault, blocks, age_secs, advice: advice(part) };
        self.0.reasons.push(reason);
    }
}

/// What to do about a part that is not well.
fn advice(part: &str) -> &'static str {
    match part {
        STORE => {
            "writes are refused until the database takes them, and are then taken without a restart: look at the \
             room on its disk, at its rights, at who holds a lock on it, and whether its server is up"
        }
        JOB_THREADS => {
            "the code of an async worker blocks its threads: see which attempts run at /api/workers, cancel them, \
             and let that worker block on a thread of its own"
        }
        SERVER => {
            "send requests to another node; this one ends when its running jobs have, or its grace time is up"
        }
        LOGS => {
            "jobs run on without log files: make room in data_dir/logs, or give the server the right to write there"
        }
        LEAKED => {
            "this code does not heed a cancel and keeps its slot: restart the server when it suits, and mend the worker"
        }
        _ if part.starts_with(WORKER) => {
            "no job of this type starts until it goes on: look at the server's log; if it stays so, restart the \
             server, which gives running jobs back"
        }
        _ => "look at the server's log; if it stays so, restart the server, which gives running jobs back",
    }
}
