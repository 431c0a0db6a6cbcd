//! Steps of running jobs that have finished.

use diesel::sql_types::BigInt;

use super::fence;
use crate::domain::step::{ALL_STEPS, MAX_STEPS};
use crate::domain::{Claim, Json, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(Kept, "SELECT count(*), CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM steps WHERE job_id = ?");
// A commit in doubt may have kept it already.
statement!(
    Keep,
    "INSERT INTO steps (job_id, name, number, attempt, at, bytes, value) VALUES (?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT (job_id, name) DO NOTHING"
);
statement!(Forget, "DELETE FROM steps WHERE job_id = ?");

/// Keeps the value of a step for the holder of a claim.
///
/// # Errors
/// Refused when the claim is stale, or the job has too many steps or too much in them;
/// `max_result` bytes are what one value may take.
pub fn keep(
    tx: &mut Tx<'_>,
    claim: Claim,
    name: &str,
    value: &Json,
    max_result: usize,
    now: Timestamp,
) -> StoreResult<()> {
    fence::check(tx, claim, "its step is not kept")?;
    let kept: Vec<(i64, i64)> = tx.load::<Kept, (BigInt, BigInt), _>(binds![claim.job_id])?;
    let (count, before) = kept.first().copied().unwrap_or_default();
    if count >= i64::from(MAX_STEPS) {
        let what = format!("job {} has {MAX_STEPS} steps already, which is the most", claim.job_id);
        return Err(Error::Conflict(what).into());
    }
    let bytes = size(value);
    let most = i64::try_from(max_result.saturating_mul(ALL_STEPS)).unwrap_or(i64::MAX);
    if before.saturating_add(bytes) > most {
        let what = format!(
            "the steps of job {} would be {} bytes long as JSON; at most {most} are kept \
             ({ALL_STEPS} times defaults.max_result_bytes)",
            claim.job_id,
            before.saturating_add(bytes)
        );
        return Err(Error::Conflict(what).into());
    }
    tx.run::<Keep>(binds![claim.job_id, name, count + 1, claim.attempt, now, bytes, value.as_str()])?;
    Ok(())
}

/// Forgets all steps of a job.
pub(super) fn forget(tx: &mut Tx<'_>, job: i64) -> StoreResult<()> {
    tx.run::<Forget>(binds![job])?;
    Ok(())
}

fn size(value: &Json) -> i64 {
    i64::try_from(value.as_str().len()).unwrap_or(i64::MAX)
}
