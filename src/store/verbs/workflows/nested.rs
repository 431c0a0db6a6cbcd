//! A job that is a workflow: the store begins it, and ends it when its workflow is over.

use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::{From, cancel, retry};
use crate::domain::lifecycle::{self, Move};
use crate::domain::{Json, Outcome, State, Timestamp, WorkflowInfo};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::{Nested, Tx};
use crate::store::verbs::{parents, retry as job};

statement!(Child, "SELECT id, state FROM workflows WHERE parent_job_id = ? AND parent_job_id IS NOT NULL");
// It holds no claim: no node runs it, and so none can lose it.
statement!(
    Begin,
    format!(
        "UPDATE jobs SET state = '{}', attempt = attempt + 1, started_at = ?, node = NULL, worker_id = NULL, \
         progress = NULL WHERE id = ? AND {} RETURNING job_type, queue, attempt, workflow_id",
        State::Running,
        lifecycle::sql_guard(Move::Claim)
    )
);
statement!(
    Held,
    format!(
        "SELECT id FROM jobs WHERE workflow_id = ? AND workflow_id IS NOT NULL AND has_parents = FALSE AND {} \
         ORDER BY id",
        lifecycle::sql_guard(Move::Unblock)
    )
);
statement!(
    End,
    format!(
        "UPDATE jobs SET state = ?, ready_at = ?, completed_at = ?, result = ?, error = ? \
         WHERE id = ? AND node IS NULL AND {} \
         RETURNING job_type, queue, attempt, workflow_id, started_at",
        lifecycle::sql_guard(Move::Succeed)
    )
);
statement!(
    AddAttempt,
    "INSERT INTO attempts (job_id, number, started_at, finished_at, outcome, error, worker_id) \
     VALUES (?, ?, ?, ?, ?, ?, NULL)"
);
statement!(StateOf, "SELECT state FROM jobs WHERE id = ?");
statement!(
    Orphan,
    "UPDATE workflows SET parent_job_id = NULL WHERE parent_job_id = ? AND parent_job_id IS NOT NULL"
);

/// The workflow that a job is, and its state.
pub(super) fn child(tx: &mut Tx<'_>, job: i64) -> StoreResult<Option<(i64, State)>> {
    let found: Vec<(i64, String)> = tx.load::<Child, (BigInt, Text), _>(binds![job])?;
    Ok(found.into_iter().next().map(|(id, state)| (id, state.parse().unwrap_or(State::Running))))
}

/// Lets the workflow begin that a job is, or calls it off.
pub(super) fn follow(tx: &mut Tx<'_>, nested: Nested) -> StoreResult<()> {
    let Some((workflow, state)) = child(tx, nested.job)? else { return Ok(()) };
    if nested.begins {
        begin(tx, nested.job, workflow, state, nested.at)
    } else if state.is_final() {
        Ok(())
    } else {
        cancel(tx, workflow, nested.at).map(|_| ())
    }
}

fn begin(tx: &mut Tx<'_>, id: i64, workflow: i64, state: State, now: Timestamp) -> StoreResult<()> {
    type Sql = (Text, Text, Integer, Nullable<BigInt>);
    type Row = (String, String, i32, Option<i64>);
    let begun: Vec<Row> = tx.run_returning::<Begin, Sql, _>(binds![now, id])?;
    // It was called off in the same commit.
    let Some((job_type, queue, attempt, of)) = begun.into_iter().next() else { return Ok(()) };
    let job = tx.job_ref(id, &job_type, &queue, attempt, of);
    tx.moved(&job, Some(State::Pending), State::Running, None, now);
    if state.is_final() {
        // The job was given another go, and so is what failed in it.
        return retry(tx, workflow, &From::Failures, now).map(|_| ());
    }
    for root in tx.load::<Held, BigInt, i64>(binds![workflow])? {
        parents::recount(tx, root, now)?;
    }
    Ok(())
}

/// The workflow is over: so is the job that it is.
pub(super) fn end(tx: &mut Tx<'_>, id: i64, over: &WorkflowInfo, now: Timestamp) -> StoreResult<()> {
    type Sql = (Text, Text, Integer, Nullable<BigInt>, Nullable<BigInt>);
    type Row = (String, String, i32, Option<i64>, Option<i64>);
    let failed = over.counts.get(&State::Failed).copied().unwrap_or_default();
    let (outcome, error) = match over.state {
        State::Completed => (Outcome::Success, None),
        State::Cancelled => (Outcome::Cancelled, Some(format!("workflow {} was cancelled", over.id))),
        _ => (Outcome::Fatal, Some(format!("{failed} jobs of workflow {} failed", over.id))),
    };
    let result = serde_json::json!({"workflow_id": over.id, "state": over.state, "counts": over.counts});
    let result = Json::of(&result).ok();
    let ended: Vec<Row> = tx.run_returning::<End, Sql, _>(binds![
        over.state.as_str(),
        now,
        now,
        result.as_ref().map(Json::as_str),
        &error,
        id
    ])?;
    // It was called off before its workflow was.
    let Some((job_type, queue, attempt, of, started)) = ended.into_iter().next() else { return Ok(()) };
    let started = started.unwrap_or(now.as_millis());
    tx.run::<AddAttempt>(binds![id, i64::from(attempt), started, now, outcome.as_str(), &error])?;
    let job = tx.job_ref(id, &job_type, &queue, attempt, of);
    tx.moved(&job, Some(State::Running), over.state, error.as_deref(), now);
    parents::settled(tx, id, over.state, now)
}

/// A workflow that was over goes on: so does the job that it is.
pub(super) fn reopened(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<()> {
    let state: Vec<String> = tx.load::<StateOf, Text, _>(binds![id])?;
    let is_final = state.first().and_then(|s| s.parse().ok()).is_some_and(State::is_final);
    if is_final { job::retry(tx, id, now).map(|_| ()) } else { Ok(()) }
}

/// The job is deleted: its workflow stands by itself from now on, and goes by its own age.
pub(in crate::store::verbs) fn orphan(tx: &mut Tx<'_>, id: i64) -> StoreResult<()> {
    tx.run::<Orphan>(binds![id]).map(|_| ())
}
