//! Log folders of deleted jobs. A folder cannot be deleted in a commit: it is doomed in the commit
//! that deletes the job, and forgotten once it is gone. Each node deletes what is in its own folder, its
//! home; on an embedded database there is one.

use diesel::sql_types::BigInt;

use crate::store::error::StoreResult;
use crate::store::sql::{Dialect, LIMIT, binds, list, statement};
use crate::store::tx::Tx;

statement!(Doom, |dialect| format!(
    "INSERT INTO doomed_logs (job_id, home) SELECT DISTINCT a.job_id, coalesce(n.home, 0) \
     FROM attempts a LEFT JOIN nodes n ON n.id = {} WHERE a.job_id = ?",
    dialect.leading_number("a.worker_id")
));
statement!(Doomed, |dialect| format!(
    "SELECT DISTINCT job_id FROM doomed_logs WHERE job_id > ? AND {} ORDER BY job_id {LIMIT}",
    ours(dialect)
));
statement!(Forget, |dialect| format!(
    "DELETE FROM doomed_logs WHERE job_id IN ({}) AND {}",
    dialect.numbers(),
    ours(dialect)
));
statement!(ForgetHomes, "DELETE FROM doomed_logs WHERE home <> 0 AND home NOT IN (SELECT home FROM nodes)");

/// Of the home that is bound, or of nobody knows whose.
fn ours(dialect: Dialect) -> String {
    format!("(home IN (0, ?){})", dialect.either(" OR TRUE", ""))
}

/// The folders of a job that is deleted now, before its attempts are.
pub(super) fn doom(tx: &mut Tx<'_>, job_id: i64) -> StoreResult<()> {
    if tx.run::<Doom>(binds![job_id])? > 0 {
        tx.doomed();
    }
    Ok(())
}

/// The jobs whose folders in a home are to be deleted: the next `limit` behind `after`.
pub fn doomed(tx: &mut Tx<'_>, home: i64, after: i64, limit: usize) -> StoreResult<Vec<i64>> {
    tx.load::<Doomed, BigInt, _>(binds![after, home, i64::try_from(limit).unwrap_or(i64::MAX)])
}

/// The folders of these jobs in a home are gone.
pub fn forget(tx: &mut Tx<'_>, home: i64, ids: &[i64]) -> StoreResult<()> {
    tx.run::<Forget>(binds![&list(ids.iter().copied()), home]).map(|_| ())
}

/// Forgets what is in homes that are gone: none of their nodes is known any more.
pub fn forget_homes(tx: &mut Tx<'_>) -> StoreResult<()> {
    tx.run::<ForgetHomes>(&[]).map(|_| ())
}
