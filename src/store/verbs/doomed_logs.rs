//! Log folders of deleted jobs. A folder cannot be deleted in a commit: it is doomed in the commit
//! that deletes the job, and forgotten once it is gone.

use diesel::sql_types::BigInt;

use crate::store::error::StoreResult;
use crate::store::sql::{LIMIT, binds, list, statement};
use crate::store::tx::Tx;

statement!(Doom, "INSERT INTO doomed_logs (job_id) VALUES (?)");
statement!(Doomed, format!("SELECT job_id FROM doomed_logs WHERE job_id > ? ORDER BY job_id {LIMIT}"));
statement!(Forget, |dialect| format!("DELETE FROM doomed_logs WHERE job_id IN ({})", dialect.numbers()));

/// The folder of a job that is deleted now.
pub(super) fn doom(tx: &mut Tx<'_>, job_id: i64) -> StoreResult<()> {
    tx.run::<Doom>(binds![job_id]).map(|_| ())
}

/// The jobs whose folders are to be deleted: the next `limit` behind `after`.
pub fn doomed(tx: &mut Tx<'_>, after: i64, limit: usize) -> StoreResult<Vec<i64>> {
    tx.load::<Doomed, BigInt, _>(binds![after, i64::try_from(limit).unwrap_or(i64::MAX)])
}

/// The folders of these jobs are gone.
pub fn forget(tx: &mut Tx<'_>, ids: &[i64]) -> StoreResult<()> {
    tx.run::<Forget>(binds![&list(ids.iter().copied())]).map(|_| ())
}
