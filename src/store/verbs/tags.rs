//! The labels of jobs, for lists that filter by them.

use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(Add, "INSERT INTO job_tags (tag, job_id) VALUES (?, ?) ON CONFLICT DO NOTHING");
statement!(Remove, |dialect| format!(
    "DELETE FROM job_tags WHERE job_id = ? AND tag IN ({})",
    dialect.texts()
));

/// Notes a job's tags.
pub(super) fn add(tx: &mut Tx<'_>, id: i64, tags: &[String]) -> StoreResult<()> {
    for tag in tags {
        tx.run::<Add>(binds![tag, id])?;
    }
    Ok(())
}

/// Forgets a job's tags, given as its row has them.
pub(super) fn remove(tx: &mut Tx<'_>, id: i64, tags: Option<&str>) -> StoreResult<()> {
    if let Some(tags) = tags {
        tx.run::<Remove>(binds![id, tags])?;
    }
    Ok(())
}
