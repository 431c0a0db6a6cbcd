//! What was stored on callers' own connections. Counters and statistics are rows that every commit
//! changes, and a caller's transaction may take its time: so it leaves a row of its own, and a node
//! takes that in after the commit.

use std::collections::HashMap;

use diesel::sql_types::{BigInt, Text};

use super::{ids, workflows};
use crate::domain::{Event, EventBody, State};
use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::{LIMIT, binds, list, statement};
use crate::store::tx::{Left, Tx};

/// Arrivals taken in with one write.
pub const CHUNK: usize = 200;

statement!(Leave, "INSERT INTO arrivals (id, effects) VALUES (?, ?)");
// Another node that looks at the same time takes others.
statement!(Waiting, |dialect| format!(
    "SELECT id, effects FROM arrivals ORDER BY id {LIMIT}{}",
    dialect.lock_free()
));
statement!(Taken, |dialect| format!("DELETE FROM arrivals WHERE id IN ({})", dialect.numbers()));
statement!(StatesOf, |dialect| format!("SELECT id, state FROM jobs WHERE {}", dialect.in_list()));

/// Leaves what the verbs of this transaction brought about.
pub(in crate::store) fn leave(tx: &mut Tx<'_>) -> StoreResult<()> {
    workflows::roll_up(tx)?;
    let left = tx.leave();
    if left.is_empty() {
        return Ok(());
    }
    let id = ids::next(tx, ids::Of::Arrivals)?;
    let effects = serde_json::to_string(&left).map_err(|e| StoreError::Database(e.to_string()))?;
    tx.run::<Leave>(binds![id, &effects]).map(|_| ())
}

/// Takes in the oldest [`CHUNK`] of what was left, as if it had been written here; returns how many.
///
/// # Errors
/// When the database fails.
pub fn take_in(tx: &mut Tx<'_>) -> StoreResult<usize> {
    let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    let rows: Vec<(i64, String)> = tx.load::<Waiting, (BigInt, Text), _>(binds![limit])?;
    if rows.is_empty() {
        return Ok(0);
    }
    tx.run::<Taken>(binds![&list(rows.iter().map(|(id, _)| *id))])?;
    for (id, effects) in &rows {
        let left: Left = serde_json::from_str(effects)
            .map_err(|e| StoreError::Database(format!("arrival {id} cannot be read: {e}")))?;
        let events = tx.take_in(left);
        let states = states_of(tx, &events)?;
        // A job may have been claimed already, among others.
        let holds = |event: &Event| match &event.body {
            EventBody::State { state, .. } => states.get(&event.job_id) == Some(state),
            _ => false,
        };
        tx.tell(events.into_iter().filter(holds));
    }
    Ok(rows.len())
}

/// In which states those jobs are by now.
fn states_of(tx: &mut Tx<'_>, events: &[Event]) -> StoreResult<HashMap<i64, State>> {
    let ids = list(events.iter().map(|event| event.job_id));
    let rows: Vec<(i64, String)> = tx.load::<StatesOf, (BigInt, Text), _>(binds![&ids])?;
    Ok(rows.into_iter().filter_map(|(id, state)| Some((id, state.parse().ok()?))).collect())
}
