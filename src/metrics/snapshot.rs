//! How things stand now: what is looked up when somebody asks for the metrics, and not counted.

use std::collections::BTreeMap;

use super::jobs::{MAX_TYPES, OTHERS};
use super::process;
use super::shelf::{Labelled, Number, Shelf};

/// Numbers by the values of their labels.
pub type ByLabels<const N: usize> = BTreeMap<[String; N], f64>;

/// See the module. What is `None` is not told.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Stored jobs: job type, state.
    pub jobs: ByLabels<2>,
    /// Stored jobs: queue, state.
    pub queue_jobs: ByLabels<2>,
    /// How long the oldest pending job has waited, in seconds: queue.
    pub queue_latency: ByLabels<1>,
    /// The longest of those.
    pub oldest_pending: f64,
    /// What is paused: `all`, `job_type`, `queue`.
    pub paused: ByLabels<1>,
    /// Nodes: state.
    pub nodes: ByLabels<1>,
    /// Slots in use here: job type.
    pub slots_used: ByLabels<1>,
    /// Slots there are here: job type.
    pub slots_limit: ByLabels<1>,
    /// Code that goes on running although its attempt is over.
    pub leaked: f64,
    /// Workers elsewhere that are connected here.
    pub remote_workers: f64,
    /// Whether this node may be sent requests.
    pub ready: bool,
    /// Whether a part is well: part.
    pub part_ok: ByLabels<1>,
    /// How long ago a part gave its last sign of life, in seconds: part.
    pub part_silence: ByLabels<1>,
    /// Messages that wait: actor.
    pub mailboxes: ByLabels<1>,
    /// How the store is.
    pub store: StoreSnapshot,
}

/// How the store is.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreSnapshot {
    /// Writes that stand in line.
    pub line: usize,
    /// Connections of the read pool that are in use, and that are not.
    pub readers: (u32, u32),
    /// The sizes of the SQLite file and its write-ahead log, in bytes.
    pub files: Option<(u64, u64)>,
    /// What is left on the disk of the data folder, in bytes.
    pub disk_free: Option<u64>,
}

impl Snapshot {
    /// Puts it on a shelf.
    #[must_use]
    pub fn shelf(&self) -> Shelf {
        let mut shelf = Shelf::default();
        self.put_jobs(&mut shelf);
        self.put_workers(&mut shelf);
        self.put_parts(&mut shelf);
        self.store.put(&mut shelf);
        process::put(&mut shelf);
        shelf
    }

    fn put_jobs(&self, shelf: &mut Shelf) {
        let jobs = shelf.gauges(
            "callboard_jobs",
            &["job_type", "state"],
            "Stored jobs; of all nodes, so each node says the same",
        );
        set_bounded(&jobs, &self.jobs);
        let queues = shelf.gauges(
            "callboard_queue_jobs",
            &["queue", "state"],
            "Stored jobs by queue; of all nodes, so each node says the same",
        );
        set_bounded(&queues, &self.queue_jobs);
        let latency = shelf.gauges(
            "callboard_queue_oldest_pending_seconds",
            &["queue"],
            "How long the oldest pending job of a queue has waited",
        );
        set(&latency, &self.queue_latency);
        shelf
            .gauge("callboard_oldest_pending_age_seconds", "How long the oldest pending job has waited")
            .set(self.oldest_pending);
        set(
            &shelf.gauges("callboard_paused", &["kind"], "How many job types and queues are paused, or all"),
            &self.paused,
        );
    }

    fn put_workers(&self, shelf: &mut Shelf) {
        const TYPE: &[&str] = &["job_type"];
        set(
            &shelf.gauges("callboard_worker_slots_used", TYPE, "Slots of a job type in use on this node"),
            &self.slots_used,
        );
        set(
            &shelf.gauges("callboard_worker_slots_limit", TYPE, "Attempts that may run at once on this node"),
            &self.slots_limit,
        );
        let leaked = "Attempts that are over whose code goes on running";
        shelf.gauge("callboard_leaked_attempts", leaked).set(self.leaked);
        shelf
            .gauge("callboard_remote_workers", "Workers elsewhere that are connected here")
            .set(self.remote_workers);
        set(
            &shelf.gauges("callboard_nodes", &["state"], "Known server processes: alive, stopped, lost"),
            &self.nodes,
        );
    }

    fn put_parts(&self, shelf: &mut Shelf) {
        const PART: &[&str] = &["part"];
        shelf
            .gauge("callboard_ready", "1 if /readyz says that this node is ready")
            .set(f64::from(u8::from(self.ready)));
        set(&shelf.gauges("callboard_part_ok", PART, "1 if this part is well"), &self.part_ok);
        set(
            &shelf.gauges("callboard_part_silence_seconds", PART, "Since the last sign of life of a part"),
            &self.part_silence,
        );
        set(
            &shelf.gauges("callboard_actor_mailbox_messages", &["actor"], "Messages that wait for an actor"),
            &self.mailboxes,
        );
        let build = shelf.gauges("callboard_build_info", &["version"], "1, with the version");
        build.of(&[env!("CARGO_PKG_VERSION")]).set(1.0);
    }
}

impl StoreSnapshot {
    #[allow(clippy::cast_precision_loss)]
    fn put(&self, shelf: &mut Shelf) {
        shelf
            .gauge("callboard_store_write_line", "Writes that stand in line for the next commits")
            .set(self.line as f64);
        let readers = shelf.gauges(
            "callboard_store_read_connections",
            &["state"],
            "Connections of the read pool: used, idle",
        );
        readers.of(&["used"]).set(f64::from(self.readers.0));
        readers.of(&["idle"]).set(f64::from(self.readers.1));
        let files = shelf.gauges(
            "callboard_sqlite_file_bytes",
            &["file"],
            "Sizes of the SQLite database (db) and its write-ahead log (wal)",
        );
        if let Some((db, wal)) = self.files {
            files.of(&["db"]).set(db as f64);
            files.of(&["wal"]).set(wal as f64);
        }
        let free =
            shelf.gauges("callboard_disk_free_bytes", &["place"], "What is left on the disk of data_dir");
        if let Some(bytes) = self.disk_free {
            free.of(&["data_dir"]).set(bytes as f64);
        }
    }
}

fn set<const N: usize>(gauges: &Labelled<Number>, values: &ByLabels<N>) {
    for (labels, value) in values {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        gauges.of(&labels).set(*value);
    }
}

/// As [`set`], with the first label bounded: what is beyond stands together.
fn set_bounded(gauges: &Labelled<Number>, values: &ByLabels<2>) {
    let mut names = 0;
    let mut last = None;
    for ([name, state], value) in values {
        // In order, so that those of one name come together.
        if last.replace(name) != Some(name) {
            names += 1;
        }
        let name = if names <= MAX_TYPES { name } else { OTHERS };
        gauges.of(&[name, state]).inc_by(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bound_stand_together() {
        let mut snapshot = Snapshot::default();
        for i in 0..MAX_TYPES + 20 {
            snapshot.jobs.insert([format!("t{i:05}"), "pending".into()], 1.0);
        }
        let mut text = String::new();
        let shelf = snapshot.shelf();
        prometheus_client::encoding::text::encode_registry(&mut text, shelf.registry()).unwrap();
        let lines = text.lines().filter(|line| line.starts_with("callboard_jobs{")).count();
        assert_eq!(lines, MAX_TYPES + 1);
        assert!(text.contains("callboard_jobs{job_type=\"(others)\",state=\"pending\"} 20.0"), "{text}");
    }
}
