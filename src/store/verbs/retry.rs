//! Another go by hand, for one job and for the dead letters.

use diesel::sql_types::{Bool, Integer, Nullable, Text};

use crate::domain::lifecycle::{self, Move};
use crate::domain::{State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::{parents, unique};

statement!(
    Look,
    "SELECT state, job_type, queue, attempt, has_children, has_parents, unique_hash, unique_states \
     FROM jobs WHERE id = ?"
);
statement!(
    Write,
    format!(
        "UPDATE jobs SET state = ?, parents_left = ?, retry_count = 0, crash_count = 0, run_at = ?, ready_at = ?, \
         completed_at = NULL, cancel_requested_at = NULL, result = NULL WHERE id = ? AND {}",
        lifecycle::sql_guard(Move::Retry)
    )
);

/// Gives a job another go: a fresh budget, its history kept. Returns the state it is in now.
///
/// # Errors
/// Refused when there is no such job, its state does not allow it, or another job like it is there.
pub fn retry(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<State> {
    type Sql = (Text, Text, Text, Integer, Bool, Bool, Nullable<Text>, Nullable<Text>);
    type Row = (String, String, String, i32, bool, bool, Option<String>, Option<String>);
    let rows: Vec<Row> = tx.load::<Look, Sql, _>(binds![id])?;
    let Some((state, job_type, queue, attempt, has_children, has_parents, hash, held_in)) =
        rows.into_iter().next()
    else {
        return Err(Error::NotFound(format!("job {id}")).into());
    };
    let from: State = state.parse().map_err(Error::Conflict)?;
    if !lifecycle::rule(Move::Retry).from.contains(&from) {
        return Err(Error::Conflict(format!("job {id} is {from} and cannot be retried")).into());
    }
    let waiting = if has_parents { parents::unfinished(tx, id)? } else { 0 };
    let to = if waiting > 0 { State::Blocked } else { State::Pending };
    if held_in.is_some_and(|states| states.contains(to.as_str()))
        && let Some(hash) = &hash
        && let Some(rival) = unique::rival(tx, hash, id, now)?
    {
        return Err(Error::Conflict(format!(
            "job {id} is unique, and job {rival}, which is the same, is there"
        ))
        .into());
    }
    tx.run::<Write>(binds![to.as_str(), waiting, now, now, id])?;
    let job = tx.job_ref(id, &job_type, &queue, attempt);
    tx.moved(&job, Some(from), to, None, now);
    if has_children && from.is_final() {
        parents::reopened(tx, id)?;
    }
    Ok(to)
}
