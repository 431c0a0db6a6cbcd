//! Deletes the log folders of jobs that are deleted.

use std::sync::Arc;

use super::shared::Shared;
use crate::store::{StoreResult, verbs};

/// Folders deleted between two writes.
const CHUNK: usize = 200;

/// Deletes the logs of jobs that are gone. What cannot be deleted now is tried again by [`remove_left`].
pub async fn remove(shared: &Arc<Shared>, ids: Vec<i64>) {
    if let Err(e) = remove_and_forget(shared, ids).await {
        log::warn!("deleted logs are not forgotten yet: {e}");
    }
}

/// Deletes the logs that an earlier deletion left behind: the server died in between, or the folder
/// could not be deleted.
///
/// # Errors
/// When the store fails.
pub async fn remove_left(shared: &Arc<Shared>) -> StoreResult<()> {
    let (home, mut last) = (shared.membership.home(), 0);
    loop {
        let ids = shared.store.write(move |tx| verbs::doomed_logs::doomed(tx, home, last, CHUNK)).await?;
        let Some(next) = ids.last() else { return Ok(()) };
        last = *next;
        remove_and_forget(shared, ids).await?;
    }
}

async fn remove_and_forget(shared: &Arc<Shared>, ids: Vec<i64>) -> StoreResult<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let logs = shared.logs.clone();
    let removing = tokio::task::spawn_blocking(move || {
        let gone = |id: &i64| {
            logs.remove(*id).map_err(|e| log::warn!("cannot delete the logs of job {id}: {e}")).is_ok()
        };
        ids.into_iter().filter(gone).collect::<Vec<_>>()
    });
    // A panic in there leaves them for later.
    let gone = removing.await.unwrap_or_default();
    let home = shared.membership.home();
    shared.store.write(move |tx| verbs::doomed_logs::forget(tx, home, &gone)).await
}
