//! Group commit: one thread, one connection. Writes that arrive while a commit is under way share
//! the next one; each is answered after its own commit.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::claims::Claims;
use super::committer::{self, Batch, Committer};
use super::error::{StoreError, StoreResult};
use super::faults::FaultLayer;
use super::limits::LimitsTable;
use super::link::Link;
use super::marks::Marks;
use super::owner::OwnerLock;
use super::sql::Dialect;
use super::tx::{Committed, Tx};
use crate::metrics::Metrics;

/// The most writes that share a commit. More would make the first of them wait for little gain.
const MAX_BATCH: usize = 1024;
/// Writes that may wait for the writer; callers beyond wait to get in line.
const QUEUE: usize = 8192;
/// Where a commit takes many round trips, those who shared the last one are waited for so long, if there were more of
/// them: they have just been answered, and without that half of them would share each commit. The system adds
/// some 50 µs.
const LINGER: Duration = Duration::from_micros(20);

/// Is told of each commit, on the writer's thread. Must not block.
pub type Observer = Box<dyn Fn(Committed) + Send>;

/// What the rest of the program has to do with each commit.
pub struct Seams {
    /// Is told of it.
    pub observer: Observer,
    /// Claims in it what it makes ready.
    pub claims: Option<Box<dyn Claims>>,
    /// Makes it fail, in tests.
    pub faults: FaultLayer,
    /// Held as long as the store is open, besides the lock of an embedded database.
    pub owner: Option<OwnerLock>,
    /// Counts what it was about.
    pub metrics: Metrics,
}

impl Seams {
    /// Only an observer.
    #[must_use]
    pub fn observed(observer: Observer) -> Self {
        Self {
            observer,
            claims: None,
            faults: FaultLayer::default(),
            owner: None,
            metrics: Metrics::default(),
        }
    }
}

/// A write in line: a verb with its values, and the caller who waits.
pub(super) trait Write: Send {
    /// Does it within the transaction. It may be done again after a rollback.
    fn attempt(&mut self, tx: &mut Tx<'_>) -> StoreResult<()>;
    /// When it was lined up.
    fn since(&self) -> Instant;
    /// Answers the caller.
    fn answer(self: Box<Self>, committed: StoreResult<()>);
}

struct Call<F, T> {
    verb: F,
    since: Instant,
    outcome: Option<StoreResult<T>>,
    caller: oneshot::Sender<StoreResult<T>>,
}

impl<F, T> Write for Call<F, T>
where
    F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send,
    T: Send,
{
    fn attempt(&mut self, tx: &mut Tx<'_>) -> StoreResult<()> {
        // A verb that panics must not take the writer's thread along.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.verb)(tx)))
            .unwrap_or_else(|_| Err(StoreError::Database("the write panicked; see the log".into())));
        let same = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        same
    }

    fn since(&self) -> Instant {
        self.since
    }

    fn answer(self: Box<Self>, committed: StoreResult<()>) {
        let Self { verb, outcome, caller, .. } = *self;
        // Before the caller goes on, who may want back what the verb was given.
        drop(verb);
        let answer = match (committed, outcome) {
            // A refusal stands whatever became of the commit.
            (_, Some(Err(refusal))) => Err(refusal),
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Err(e), _) => Err(e),
            (Ok(()), None) => Err(StoreError::Closed),
        };
        // A caller who went away does not mind.
        let _ = caller.send(answer);
    }
}

/// The way to the writer. Cloning gives another way to the same one.
#[derive(Clone)]
pub struct Writer {
    line: mpsc::Sender<Inline>,
}

/// What stands in line.
enum Inline {
    Write(Box<dyn Write>),
    Stop,
}

impl Writer {
    /// Starts the writer's thread.
    pub(super) fn start(
        link: Link,
        limits: LimitsTable,
        marks: Marks,
        seams: Seams,
    ) -> StoreResult<(Self, JoinHandle<()>)> {
        let (line, inbox) = mpsc::channel(QUEUE);
        let linger = link.conn.dialect() == Dialect::Postgres;
        let committer = Committer::new(link, limits, marks, seams);
        let thread = std::thread::Builder::new()
            .name("callboard-write".into())
            .spawn(move || run(committer, inbox, linger))
            .map_err(|e| StoreError::Database(format!("cannot start the writer's thread: {e}")))?;
        Ok((Self { line }, thread))
    }

    /// Does a write and returns once it is on disk. The verb may be called more than once: when a
    /// neighbour in the same commit fails, the others are done again.
    pub async fn write<T, F>(&self, verb: F) -> StoreResult<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> StoreResult<T> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let call = Box::new(Call { verb, since: Instant::now(), outcome: None, caller });
        self.line.send(Inline::Write(call)).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Writes that stand in line.
    #[must_use]
    pub fn line(&self) -> usize {
        QUEUE - self.line.capacity()
    }

    /// Lets the writer's thread end once it has done what is in line before this.
    pub async fn stop(&self) {
        // When it is gone already, that is as good.
        let _ = self.line.send(Inline::Stop).await;
    }
}

/// The writer's thread.
fn run(mut committer: Committer, mut inbox: mpsc::Receiver<Inline>, linger: bool) {
    let mut before = 0;
    while let Some(Inline::Write(first)) = inbox.blocking_recv() {
        let mut batch = vec![first];
        let mut stop = gather(&mut inbox, &mut batch, MAX_BATCH);
        if linger && !stop && batch.len() < before {
            std::thread::sleep(LINGER);
            stop = gather(&mut inbox, &mut batch, MAX_BATCH);
        }
        before = batch.len();
        if let Err(e) = committer.commit(batch) {
            // Those who came meanwhile have waited as long: they are not to wait once more for the
            // same answer.
            let mut late = Vec::new();
            stop |= gather(&mut inbox, &mut late, QUEUE);
            committer::answer(late, &Err(e));
        }
        if stop {
            return;
        }
    }
}

/// Takes what stands in line, until the batch holds `limit`. True: the writer is to stop.
fn gather(inbox: &mut mpsc::Receiver<Inline>, batch: &mut Batch, limit: usize) -> bool {
    while batch.len() < limit {
        match inbox.try_recv() {
            Ok(Inline::Write(next)) => batch.push(next),
            Ok(Inline::Stop) => return true,
            Err(_) => break,
        }
    }
    false
}
