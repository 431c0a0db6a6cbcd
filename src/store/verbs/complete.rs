//! The end that most attempts have: success, with nothing to keep and nobody who waits for it. All of
//! a batch in two statements, where the general way ([`super::finish`]) takes three for each.

use std::collections::{BTreeMap, HashMap};

use diesel::sql_types::{BigInt, Nullable, Text};

use super::complete_at_once;
use super::finish::Finished;
use super::limits::held;
use crate::domain::lifecycle::{self, Move};
use crate::domain::{Outcome, State, Timestamp, Verdict};
use crate::store::error::StoreResult;
use crate::store::sql::{Dialect, binds, list, statement};
use crate::store::tx::Tx;

statement!(Complete, |dialect| format!(
    "UPDATE jobs SET state = '{}', crash_count = 0, ready_at = ?, completed_at = ?, result = NULL, \
         error = NULL, node = NULL \
         WHERE {} AND attempt = ? AND node = ? AND {} \
         AND cancel_requested_at IS NULL AND has_children = FALSE \
         RETURNING id, job_type, queue, workflow_id, concurrency_key, started_at",
    State::Completed,
    dialect.in_list(),
    lifecycle::sql_guard(Move::Succeed)
));
statement!(AddAttempts, |dialect| format!(
    "INSERT INTO attempts (job_id, number, started_at, finished_at, outcome, error, worker_id) \
         SELECT id, attempt, started_at, ?, '{}', NULL, worker_id \
         FROM jobs WHERE {}",
    Outcome::Success.as_str(),
    dialect.in_list()
));

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
    let mut done = HashMap::new();
    for ((attempt, node), ids) in plain {
        for id in complete_all(tx, &ids, attempt, node, now)? {
            done.insert((id, attempt, node), State::Completed);
        }
    }
    let mut state = |one: &Finished| done.remove(&(one.claim.job_id, one.claim.attempt, one.claim.node));
    Ok(finished.iter().map(|one| is_plain(one).then(|| state(one)).flatten()).collect())
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
    type Sql = (BigInt, Text, Text, Nullable<BigInt>, Nullable<Text>, Nullable<BigInt>);
    let rows = match tx.dialect() {
        Dialect::Sqlite => {
            tx.run_returning::<Complete, Sql, _>(binds![now, now, &list(ids.iter().copied()), attempt, node])?
        }
        Dialect::Postgres => complete_at_once::complete(tx, ids, attempt, node, now)?,
    };
    let done: Vec<i64> = rows.iter().map(|row| row.0).collect();
    if tx.dialect() == Dialect::Sqlite && !done.is_empty() {
        tx.run::<AddAttempts>(binds![now, &list(done.iter().copied())])?;
    }
    let attempt = i32::try_from(attempt).unwrap_or(i32::MAX);
    for (id, job_type, queue, workflow, concurrency_key, started_at) in &rows {
        let job = tx.job_ref(*id, job_type, queue, attempt, *workflow);
        tx.moved(&job, Some(State::Running), State::Completed, None, now);
        tx.ended(&job.job_type, Outcome::Success, started_at.unwrap_or_default(), now);
        held::room(tx, job_type, concurrency_key.as_deref())?;
    }
    Ok(done)
}
