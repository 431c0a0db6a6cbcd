//! Takes back attempts whose worker is gone.

use std::sync::Arc;

use super::shared::Shared;
use crate::domain::{Claim, Timestamp};
use crate::store::{Store, StoreResult, verbs::rescue};

/// Claims looked at in one write.
const CHUNK: usize = 500;

/// At the start on an embedded database nothing runs yet, so every claim on disk is an orphan.
/// Returns those that there were.
///
/// # Errors
/// When the store fails.
pub async fn rescue_all(store: &Store, max_crashes: u32, now: Timestamp) -> StoreResult<Vec<Claim>> {
    rescue(store, max_crashes, now, |_| true).await
}

/// Takes back claims that nobody in this process knows of. Returns how many there were.
///
/// # Errors
/// When the store fails.
pub async fn rescue_stale(shared: &Arc<Shared>) -> StoreResult<u64> {
    let known = shared.clone();
    let is_stale = move |claim: &Claim| {
        claim.node != known.node || !known.slots.values().any(|slots| slots.knows(claim))
    };
    let lost = rescue(&shared.store, shared.options.max_crashes, shared.clock.now(), is_stale).await?;
    Ok(lost.len() as u64)
}

async fn rescue<F>(store: &Store, max_crashes: u32, now: Timestamp, is_stale: F) -> StoreResult<Vec<Claim>>
where
    F: Fn(&Claim) -> bool + Clone + Send + 'static,
{
    let mut after = 0;
    let mut rescued = Vec::new();
    loop {
        let is_stale = is_stale.clone();
        let (last, lost) = store
            .write(move |tx| {
                let claims = rescue::claims(tx, after, CHUNK)?;
                let mut lost = Vec::new();
                for claim in claims.iter().filter(|claim| is_stale(claim)) {
                    lost.extend(rescue::lose(tx, *claim, max_crashes, now)?.map(|_| *claim));
                }
                Ok((claims.last().map(|c| c.job_id), lost))
            })
            .await?;
        rescued.extend(lost);
        match last {
            Some(id) => after = id,
            None => return Ok(rescued),
        }
    }
}
