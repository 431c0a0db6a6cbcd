//! How far a running job is.

use super::finish::CLAIM_GUARD;
use crate::domain::{Claim, Progress};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(Write, format!("UPDATE jobs SET progress = ? WHERE {CLAIM_GUARD}"));

/// Keeps steps of progress. For each: whether the claim still holds.
pub fn progress(tx: &mut Tx<'_>, steps: &[(Claim, Progress)]) -> StoreResult<Vec<bool>> {
    let mut held = Vec::with_capacity(steps.len());
    for (claim, step) in steps {
        let text = serde_json::to_string(step).unwrap_or_default();
        held.push(tx.run::<Write>(binds![&text, claim.job_id, claim.attempt, claim.node])? > 0);
    }
    Ok(held)
}
