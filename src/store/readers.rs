//! Reads, on connections and threads of their own: as many threads as connections, so that none waits for
//! a connection, and one that has more to do goes on from read to read without being woken for each.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use r2d2::State;
use tokio::runtime::{Builder, Runtime};

use super::connection::{self, FREE_READER, ReadPool};
use super::error::{StoreError, StoreResult};
use super::sql::Conn;
use crate::config::Database;
use crate::metrics::Metrics;

/// See the module. Cloning gives another handle to the same ones.
#[derive(Clone)]
pub(super) struct Readers {
    pool: ReadPool,
    threads: Arc<Threads>,
    database: Arc<Database>,
    metrics: Metrics,
    /// How long a read waits for its turn and for a connection, together.
    patience: Duration,
}

impl Readers {
    /// So many of them.
    pub fn open(database: Arc<Database>, size: u32, metrics: Metrics) -> StoreResult<Self> {
        let pool = connection::open_readers(&database, size)?;
        let threads = Arc::new(Threads::new(size)?);
        Ok(Self { pool, threads, database, metrics, patience: FREE_READER })
    }

    /// How many connections there are, and how many of them have nothing to do.
    pub fn state(&self) -> State {
        self.pool.state()
    }

    /// See [`super::Store::read`].
    pub async fn read<T, F>(&self, view: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        let (here, has_begun, asked) = (self.clone(), Arc::new(AtomicBool::new(false)), Instant::now());
        let begins = has_begun.clone();
        let read = move || {
            begins.store(true, Ordering::Relaxed);
            here.read_here(view, asked)
        };
        let Some(mut reading) = self.threads.spawn(read) else { return Err(StoreError::Closed) };
        let read = match tokio::time::timeout(self.patience, &mut reading).await {
            Err(_) if !has_begun.load(Ordering::Relaxed) => {
                reading.abort();
                return Err(self.busy("all that read are busy"));
            }
            Err(_) => reading.await,
            Ok(read) => read,
        };
        read.unwrap_or_else(|e| Err(StoreError::Database(format!("a read did not end: {e}"))))
    }

    fn read_here<T>(&self, view: impl FnOnce(&mut Conn) -> QueryResult<T>, asked: Instant) -> StoreResult<T> {
        let left = self.patience.saturating_sub(asked.elapsed());
        let mut conn = self.pool.get_timeout(left).map_err(|e| self.busy(&e.to_string()))?;
        let waited = asked.elapsed();
        let read = conn.transaction(|conn| view(conn)).map_err(StoreError::from);
        self.metrics.store.read(waited, asked.elapsed());
        read
    }

    fn busy(&self, why: &str) -> StoreError {
        match *self.database {
            Database::Sqlite(_) => StoreError::Database(why.to_owned()),
            Database::Postgres(_) => StoreError::Away(why.to_owned()),
        }
    }
}

/// The threads, which come when they are wanted and go when they are not.
struct Threads(Option<Runtime>);

impl Threads {
    fn new(most: u32) -> StoreResult<Self> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
        let mut threads = Builder::new_current_thread();
        let runtime = threads.max_blocking_threads(most).thread_name("callboard-read").build();
        runtime
            .map(|runtime| Self(Some(runtime)))
            .map_err(|e| StoreError::Database(format!("cannot read: {e}")))
    }

    fn spawn<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Option<tokio::task::JoinHandle<T>> {
        self.0.as_ref().map(|runtime| runtime.spawn_blocking(read))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // A runtime that is dropped waits for its threads, which a task must not.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::store::sql;

    #[tokio::test]
    async fn many_reads_share_few_connections_and_one_that_panics_takes_none_along() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("queue.db");
        connection::open_writer(&path).unwrap();
        let readers = Readers::open(Arc::new(Database::Sqlite(path)), 2, Metrics::default()).unwrap();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let one = |n: i64| {
            let (now, most) = (now.clone(), most.clone());
            readers.read(move |conn| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let read = sql::load::<Same, diesel::sql_types::BigInt, i64>(conn, sql::binds![n]);
                now.fetch_sub(1, Ordering::SeqCst);
                read
            })
        };
        let panics = readers.read(|_| -> QueryResult<()> { panic!("as it is told") });
        assert!(panics.await.unwrap_err().to_string().contains("did not end"));
        let read = futures_util::future::try_join_all((0..100).map(one)).await.unwrap();
        assert_eq!(read.concat(), (0..100).collect::<Vec<_>>());
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?} at once");
    }

    sql::statement!(Same, "SELECT ?");

    #[tokio::test]
    async fn who_waits_too_long_for_a_turn_is_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("queue.db");
        connection::open_writer(&path).unwrap();
        let mut readers = Readers::open(Arc::new(Database::Sqlite(path)), 1, Metrics::default()).unwrap();
        readers.patience = Duration::from_millis(20);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (end, wait) = std::sync::mpsc::channel::<()>();
        let long = tokio::spawn({
            let readers = readers.clone();
            async move {
                let view = move |_: &mut Conn| {
                    begun.send(()).unwrap();
                    wait.recv().unwrap();
                    Ok("done")
                };
                readers.read(view).await
            }
        });
        has_begun.await.unwrap();
        let told = readers.read(|_| Ok(())).await.unwrap_err().to_string();
        assert!(told.contains("busy"), "{told}");
        end.send(()).unwrap();
        assert_eq!(long.await.unwrap().unwrap(), "done");
    }
}
