//! Another go by hand, for one job and for the dead letters.

use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

use crate::domain::lifecycle::{self, Move};
use crate::domain::{State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::{parents, signals, steps, unique};

statement!(Look, |dialect| format!(
    "SELECT state, job_type, queue, attempt, has_children, has_parents, unique_hash, unique_states, workflow_id \
     FROM jobs WHERE id = ?{}",
    dialect.lock()
));
statement!(
    Write,
    format!(
        "UPDATE jobs SET state = ?, parents_left = ?, retry_count = 0, crash_count = 0, run_at = ?, ready_at = ?, \
         completed_at = NULL, cancel_requested_at = NULL, result = NULL WHERE id = ? AND {}",
        lifecycle::sql_guard(Move::Retry)
    )
);

/// A job as a retry finds it.
struct Found {
    id: i64,
    from: State,
    job_type: String,
    queue: String,
    attempt: i32,
    has_children: bool,
    has_parents: bool,
    unique_hash: Option<String>,
    unique_states: Option<String>,
    workflow_id: Option<i64>,
}

/// Gives a job another go: a fresh budget, its history kept. Returns the state it is in now.
///
/// # Errors
/// Refused when there is no such job, its state does not allow it, or another job like it is there.
pub fn retry(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<State> {
    let job = look(tx, id)?;
    let waiting = if job.has_parents { parents::unfinished(tx, id)? } else { 0 };
    let to = if waiting > 0 { State::Blocked } else { State::Pending };
    write(tx, &job, to, waiting, now)?;
    Ok(to)
}

/// As [`retry`], and what its steps have done is done again, and its signals are waited for again.
///
/// # Errors
/// As [`retry`].
pub fn retry_fresh(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<State> {
    let to = retry(tx, id, now)?;
    forget(tx, id)?;
    Ok(to)
}

/// Gives a job another go that begins when [`parents::recount`] finds that it waits for nobody.
///
/// # Errors
/// As [`retry`].
pub(super) fn hold(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<()> {
    let job = look(tx, id)?;
    write(tx, &job, State::Blocked, 0, now)
}

fn look(tx: &mut Tx<'_>, id: i64) -> StoreResult<Found> {
    type Names = (Text, Text, Text);
    type Locks = (Nullable<Text>, Nullable<Text>);
    type Sql = (Names, Integer, Bool, Bool, Locks, Nullable<BigInt>);
    type Row = ((String, String, String), i32, bool, bool, (Option<String>, Option<String>), Option<i64>);
    let rows: Vec<Row> = tx.load::<Look, Sql, _>(binds![id])?;
    let Some(((state, job_type, queue), attempt, has_children, has_parents, lock, workflow_id)) =
        rows.into_iter().next()
    else {
        return Err(Error::NotFound(format!("job {id}")).into());
    };
    let from: State = state.parse().map_err(Error::Conflict)?;
    if !lifecycle::rule(Move::Retry).from.contains(&from) {
        return Err(Error::Conflict(format!("job {id} is {from} and cannot be retried")).into());
    }
    let (unique_hash, unique_states) = lock;
    Ok(Found {
        id,
        from,
        job_type,
        queue,
        attempt,
        has_children,
        has_parents,
        unique_hash,
        unique_states,
        workflow_id,
    })
}

fn write(tx: &mut Tx<'_>, job: &Found, to: State, waiting: i64, now: Timestamp) -> StoreResult<()> {
    if job.unique_states.as_ref().is_some_and(|states| states.contains(to.as_str()))
        && let Some(hash) = &job.unique_hash
        && let Some(rival) = unique::rival(tx, hash, job.id, now)?
    {
        let what = format!("job {} is unique, and job {rival}, which is the same, is there", job.id);
        return Err(Error::Conflict(what).into());
    }
    tx.run::<Write>(binds![to.as_str(), waiting, now, now, job.id])?;
    match job.from {
        // All was done, and is wanted again.
        State::Completed => forget(tx, job.id)?,
        _ => signals::wait_again(tx, job.id)?,
    }
    let job_ref = tx.job_ref(job.id, &job.job_type, &job.queue, job.attempt, job.workflow_id);
    tx.moved(&job_ref, Some(job.from), to, None, now);
    if job.has_children && job.from.is_final() {
        parents::reopened(tx, job.id)?;
    }
    Ok(())
}

fn forget(tx: &mut Tx<'_>, id: i64) -> StoreResult<()> {
    steps::forget(tx, id)?;
    signals::forget(tx, id)
}
