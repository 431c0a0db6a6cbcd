//! This process as one of the nodes that share a store: its id, and until when it may rely on
//! that the others count it as alive.
//!
//! A node that cannot say that it is alive stops its attempts before the others take them over. One
//! that was declared lost all the same, since it was stopped for a while, goes on under a new id.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::attempt::StopCause;
use super::options::Options;
use super::shared::Shared;
use super::shared_clock;
use crate::config::Database;
use crate::domain::Timestamp;
use crate::store::{Committed, Store, StoreResult, verbs};

/// Between two looks of a node that is cut off whether it is so still.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// See the module.
pub struct Membership {
    id: AtomicI64,
    home: i64,
    /// `None`: this process is the only one, so nobody takes its attempts over.
    shared: Option<Limits>,
    since: Mutex<Since>,
}

/// What the nodes of a shared store have agreed on.
#[derive(Clone, Copy)]
struct Limits {
    /// After so long a silence a node is lost.
    timeout: Duration,
    /// After so long a silence it stops its attempts.
    stop_after: Duration,
}

/// By this process's own clock, which goes on while it is stopped.
struct Since {
    /// The last heartbeat that is on disk, from before it was written; `None`: it is declared lost.
    renewed: Option<Instant>,
    /// Nothing has kept heartbeats from the disk since.
    undisturbed: Option<Instant>,
}

impl Membership {
    /// A node that has just been registered. `disturbed`: it had to wait for the database.
    #[must_use]
    pub fn new(id: i64, home: i64, options: &Options, disturbed: bool) -> Self {
        let timeout = options.node_timeout;
        // Attempts need a while to stop.
        let stop_after = timeout.saturating_sub(options.stop_grace.min(timeout / 2));
        let shared = match options.database {
            Database::Sqlite(_) => None,
            Database::Postgres(_) => Some(Limits { timeout, stop_after }),
        };
        let now = Instant::now();
        let since = Since { renewed: Some(now), undisturbed: disturbed.then_some(now) };
        Self { id: AtomicI64::new(id), home, shared, since: Mutex::new(since) }
    }

    fn since(&self) -> MutexGuard<'_, Since> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id of this node.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id.load(Relaxed)
    }

    /// The name of its folder: the id of the first node that worked in it.
    #[must_use]
    pub const fn home(&self) -> i64 {
        self.home
    }

    /// Whether there may be other nodes.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether nobody can have declared this node lost.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        let Some(limits) = &self.shared else { return true };
        self.since().renewed.is_some_and(|at| at.elapsed() < limits.timeout)
    }

    /// After how long a silence others are lost; `None`: this node cannot tell, because the
    /// database was away for it, and maybe for them.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        let limits = self.shared?;
        let waited = self.since().undisturbed.is_none_or(|at| at.elapsed() > limits.timeout);
        waited.then_some(limits.timeout)
    }

    fn renewed(&self, began: Instant) {
        self.since().renewed = Some(began);
    }

    fn disturbed(&self) {
        self.since().undisturbed = Some(Instant::now());
    }

    /// A heartbeat took so long: when that is a good part of the timeout, those of others may have
    /// taken longer, and they are not to be counted as lost for that.
    fn took(&self, so_long: Duration) {
        if self.shared.is_some_and(|limits| so_long > limits.timeout / 4) {
            self.disturbed();
        }
    }

    fn joined(&self, id: i64, began: Instant) {
        self.id.store(id, Relaxed);
        self.renewed(began);
    }

    /// Whether what begins now may go on: this process was not just stopped for so long that others
    /// have taken over what it was about to begin.
    #[must_use]
    pub fn may_begin(&self) -> bool {
        self.left().is_some()
    }

    /// How long it may still be silent before it stops its attempts; `None`: it should have.
    fn left(&self) -> Option<Duration> {
        let Some(limits) = &self.shared else { return Some(Duration::MAX) };
        let renewed = self.since().renewed?;
        limits.stop_after.checked_sub(renewed.elapsed()).filter(|left| !left.is_zero())
    }
}

/// Says that this node is alive, and hears what it was not told in time.
///
/// # Errors
/// When the store does not take it.
pub async fn beat(shared: &Arc<Shared>) -> StoreResult<()> {
    if let Err(e) = shared_clock::set(&shared.store, &shared.clock).await {
        log::debug!("the database does not tell its time: {e}");
    }
    let was_sure = shared.membership.is_sure();
    let (began, node, now) = (Instant::now(), shared.node(), shared.clock.now());
    let written = shared.store.write(move |tx| {
        let alive = verbs::nodes::beat(tx, node, now)?;
        verbs::cancel::remind(tx, node)?;
        // The word that something has come may have been lost.
        verbs::arrivals::take_in(tx)?;
        Ok(alive)
    });
    let written = written.await;
    shared.membership.took(began.elapsed());
    match written {
        Ok(false) if shared.membership.is_shared() => rejoin(shared).await?,
        Ok(_) => shared.membership.renewed(began),
        Err(e) => {
            shared.membership.disturbed();
            return Err(e);
        }
    }
    if !was_sure {
        // Nothing was claimed meanwhile, and nobody else wakes the workers now.
        shared.hear_commit(Committed { settings: true, ..Committed::default() });
    }
    Ok(())
}

/// Registers this process as a node, in a folder that has a name already or gets one; its id.
///
/// # Errors
/// When the store does not take it.
pub async fn register(store: &Store, home: Option<i64>, now: Timestamp) -> StoreResult<i64> {
    let host = super::host::name();
    store.write(move |tx| verbs::nodes::register(tx, &host, std::process::id(), home, now)).await
}

/// Goes on as another node: this one is declared lost, and its attempts are others' by now.
async fn rejoin(shared: &Arc<Shared>) -> StoreResult<()> {
    shared.membership.since().renewed = None;
    stop_all(shared);
    let (began, now, home) = (Instant::now(), shared.clock.now(), shared.membership.home());
    let (old, new) = (shared.node(), register(&shared.store, Some(home), now).await?);
    log::error!(
        "node {old} was declared lost; its attempts are stopped, and this process goes on as node {new}"
    );
    remember(&shared.options.data_dir, shared.store.instance(), new, home);
    shared.membership.joined(new, began);
    Ok(())
}

/// Stops what runs here once the others might take it over.
pub async fn guard(shared: Weak<Shared>) {
    loop {
        let Some(left) = shared.upgrade().map(|shared| shared.membership.left()) else { return };
        match left {
            Some(left) => tokio::time::sleep(left.min(Duration::from_secs(3600))).await,
            None => {
                if let Some(shared) = shared.upgrade() {
                    stop_all(&shared);
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }
}

/// Tells everything that runs here to stop.
pub(super) fn stop_all(shared: &Shared) {
    let running: usize = shared.slots.values().map(|slots| slots.attempts().len()).sum();
    if running > 0 {
        log::error!("the database does not hear from this node in time; {running} attempts are told to stop");
    }
    for slots in shared.slots.values() {
        slots.stop_all(StopCause::Shutdown);
    }
}

/// Keeps the id of the node that works in a folder, for the process that comes after it: it need not
/// wait until the others notice that this one is gone. And the name that the folder has.
pub fn remember(data_dir: &Path, instance: &str, id: i64, home: i64) {
    if let Err(e) = std::fs::write(data_dir.join("node.id"), format!("{instance} {id} {home}\n")) {
        log::warn!("cannot keep the id of this node in {}: {e}", data_dir.display());
    }
}

/// The node of this store that worked in a folder before, and the folder's name.
#[must_use]
pub fn recall(data_dir: &Path, instance: &str) -> Option<(i64, i64)> {
    let text = std::fs::read_to_string(data_dir.join("node.id")).ok()?;
    let (of, ids) = text.trim().split_once(' ')?;
    // Folders had no names at first.
    let (id, home) = ids.split_once(' ').unwrap_or((ids, ids));
    if of == instance { Some((id.parse().ok()?, home.parse().ok()?)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DatabaseUrl};

    fn options(url: Option<&str>) -> Options {
        let mut config = Config { database_url: url.map(DatabaseUrl::from), ..Config::default() };
        config.node_timeout = Duration::from_millis(40);
        Options::of(&config)
    }

    #[test]
    fn a_node_by_itself_is_always_sure() {
        let alone = Membership::new(7, 7, &options(None), false);
        alone.since().renewed = Some(Instant::now().checked_sub(Duration::from_secs(99)).unwrap());
        assert!(alone.is_sure() && alone.left().is_some() && alone.patience().is_none());
    }

    #[test]
    fn a_node_among_others_stops_before_they_take_over() {
        let one = Membership::new(7, 7, &options(Some("postgres://h/d")), false);
        assert_eq!(one.patience(), Some(Duration::from_millis(40)));
        one.since().renewed = Some(Instant::now().checked_sub(Duration::from_millis(30)).unwrap());
        assert!(one.left().is_none() && one.is_sure());
        one.since().renewed = Some(Instant::now().checked_sub(Duration::from_millis(50)).unwrap());
        assert!(!one.is_sure());
        one.disturbed();
        assert_eq!(one.patience(), None);
        one.joined(8, Instant::now());
        assert!(one.is_sure() && one.id() == 8);
    }

    #[test]
    fn a_folder_remembers_the_node_of_its_store() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(recall(dir.path(), "a"), None);
        remember(dir.path(), "a", 9, 4);
        assert_eq!((recall(dir.path(), "a"), recall(dir.path(), "b")), (Some((9, 4)), None));
        std::fs::write(dir.path().join("node.id"), "a 9\n").unwrap();
        assert_eq!(recall(dir.path(), "a"), Some((9, 9)));
    }
}
