//! Counts, from what the writes have kept: nothing here grows with the number of jobs.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use crate::domain::ident::WORKFLOW_NODE;
use crate::domain::status::{Counts, QueueStatus, Throughput, no_counts};
use crate::domain::{State, Timestamp};
use crate::store::schema::{counters, stats};
use crate::store::sql::{self, Conn, Db, binds, statement};
use crate::store::stats::{Metric, SPAN_MS, percentiles};

/// One kept counter.
pub type Counter = (String, String, State, i64);

/// All kept counters that are not zero: type, queue, state, number.
pub fn all_counters(conn: &mut Conn) -> QueryResult<Vec<Counter>> {
    let rows: Vec<(String, String, String, i64)> = counters::table
        .filter(counters::n.ne(0))
        .select((counters::job_type, counters::queue, counters::state, counters::n))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(t, q, s, n)| Some((t, q, s.parse().ok()?, n))).collect())
}

/// The state of the whole queue.
pub fn status(conn: &mut Conn, now: Timestamp) -> QueryResult<QueueStatus> {
    let mut counts = no_counts();
    let mut by_job_type: BTreeMap<String, Counts> = BTreeMap::new();
    let kept = all_counters(conn)?;
    for (job_type, _, state, n) in &kept {
        *counts.entry(*state).or_default() += n;
        *by_job_type.entry(job_type.clone()).or_insert_with(no_counts).entry(*state).or_default() += n;
    }
    let oldest = oldest_pending(conn, &kept, None)?;
    #[allow(clippy::cast_precision_loss)]
    Ok(QueueStatus {
        // A job that is a workflow runs without a worker.
        active_workers: counts[&State::Running]
            - by_job_type.get(WORKFLOW_NODE).map_or(0, |of| of[&State::Running]),
        total: counts.values().sum(),
        counts,
        by_job_type,
        oldest_pending_age_secs: oldest.map(|at| (now.as_millis() - at).max(0) as f64 / 1000.0),
        last_minute: throughput(conn, now, 60_000)?,
        last_hour: throughput(conn, now, 3_600_000)?,
    })
}

/// When the pending job became ready that waits longest, of one queue or of all. Looks at the oldest
/// few of each type and queue: one that was given back or tried again is older than its wait.
pub fn oldest_pending(conn: &mut Conn, kept: &[Counter], queue: Option<&str>) -> QueryResult<Option<i64>> {
    let mut oldest = None;
    for (job_type, in_queue, state, _) in kept {
        if *state != State::Pending || queue.is_some_and(|q| q != in_queue) {
            continue;
        }
        oldest = [oldest, oldest_of(conn, job_type, in_queue)?].into_iter().flatten().min();
    }
    Ok(oldest)
}

/// As [`oldest_pending`], of each queue that has one, of at most `most` queues.
pub fn oldest_by_queue(
    conn: &mut Conn,
    kept: &[Counter],
    most: usize,
) -> QueryResult<HashMap<String, Timestamp>> {
    let mut queues: HashMap<String, Timestamp> = HashMap::new();
    for (job_type, queue, state, _) in kept {
        if *state != State::Pending || (queues.len() >= most && !queues.contains_key(queue)) {
            continue;
        }
        if let Some(since) = oldest_of(conn, job_type, queue)?.map(Timestamp::from_millis) {
            queues.entry(queue.clone()).and_modify(|known| *known = since.min(*known)).or_insert(since);
        }
    }
    Ok(queues)
}

statement!(
    Oldest,
    format!(
        "SELECT min(ready_at) FROM (SELECT ready_at FROM jobs WHERE job_type = ? AND queue = ? \
         AND state = '{}' ORDER BY id LIMIT 20) oldest",
        State::Pending
    )
);

fn oldest_of(conn: &mut Conn, job_type: &str, queue: &str) -> QueryResult<Option<i64>> {
    let found: Vec<Option<i64>> = sql::load::<Oldest, Nullable<BigInt>, _>(conn, binds![job_type, queue])?;
    Ok(found.first().copied().flatten())
}

/// What happened in the last `span_ms`.
fn throughput(conn: &mut Conn, now: Timestamp, span_ms: i64) -> QueryResult<Throughput> {
    let since = now.as_millis() - span_ms - SPAN_MS + 1;
    let rows: Vec<(i32, Option<i64>)> = stats::table
        .filter(stats::at.ge(since))
        .group_by(stats::metric)
        .select((stats::metric, diesel::dsl::sql::<Nullable<BigInt>>("CAST(sum(n) AS BIGINT)")))
        .into_boxed::<Db>()
        .load(conn)?;
    let mut sum = Throughput::default();
    let mut latencies = Vec::new();
    for (code, n) in rows {
        let n = n.unwrap_or_default();
        match Metric::from_code(code) {
            Some(Metric::Enqueued) => sum.enqueued = n,
            Some(Metric::Completed) => sum.completed = n,
            Some(Metric::Failed) => sum.failed = n,
            Some(Metric::Latency(step)) => latencies.push((step, n)),
            Some(Metric::EndedInQueue) | None => {}
        }
    }
    sum.queue_latency_ms = percentiles(latencies);
    Ok(sum)
}
