//! How it goes: counts, what runs, whether every part makes progress.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Callboard, Readiness, WorkerView};
use crate::domain::NodeInfo;
use crate::domain::status::QueueStatus;
use crate::error::Error;
use crate::runtime::supervisor::STORE;
use crate::store::{verbs, views};

/// How long the store has to answer when it is asked whether it is there.
const STORE_PATIENCE: Duration = Duration::from_secs(2);

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
        let mut parts = BTreeMap::new();
        let mut ready = true;
        let store = self.store_fault().await;
        if store.is_none() {
            // What the last heartbeat met with is over.
            self.shared.watchdog.beat(STORE);
        }
        for (name, fault) in self.shared.watchdog.look() {
            ready &= fault.is_none();
            parts.insert(name, fault.unwrap_or_else(|| "ok".into()));
        }
        ready &= store.is_none() && !self.shared.is_draining();
        parts.insert(STORE.into(), store.unwrap_or_else(|| "ok".into()));
        if self.shared.is_draining() {
            parts.insert("server".into(), "shutting down".into());
        }
        parts.insert("logs".into(), self.shared.logs.fault().unwrap_or_else(|| "ok".into()));
        let leaked = self.leaked();
        if leaked > 0 {
            parts.insert("leaked".into(), format!("{leaked} attempts are over whose code goes on running"));
        }
        Readiness { ready, parts }
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
