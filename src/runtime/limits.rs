//! Bringing what is stored in line with the limits that hold now.

use std::sync::Arc;

use super::shared::Shared;
use crate::domain::Limits;
use crate::store::StoreResult;
use crate::store::verbs::limits::{self as verbs, keys};

/// All job types, before the first job is claimed.
///
/// # Errors
/// When the store fails.
pub async fn settle_all(shared: &Arc<Shared>) -> StoreResult<()> {
    for job_type in shared.types.keys().chain(&shared.limited_elsewhere()) {
        settle(shared, job_type).await?;
    }
    Ok(())
}

/// After the limits of a job type may have changed: the jobs that wait are told apart by the keys of
/// now, and those that a limit held are looked at again.
///
/// # Errors
/// When the store fails.
pub async fn settle(shared: &Arc<Shared>, job_type: &str) -> StoreResult<()> {
    let limits = shared.type_options(job_type).limits;
    let (name, wanted) = (job_type.to_owned(), limits.keys());
    let kept = shared.store.write(move |tx| keys::are_kept(tx, &name, &wanted)).await?;
    if !kept {
        rekey(shared, job_type, &limits).await?;
    }
    sweep(shared, job_type).await
}

async fn rekey(shared: &Arc<Shared>, job_type: &str, limits: &Limits) -> StoreResult<()> {
    let mut after = Some(0);
    while let Some(last) = after {
        let (name, limits) = (job_type.to_owned(), limits.clone());
        after = shared.store.write(move |tx| keys::rekey(tx, &name, &limits, last)).await?;
        if last == 0 && after.is_some() {
            log::info!("the jobs of type {job_type} that wait are told apart by other keys from now on");
        }
    }
    Ok(())
}

/// Looks again at the jobs of a type that a limit holds.
///
/// # Errors
/// When the store fails.
pub async fn sweep(shared: &Arc<Shared>, job_type: &str) -> StoreResult<()> {
    let mut after = None;
    loop {
        let (name, now, from) = (job_type.to_owned(), shared.clock.now(), after);
        after = shared.store.write(move |tx| verbs::sweep(tx, &name, from.clone(), now)).await?;
        if after.is_none() {
            return Ok(());
        }
    }
}
