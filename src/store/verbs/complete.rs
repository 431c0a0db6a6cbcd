//! The end that most attempts have: success, with nothing to keep and nobody who waits for it. All of
//! a batch in two or three statements, where the general way ([`super::finish`]) takes three for each.

use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::{BigInt, Nullable, Text};

use super::complete_at_once;
use super::finish::Finished;
use super::limits::held;
use crate::domain::lifecycle::{self, Move};
use crate::domain::{Claim, Outcome, State, Timestamp, Verdict};
use crate::store::error::StoreResult;
use crate::store::sql::{Dialect, IN_RUN, Ids, binds, statement};
use crate::store::tx::Tx;

statement!(Plain, plain_where(Dialect::Sqlite.in_list()));
statement!(PlainRun, plain_where(IN_RUN));
statement!(Complete, complete_where(Dialect::Sqlite.in_list()));
statement!(CompleteRun, complete_where(IN_RUN));
statement!(AddAttempts, attempts_where(Dialect::Sqlite.in_list()));
statement!(AddAttemptsRun, attempts_where(IN_RUN));

/// Attempts with one number and of one node that can be ended so.
pub(super) const GUARD: &str =
    "attempt = ? AND node = ? AND cancel_requested_at IS NULL AND has_children = FALSE";
/// What the row of their job is then, beside its state.
pub(super) const COMPLETED: &str =
    "crash_count = 0, ready_at = ?, completed_at = ?, result = NULL, error = NULL, node = NULL";

/// What is told of a job that is completed: its id, type, queue, workflow, `concurrency_key`, and when the attempt began.
pub(super) type Row = (i64, String, String, Option<i64>, Option<String>, Option<i64>);
/// The types of its values.
pub(super) type RowSql = (BigInt, Text, Text, Nullable<BigInt>, Nullable<Text>, Nullable<BigInt>);

fn plain_where(ids: &str) -> String {
    format!(
        "SELECT id, job_type, queue, workflow_id, concurrency_key, started_at FROM jobs WHERE {GUARD} AND {} AND {ids}",
        lifecycle::sql_guard(Move::Succeed)
    )
}

fn complete_where(ids: &str) -> String {
    format!(
        "UPDATE jobs SET state = '{}', {COMPLETED} WHERE {GUARD} AND {} AND {ids}",
        State::Completed,
        lifecycle::sql_guard(Move::Succeed)
    )
}

fn attempts_where(ids: &str) -> String {
    format!(
        "INSERT INTO attempts (job_id, number, started_at, finished_at, outcome, error, worker_id) \
         SELECT id, attempt, started_at, ?, '{}', NULL, worker_id FROM jobs WHERE {ids}",
        Outcome::Success.as_str()
    )
}

/// Ends those attempts that can be ended so. For each of `finished`: the state that its job is in
/// now, or `None` when it has to go the general way.
pub(super) fn complete(
    tx: &mut Tx<'_>,
    finished: &[Finished],
    now: Timestamp,
) -> StoreResult<Vec<Option<State>>> {
    let mut plain: BTreeMap<(u32, i64), Vec<i64>> = BTreeMap::new();
    for one in finished.iter().filter(|one| is_plain(one)) {
        plain.entry((one.claim.attempt, one.claim.node)).or_default().push(one.claim.job_id);
    }
    let mut done = BTreeSet::new();
    for ((attempt, node), ids) in plain {
        let ended = complete_all(tx, &ids, attempt, node, now)?;
        done.extend(ended.into_iter().map(|job_id| Claim { job_id, attempt, node }));
    }
    // Taken out: what ends a second time is stale.
    let mut state = |one: &Finished| (is_plain(one) && done.remove(&one.claim)).then_some(State::Completed);
    Ok(finished.iter().map(&mut state).collect())
}

fn is_plain(finished: &Finished) -> bool {
    finished.verdict == Verdict::Success(None) && finished.progress.is_none()
}

/// Ends the attempts with one number of one node. Returns the jobs that are completed now.
fn complete_all(
    tx: &mut Tx<'_>,
    ids: &[i64],
    attempt: u32,
    node: i64,
    now: Timestamp,
) -> StoreResult<Vec<i64>> {
    let rows = match tx.dialect() {
        Dialect::Sqlite => complete_here(tx, ids, attempt, node, now)?,
        Dialect::Postgres => complete_at_once::complete(tx, ids, attempt, node, now)?,
    };
    let attempt = i32::try_from(attempt).unwrap_or(i32::MAX);
    for (id, job_type, queue, workflow, concurrency_key, started_at) in &rows {
        let job = tx.job_ref(*id, job_type, queue, attempt, *workflow);
        tx.moved(&job, Some(State::Running), State::Completed, None, now);
        tx.ended(&job.job_type, Outcome::Success, started_at.unwrap_or_default(), now);
        held::room(tx, job_type, concurrency_key.as_deref())?;
    }
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// As [`complete_at_once`], of SQLite: what a statement returns it keeps in a table of its own until it is done, which
/// takes longer than to read the rows first. There is no other writer.
fn complete_here(
    tx: &mut Tx<'_>,
    ids: &[i64],
    attempt: u32,
    node: i64,
    now: Timestamp,
) -> StoreResult<Vec<Row>> {
    let claimed = Ids::of(Dialect::Sqlite, ids);
    let values = claimed.after(binds![attempt, node]);
    let rows: Vec<Row> = match &claimed {
        Ids::Run(..) => tx.load::<PlainRun, RowSql, _>(&values)?,
        Ids::List(_) => tx.load::<Plain, RowSql, _>(&values)?,
    };
    if !rows.is_empty() {
        let done: Vec<i64> = rows.iter().map(|row| row.0).collect();
        tx.run_for::<CompleteRun, Complete>(&claimed, binds![now, now, attempt, node])?;
        tx.run_for::<AddAttemptsRun, AddAttempts>(&Ids::of(Dialect::Sqlite, &done), binds![now])?;
    }
    Ok(rows)
}
