//! Taking back what a dead process had claimed.

use diesel::sql_types::{BigInt, Integer, Nullable};

use super::finish::{self, Ending};
use crate::domain::lifecycle::Move;
use crate::domain::{Claim, Outcome, State, Timestamp, decide};
use crate::store::error::StoreResult;
use crate::store::sql::{LIMIT, binds, statement};
use crate::store::tx::Tx;

// The plus keeps SQLite from walking the table by id: only what runs is looked at.
statement!(
    Running,
    format!(
        "SELECT j.id, j.attempt, j.node FROM counters c JOIN jobs j \
         ON j.job_type = c.job_type AND j.queue = c.queue AND j.state = '{running}' \
         WHERE c.state = '{running}' AND c.n > 0 AND +j.id > ? ORDER BY j.id {LIMIT}",
        running = State::Running
    )
);

/// Up to `limit` claims that are on disk, of jobs after `after`, by id.
pub fn claims(tx: &mut Tx<'_>, after: i64, limit: usize) -> StoreResult<Vec<Claim>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<(i64, i32, Option<i64>)> =
        tx.load::<Running, (BigInt, Integer, Nullable<BigInt>), _>(binds![after, limit])?;
    let claim = |(job_id, attempt, node): (i64, i32, Option<i64>)| Claim {
        job_id,
        attempt: u32::try_from(attempt).unwrap_or_default(),
        node: node.unwrap_or_default(),
    };
    Ok(rows.into_iter().map(claim).collect())
}

/// Takes a claim away whose process is gone. The job goes back without using up a retry, or to the
/// dead letters if that happened `max_crashes` times in a row. Returns the state it is in now, or
/// `None` when the claim was stale.
pub fn lose(tx: &mut Tx<'_>, claim: Claim, max_crashes: u32, now: Timestamp) -> StoreResult<Option<State>> {
    let Some(found) = finish::find(tx, claim)? else { return Ok(None) };
    let decision = decide::lose(found.facts, max_crashes);
    let error = match decision.event {
        Move::Quarantine => format!(
            "quarantined: the process died {} times in a row while this job ran; retry it by hand once the cause is found",
            decision.crash_count
        ),
        _ => "the process that ran it died".to_owned(),
    };
    let ending = Ending { outcome: Outcome::Lost, error: Some(error), result: None, progress: None };
    finish::settle(tx, claim, &found, &decision, &ending, now)?;
    Ok(Some(decision.to))
}
