//! Who works elsewhere, as far as it is connected here. Nothing of this is on disk: after a restart
//! workers come back by themselves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;

use crate::domain::Timestamp;

/// A worker that says nothing for so long is taken for gone.
pub const SILENCE: Duration = Duration::from_secs(60);

/// What a worker is asked to do, or says that it does. There is no way back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RemoteWorkerState)]
pub enum Asked {
    /// Fetch and work.
    #[default]
    Running,
    /// Fetch no more.
    Quiet,
    /// End within 30 seconds.
    Terminate,
}

/// What a worker says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Its id, the same over all its connections.
    pub wid: String,
    /// Its machine.
    pub hostname: Option<String>,
    /// Its process id there.
    pub pid: Option<i64>,
    /// For people.
    pub labels: Vec<String>,
}

/// A worker elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RemoteWorker {
    /// Its id.
    pub wid: String,
    /// As attempts name it.
    pub worker_id: String,
    /// Its machine.
    pub hostname: Option<String>,
    /// Its process id there.
    pub pid: Option<i64>,
    /// For people.
    pub labels: Vec<String>,
    /// When it first connected.
    pub started_at: Timestamp,
    /// When it last gave a sign of life.
    pub heard_at: Timestamp,
    /// The memory that it says it takes.
    pub rss_kb: Option<i64>,
    /// What it is asked to do.
    pub state: Asked,
    /// Its connections to this node.
    pub connections: usize,
    /// What it fetched from last.
    pub queues: Vec<String>,
}

struct Entry {
    worker: RemoteWorker,
    /// Tells it from one with its id that was taken for gone.
    life: u64,
    gone: watch::Sender<bool>,
}

/// See the module.
#[derive(Default)]
pub struct RemoteWorkers(Mutex<BTreeMap<String, Entry>>);

/// A connection's place among those of its worker, given up when it is dropped.
pub struct Known {
    worker: (String, u64),
    workers: Arc<RemoteWorkers>,
    gone: watch::Receiver<bool>,
}

impl Known {
    /// Returns once the worker is taken for gone.
    pub async fn gone(&mut self) {
        // The sender goes with the entry, and that says the same.
        let _ = self.gone.wait_for(|gone| *gone).await;
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        let mut known = self.workers.entries();
        let (wid, life) = &self.worker;
        let Some(entry) = known.get_mut(wid).filter(|entry| entry.life == *life) else { return };
        entry.worker.connections -= 1;
        if entry.worker.connections == 0 {
            known.remove(wid);
        }
    }
}

impl RemoteWorkers {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another connection of a worker.
    #[must_use]
    pub fn join(self: &Arc<Self>, told: &Told, now: Timestamp) -> Known {
        let mut known = self.entries();
        let entry = known.entry(told.wid.clone()).or_insert_with(|| Entry {
            worker: RemoteWorker {
                wid: told.wid.clone(),
                worker_id: worker_id(&told.wid),
                hostname: None,
                pid: None,
                labels: Vec::new(),
                started_at: now,
                heard_at: now,
                rss_kb: None,
                state: Asked::Running,
                connections: 0,
                queues: Vec::new(),
            },
            life: fastrand::u64(..),
            gone: watch::Sender::new(false),
        });
        let worker = &mut entry.worker;
        worker.connections += 1;
        worker.heard_at = now;
        worker.hostname = told.hostname.clone().or(worker.hostname.take());
        worker.pid = told.pid.or(worker.pid);
        if !told.labels.is_empty() {
            worker.labels.clone_from(&told.labels);
        }
        let place = (told.wid.clone(), entry.life);
        Known { worker: place, workers: self.clone(), gone: entry.gone.subscribe() }
    }

    /// A sign of life; what the worker is asked to do. `None`: it is not known.
    #[must_use]
    pub fn beat(&self, wid: &str, says: Option<Asked>, rss_kb: Option<i64>, now: Timestamp) -> Option<Asked> {
        let mut known = self.entries();
        let worker = &mut known.get_mut(wid)?.worker;
        worker.heard_at = now;
        worker.rss_kb = rss_kb.or(worker.rss_kb);
        worker.state = says.map_or(worker.state, |says| worker.state.max(says));
        Some(worker.state)
    }

    /// Asks a worker for something, or all of them. How many there were.
    pub fn ask(&self, wid: Option<&str>, wish: Asked) -> usize {
        let mut known = self.entries();
        let asked = known.values_mut().filter(|entry| wid.is_none_or(|wid| entry.worker.wid == wid));
        asked.map(|entry| entry.worker.state = entry.worker.state.max(wish)).count()
    }

    /// What a worker is asked to do.
    #[must_use]
    pub fn state(&self, wid: &str) -> Asked {
        self.entries().get(wid).map(|entry| entry.worker.state).unwrap_or_default()
    }

    /// Notes from where a worker fetches.
    pub fn fetches(&self, wid: &str, queues: &[String]) {
        if let Some(entry) = self.entries().get_mut(wid)
            && entry.worker.queues != queues
        {
            entry.worker.queues = queues.to_vec();
        }
    }

    /// Whether somebody who works fetches from a queue.
    #[must_use]
    pub fn serve(&self, queue: &str) -> bool {
        let known = self.entries();
        let mut at_work = known.values().filter(|entry| entry.worker.state == Asked::Running);
        at_work.any(|entry| entry.worker.queues.iter().any(|name| name == queue))
    }

    /// All of them, by id.
    #[must_use]
    pub fn list(&self) -> Vec<RemoteWorker> {
        self.entries().values().map(|entry| entry.worker.clone()).collect()
    }

    /// Those that have been silent for too long, as attempts name them. Their connections are told,
    /// and they are forgotten.
    #[must_use]
    pub fn take_silent(&self, now: Timestamp) -> Vec<String> {
        let mut known = self.entries();
        let silent: Vec<String> = known
            .values()
            .filter(|entry| now.since(entry.worker.heard_at) > SILENCE)
            .map(|entry| entry.worker.wid.clone())
            .collect();
        for wid in &silent {
            if let Some(entry) = known.remove(wid) {
                entry.gone.send_replace(true);
            }
        }
        silent.iter().map(|wid| worker_id(wid)).collect()
    }
}

/// How attempts name a worker; the empty id is that of programs that give none.
#[must_use]
pub fn worker_id(wid: &str) -> String {
    if wid.is_empty() { "remote".into() } else { format!("remote/{wid}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1000)
    }

    fn told(wid: &str) -> Told {
        Told { wid: wid.into(), hostname: Some("h".into()), ..Told::default() }
    }

    #[test]
    fn a_worker_is_known_until_its_last_connection_goes() {
        let workers = Arc::new(RemoteWorkers::default());
        let (first, second) = (workers.join(&told("a"), at(0)), workers.join(&told("a"), at(1)));
        assert_eq!(workers.list()[0].connections, 2);
        drop(first);
        assert_eq!(workers.beat("a", None, Some(7), at(2)), Some(Asked::Running));
        drop(second);
        assert!(workers.list().is_empty());
        assert_eq!(workers.beat("a", None, None, at(3)), None);
    }

    #[test]
    fn there_is_no_way_back_to_work() {
        let workers = Arc::new(RemoteWorkers::default());
        let _here = workers.join(&told("a"), at(0));
        assert_eq!(workers.ask(Some("b"), Asked::Quiet), 0);
        assert_eq!(workers.ask(None, Asked::Terminate), 1);
        assert_eq!(workers.beat("a", Some(Asked::Quiet), None, at(1)), Some(Asked::Terminate));
    }

    #[tokio::test]
    async fn who_is_silent_is_gone_and_its_connections_hear_of_it() {
        let workers = Arc::new(RemoteWorkers::default());
        let mut here = workers.join(&told("a"), at(0));
        assert!(workers.take_silent(at(60)).is_empty());
        assert_eq!(workers.take_silent(at(61)), ["remote/a"]);
        here.gone().await;
        // It came back before the old connection was dropped.
        let _back = workers.join(&told("a"), at(62));
        drop(here);
        assert_eq!(workers.list().len(), 1);
    }
}
