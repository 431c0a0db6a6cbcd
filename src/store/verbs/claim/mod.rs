//! Taking jobs to run them.

pub(super) mod at_once;
mod behind;
mod candidates;
mod limited;
mod outlook;

use std::collections::HashMap;

use diesel::sql_types::{BigInt, Integer, Text};

use crate::domain::lifecycle::{self, Move};
use crate::domain::{Job, State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::row::{COLUMNS, JobRow, RowSql};
use crate::store::sql::{Dialect, IN_RUN, Ids, LIMIT, binds, list, statement};
use crate::store::tx::Tx;
use crate::store::views::job::depends_on;

/// Of a row that names a queue and a job type: that jobs of them may start.
pub(super) const NOT_PAUSED: &str = "queue NOT IN (SELECT name FROM pauses WHERE kind = 'queue') \
     AND job_type NOT IN (SELECT name FROM pauses WHERE kind = 'job_type') \
     AND NOT EXISTS (SELECT 1 FROM pauses WHERE kind = 'all')";

statement!(
    OpenQueues,
    format!(
        "SELECT queue FROM counters WHERE job_type = ? AND state = '{}' AND n > 0 AND {NOT_PAUSED}",
        State::Pending
    )
);
statement!(
    IsOpen,
    "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pauses WHERE kind = 'queue' AND name = ?) \
     AND NOT EXISTS (SELECT 1 FROM pauses WHERE kind = 'job_type' AND name = ?) \
     AND NOT EXISTS (SELECT 1 FROM pauses WHERE kind = 'all')"
);
statement!(
    Heads,
    format!(
        "SELECT priority, id FROM jobs WHERE {} AND held IS NULL AND job_type = ? AND queue = ? \
         ORDER BY priority, rank, id {LIMIT}",
        lifecycle::sql_guard(Move::Claim)
    )
);
// Two statements for a whole claim. One that updates and returns the rows would be shorter, and
// costs half as much again: SQLite keeps what it returns in a table of its own until it is done.
statement!(First, |dialect| format!(
    "SELECT {COLUMNS} FROM jobs WHERE {} AND held IS NULL AND job_type = ? AND queue = ? \
         ORDER BY priority, rank, id {LIMIT}{}",
    lifecycle::sql_guard(Move::Claim),
    dialect.lock_free()
));
statement!(These, |dialect| format!(
    "SELECT {COLUMNS} FROM jobs WHERE {} AND {}{}",
    dialect.in_list(),
    lifecycle::sql_guard(Move::Claim),
    dialect.lock_free()
));
statement!(TakeThese, |dialect| take_where(dialect.in_list()));
statement!(TakeRun, take_where(IN_RUN));
statement!(TakeThis, take_where("id = ?"));

fn take_where(ids: &str) -> String {
    format!(
        "UPDATE jobs SET state = '{}', attempt = attempt + 1, node = ?, worker_id = ?, started_at = ?, \
         progress = NULL WHERE {} AND {ids}",
        State::Running,
        lifecycle::sql_guard(Move::Claim)
    )
}

/// Who claims.
#[derive(Clone, Debug)]
pub struct Claimer {
    /// The node.
    pub node: i64,
    /// Node and worker, for people.
    pub worker_id: String,
}

/// What a claim gave.
#[derive(Debug, Default)]
pub struct Claimed {
    /// The jobs as they are now: `running`, with their attempt's number.
    pub jobs: Vec<Job>,
    /// When a rate limit that stands in the way lets the next ones start.
    pub next: Option<Timestamp>,
    /// Whether another claim at once might take more.
    pub more: bool,
    /// Whether there may be more to take once an attempt has ended.
    pub kept_back: bool,
}

/// Takes up to `n` pending jobs of a type from queues that are not paused, as its limits allow: by
/// priority and age, unless fairness or aging say otherwise.
pub fn claim(
    tx: &mut Tx<'_>,
    job_type: &str,
    n: usize,
    by: &Claimer,
    now: Timestamp,
) -> StoreResult<Claimed> {
    if let Some(limits) = tx.limits(job_type) {
        return limited::claim(tx, job_type, None, &limits, n, by, now);
    }
    let queues = open_queues(tx, job_type)?;
    let mut jobs = Vec::new();
    for (queue, share) in shares(tx, job_type, queues, n)? {
        jobs.extend(take_first(tx, job_type, &queue, share, by, now)?);
    }
    jobs.sort_unstable_by_key(|job| (job.priority, job.id));
    let more = jobs.len() == n;
    Ok(Claimed { jobs, next: None, more, kept_back: false })
}

/// As [`claim`], of one job and from this queue only, paused or not.
pub(super) fn claim_one(
    tx: &mut Tx<'_>,
    job_type: &str,
    queue: &str,
    by: &Claimer,
    now: Timestamp,
) -> StoreResult<Claimed> {
    if let Some(limits) = tx.limits(job_type) {
        return limited::claim(tx, job_type, Some(queue), &limits, 1, by, now);
    }
    Ok(Claimed { jobs: take_first(tx, job_type, queue, 1, by, now)?, ..Claimed::default() })
}

/// Takes the first pending jobs of a queue.
fn take_first(
    tx: &mut Tx<'_>,
    job_type: &str,
    queue: &str,
    n: usize,
    by: &Claimer,
    now: Timestamp,
) -> StoreResult<Vec<Job>> {
    let limit = i64::try_from(n).unwrap_or(i64::MAX);
    match tx.dialect() {
        Dialect::Sqlite => {
            let rows = tx.load::<First, RowSql, _>(binds![job_type, queue, limit])?;
            take(tx, rows, by, now)
        }
        Dialect::Postgres => behind::take(tx, job_type, queue, limit, by, now),
    }
}

/// Priority and id of the first pending jobs of a queue.
fn heads(tx: &mut Tx<'_>, job_type: &str, queue: &str, n: usize) -> StoreResult<Vec<(i32, i64)>> {
    let limit = i64::try_from(n).unwrap_or(i64::MAX);
    match tx.dialect() {
        Dialect::Sqlite => tx.load::<Heads, (Integer, BigInt), _>(binds![job_type, queue, limit]),
        Dialect::Postgres => behind::heads(tx, job_type, queue, limit),
    }
}

/// The queues that have something to claim, those that got it in this transaction too.
fn open_queues(tx: &mut Tx<'_>, job_type: &str) -> StoreResult<Vec<String>> {
    let mut queues: Vec<String> = tx.load::<OpenQueues, Text, _>(binds![job_type])?;
    add_new_queues(tx, job_type, &mut queues)?;
    Ok(queues)
}

/// Adds those that got something in this transaction: the counters do not show that yet.
fn add_new_queues(tx: &mut Tx<'_>, job_type: &str, queues: &mut Vec<String>) -> StoreResult<()> {
    for new in tx.new_in_queues(job_type) {
        let known = queues.iter().any(|queue| **queue == *new);
        if !known && !tx.load::<IsOpen, Integer, i32>(binds![&*new, job_type])?.is_empty() {
            queues.push(new.as_ref().to_owned());
        }
    }
    Ok(())
}

/// Takes these pending jobs.
fn load_and_take(tx: &mut Tx<'_>, ids: &[i64], by: &Claimer, now: Timestamp) -> StoreResult<Vec<Job>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<JobRow> = tx.load::<These, RowSql, _>(binds![&list(ids.iter().copied())])?;
    let places: HashMap<i64, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    rows.sort_unstable_by_key(|row| places.get(&row.id).copied());
    take(tx, rows, by, now)
}

fn take(tx: &mut Tx<'_>, rows: Vec<JobRow>, by: &Claimer, now: Timestamp) -> StoreResult<Vec<Job>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    // They are locked, or there is no other writer, so these are the rows that were read.
    let taken = match rows.as_slice() {
        [one] => tx.run::<TakeThis>(binds![by.node, &by.worker_id, now, one.id])?,
        _ => {
            let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
            let ids = Ids::of(tx.dialect(), &ids);
            tx.run_for::<TakeRun, TakeThese>(&ids, binds![by.node, &by.worker_id, now])?
        }
    };
    debug_assert_eq!(taken, rows.len());
    rows.into_iter().map(|row| started(tx, row.started(by.node, &by.worker_id, now), now)).collect()
}

/// How many to take from each queue. With one queue that is all of them; with several the first of
/// each are looked at side by side.
fn shares(
    tx: &mut Tx<'_>,
    job_type: &str,
    queues: Vec<String>,
    n: usize,
) -> StoreResult<Vec<(String, usize)>> {
    if queues.len() <= 1 {
        return Ok(queues.into_iter().map(|q| (q, n)).collect());
    }
    let mut heads = Vec::new();
    for (i, queue) in queues.iter().enumerate() {
        let first = self::heads(tx, job_type, queue, n)?;
        heads.extend(first.into_iter().map(|(priority, id)| (priority, id, i)));
    }
    heads.sort_unstable();
    heads.truncate(n);
    let share = |i| heads.iter().filter(|head| head.2 == i).count();
    Ok(queues.into_iter().enumerate().map(|(i, q)| (q, share(i))).filter(|(_, n)| *n > 0).collect())
}

fn started(tx: &mut Tx<'_>, row: JobRow, now: Timestamp) -> StoreResult<Job> {
    let job_ref = tx.job_ref(row.id, &row.job_type, &row.queue, row.attempt, row.workflow_id);
    tx.moved(&job_ref, Some(State::Pending), State::Running, None, now);
    tx.started(&job_ref.job_type, now.as_millis() - row.ready_at, now);
    let parents = if row.has_parents { depends_on(tx.conn()?, row.id)? } else { Vec::new() };
    Ok(row.into_job(parents))
}
