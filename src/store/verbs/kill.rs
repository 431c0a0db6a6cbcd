//! Giving jobs up that wait for another go or for their time: they are dead letters then.

use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

use crate::domain::lifecycle::{self, Move};
use crate::domain::{State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::parents;

statement!(Look, |dialect| format!(
    "SELECT state, job_type, queue, attempt, has_children, workflow_id FROM jobs WHERE id = ?{}",
    dialect.lock()
));
statement!(
    Kill,
    format!(
        "UPDATE jobs SET state = '{}', completed_at = ?, error = coalesce(error, ?) WHERE id = ? AND {}",
        State::Failed,
        lifecycle::sql_guard(Move::Kill)
    )
);

/// What stands in `error` of a job that never ran.
const WHY: &str = "given up by hand";

/// Gives a job up.
///
/// # Errors
/// Refused when there is no such job or it waits neither for its time nor for another go.
pub fn kill(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> StoreResult<()> {
    type Sql = (Text, Text, Text, Integer, Bool, Nullable<BigInt>);
    type Row = (String, String, String, i32, bool, Option<i64>);
    let rows: Vec<Row> = tx.load::<Look, Sql, _>(binds![id])?;
    let Some((state, job_type, queue, attempt, has_children, workflow)) = rows.into_iter().next() else {
        return Err(Error::NotFound(format!("job {id}")).into());
    };
    let state: State = state.parse().map_err(Error::Conflict)?;
    if tx.run::<Kill>(binds![now, WHY, id])? == 0 {
        return Err(Error::Conflict(format!("job {id} is {state} and cannot be given up")).into());
    }
    let job = tx.job_ref(id, &job_type, &queue, attempt, workflow);
    tx.moved(&job, Some(state), State::Failed, Some(WHY), now);
    if has_children {
        parents::settled(tx, id, State::Failed, now)?;
    }
    Ok(())
}
