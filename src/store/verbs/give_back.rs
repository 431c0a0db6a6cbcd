//! Giving back claims that nobody works on although their process lives.

use diesel::sql_types::{BigInt, Integer};

use super::finish::{self, Finished};
use crate::domain::{Backoff, Claim, State, Timestamp, Verdict};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(
    ClaimedBy,
    format!(
        "SELECT j.id, j.attempt FROM counters c JOIN jobs j \
         ON j.job_type = c.job_type AND j.queue = c.queue AND j.state = '{running}' \
         WHERE c.state = '{running}' AND c.n > 0 AND c.job_type = ? AND j.node = ?",
        running = State::Running
    )
);

/// Gives back what a node has claimed of a job type and does not know of: the claim is on disk, but
/// its answer was lost with the database. That is neither a failure nor a crash. Returns how many
/// there were.
pub fn give_back(
    tx: &mut Tx<'_>,
    job_type: &str,
    node: i64,
    knows: impl Fn(&Claim) -> bool,
    now: Timestamp,
) -> StoreResult<usize> {
    let rows: Vec<(i64, i32)> = tx.load::<ClaimedBy, (BigInt, Integer), _>(binds![job_type, node])?;
    let lost: Vec<Claim> = rows
        .into_iter()
        .map(|(job_id, attempt)| Claim { job_id, attempt: u32::try_from(attempt).unwrap_or_default(), node })
        .filter(|claim| !knows(claim))
        .collect();
    release(tx, &lost, now)?;
    Ok(lost.len())
}

/// Ends attempts as a shutdown does: their jobs go back, and nothing is counted against them. For
/// each, the state that its job is in now, or `None` when the claim is stale.
pub fn release(tx: &mut Tx<'_>, claims: &[Claim], now: Timestamp) -> StoreResult<Vec<Option<State>>> {
    let released = |claim: &Claim| Finished {
        claim: *claim,
        verdict: Verdict::Released,
        progress: None,
        backoff: Backoff::default(),
        luck: 0.5,
    };
    finish::finish(tx, &claims.iter().map(released).collect::<Vec<_>>(), now)
}
