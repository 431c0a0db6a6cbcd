//! What only the holder of a claim may do.

use diesel::sql_types::BigInt;

use super::finish::CLAIM_GUARD;
use crate::domain::Claim;
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(Holds, |dialect| format!("SELECT id FROM jobs WHERE {CLAIM_GUARD}{}", dialect.lock()));

/// Refuses one who does not hold a claim any more; `so` says what comes of that.
pub(super) fn check(tx: &mut Tx<'_>, claim: Claim, so: &str) -> StoreResult<()> {
    let held: Vec<i64> = tx.load::<Holds, BigInt, _>(binds![claim.job_id, claim.attempt, claim.node])?;
    match held.is_empty() {
        true => Err(Error::Conflict(format!("{claim} was taken away, so {so}")).into()),
        false => Ok(()),
    }
}
