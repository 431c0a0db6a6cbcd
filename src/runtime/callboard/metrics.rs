//! Figures for Prometheus.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::Callboard;
use crate::domain::{NodeInfo, Timestamp};
use crate::error::Error;
use crate::metrics::{Format, Metrics, Snapshot};
use crate::runtime::cron_scheduler::CRON_SCHEDULER;
use crate::runtime::remote::Dispatcher;
use crate::runtime::supervisor::{PRUNER, RESCUER, RETRY_SCHEDULER, SUPERVISOR, WORKER};
use crate::runtime::timekeeper::Timekeeper;
use crate::store::sql::Conn;
use crate::store::views;
use crate::store::views::status::Counter;

/// How long a scraper waits for what the store knows. It is told the rest when the store is away.
const PATIENCE: Duration = Duration::from_secs(5);

/// Queues whose oldest job is looked for: their names come from callers, so there is no end to them.
const MAX_QUEUES: usize = 500;

/// What the store knows.
struct Stored {
    counters: Vec<Counter>,
    oldest: HashMap<String, Timestamp>,
    nodes: Vec<NodeInfo>,
}

impl Callboard {
    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// All metrics as text. While the store is away, those that only it knows are left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when they cannot be written.
    pub async fn metrics_text(&self, format: Format) -> Result<String, Error> {
        let snapshot = self.snapshot().await;
        let text = self.shared.metrics.write(format, &snapshot);
        text.map_err(|e| Error::Unavailable(format!("the figures cannot be written: {e}")))
    }

    async fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot { mailboxes: self.mailboxes(), ..Snapshot::default() };
        self.put_workers(&mut snapshot);
        self.put_parts(&mut snapshot).await;
        snapshot.store = self.shared.store.figures();
        snapshot.store.disk_free = disk_free(&self.shared.options.data_dir);
        match tokio::time::timeout(PATIENCE, self.read(stored)).await {
            Ok(Ok(stored)) => put_stored(&mut snapshot, &stored, self.shared.clock.now()),
            Ok(Err(e)) => log::debug!("figures without what the store knows: {e}"),
            Err(_) => log::debug!("figures without what the store knows: it takes too long"),
        }
        snapshot
    }

    /// Messages that wait, by actor.
    fn mailboxes(&self) -> BTreeMap<[String; 1], f64> {
        let actors = self.shared.with_actors(|actors| actors.clone());
        let mut waiting: BTreeMap<[String; 1], f64> = actors
            .workers
            .iter()
            .map(|(name, worker)| ([format!("{WORKER}{name}")], number(worker.waiting())))
            .collect();
        let others = [
            (SUPERVISOR, actors.supervisor.map(|a| a.waiting())),
            (RETRY_SCHEDULER, actors.retry_scheduler.map(|a| a.waiting())),
            (CRON_SCHEDULER, actors.cron_scheduler.map(|a| a.waiting())),
            (Timekeeper::NAME, actors.timekeeper.map(|a| a.waiting())),
            (Dispatcher::NAME, actors.dispatcher.map(|a| a.waiting())),
            (PRUNER, actors.pruner.map(|a| a.waiting())),
            (RESCUER, actors.rescuer.map(|a| a.waiting())),
            ("progress hub", Some(self.shared.hub.waiting())),
        ];
        let others = others.into_iter().filter_map(|(name, n)| Some(([name.to_owned()], number(n?))));
        waiting.extend(others);
        waiting
    }

    fn put_workers(&self, snapshot: &mut Snapshot) {
        for (name, slots) in &self.shared.slots {
            let limit = self.shared.type_options(name).concurrency;
            snapshot.slots_used.insert([name.clone()], number(slots.taken()));
            snapshot.slots_limit.insert([name.clone()], f64::from(limit));
        }
        snapshot.leaked = number(self.leaked());
        snapshot.remote_workers = number(self.shared.remote.list().len());
        let paused = self.shared.read_settings(|s| {
            [
                ("all", usize::from(s.all_paused)),
                ("job_type", s.paused_types.len()),
                ("queue", s.paused_queues.len()),
            ]
        });
        snapshot.paused = paused.into_iter().map(|(kind, n)| ([kind.to_owned()], number(n))).collect();
    }

    async fn put_parts(&self, snapshot: &mut Snapshot) {
        let readiness = self.readiness().await;
        snapshot.ready = readiness.ready;
        snapshot.part_ok = readiness
            .parts
            .into_iter()
            .map(|(part, said)| ([part], f64::from(u8::from(said == "ok"))))
            .collect();
        let silences = self.shared.watchdog.silences().into_iter();
        snapshot.part_silence = silences.map(|(part, silent)| ([part], silent.as_secs_f64())).collect();
    }
}

fn stored(conn: &mut Conn) -> diesel::QueryResult<Stored> {
    let counters = views::status::all_counters(conn)?;
    let oldest = views::status::oldest_by_queue(conn, &counters, MAX_QUEUES)?;
    Ok(Stored { oldest, counters, nodes: views::nodes::nodes(conn)? })
}

#[allow(clippy::cast_precision_loss)]
fn put_stored(snapshot: &mut Snapshot, stored: &Stored, now: Timestamp) {
    for (job_type, queue, state, n) in &stored.counters {
        let state = state.as_str().to_owned();
        *snapshot.jobs.entry([job_type.clone(), state.clone()]).or_default() += *n as f64;
        *snapshot.queue_jobs.entry([queue.clone(), state]).or_default() += *n as f64;
    }
    for (queue, since) in &stored.oldest {
        let waits = now.since(*since).as_secs_f64();
        snapshot.queue_latency.insert([queue.clone()], waits);
        snapshot.oldest_pending = snapshot.oldest_pending.max(waits);
    }
    for node in &stored.nodes {
        *snapshot.nodes.entry([node.state.clone()]).or_default() += 1.0;
    }
}

#[allow(clippy::cast_precision_loss)]
fn number(n: usize) -> f64 {
    n as f64
}

/// What is left on a disk, in bytes, for those who are not root.
fn disk_free(folder: &std::path::Path) -> Option<u64> {
    let about = nix::sys::statvfs::statvfs(folder).ok()?;
    #[allow(clippy::useless_conversion)]
    Some(u64::from(about.blocks_available()) * u64::from(about.fragment_size()))
}
