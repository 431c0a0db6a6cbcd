//! Why an unfinished job does not run.

use std::sync::Arc;

use super::shared::Shared;
use crate::domain::waiting::COUNT_BEFORE;
use crate::domain::{Job, Limits, State, WaitingFor, Why};
use crate::store::views::limits::Met;
use crate::store::{StoreResult, views};

/// Parents that are named.
const NAMED_PARENTS: usize = 5;

/// The first reason that holds; `None` when it runs, is final, or is about to start.
pub async fn waiting_for(shared: &Arc<Shared>, job: &Job) -> StoreResult<Option<WaitingFor>> {
    let why = match job.state {
        State::Blocked => Some(parents(shared, job).await?),
        State::Scheduled => Some(scheduled(shared, job).await?),
        State::Retrying => Some(Why::Backoff {
            failures: job.retry_count,
            allowed: job.max_retries + 1,
            error: job.error.clone().unwrap_or_else(|| "it failed".into()),
            due: job.run_at,
        }),
        State::Pending => pending(shared, job).await?,
        _ => None,
    };
    Ok(why.map(WaitingFor::from))
}

async fn scheduled(shared: &Arc<Shared>, job: &Job) -> StoreResult<Why> {
    let wanted = job.clone();
    let awaited = shared.store.read(move |conn| views::signals::awaited(conn, &wanted)).await?;
    Ok(match awaited {
        Some(name) => Why::Signal { name, until: job.run_at },
        None => Why::Time(job.run_at),
    })
}

async fn parents(shared: &Arc<Shared>, job: &Job) -> StoreResult<Why> {
    let wanted = job.clone();
    let read = move |conn: &mut _| views::job::unfinished_parents(conn, &wanted, NAMED_PARENTS);
    Ok(Why::Parents(shared.store.read(read).await?))
}

async fn pending(shared: &Arc<Shared>, job: &Job) -> StoreResult<Option<Why>> {
    let job_type = job.job_type.clone();
    if shared.read_settings(|s| s.all_paused) {
        return Ok(Some(Why::AllPaused));
    }
    if shared.is_paused(&job_type) {
        return Ok(Some(Why::TypePaused(job_type)));
    }
    if shared.read_settings(|s| s.paused_queues.contains(&job.queue)) {
        return Ok(Some(Why::QueuePaused(job.queue.clone())));
    }
    let options = shared.type_options(&job_type);
    let Some(slots) = shared.slots.get(&job_type) else {
        return elsewhere(shared, job, &options.limits).await;
    };
    if slots.taken() >= options.concurrency as usize {
        let before = before(shared, job).await?;
        return Ok(Some(Why::Concurrency { slots: options.concurrency, job_type, before }));
    }
    if let Some(why) = limited(shared, job, &options.limits).await? {
        return Ok(Some(why));
    }
    behind(shared, job).await
}

/// Those that stand before it, if nothing else keeps it from starting.
async fn behind(shared: &Arc<Shared>, job: &Job) -> StoreResult<Option<Why>> {
    let before = before(shared, job).await?;
    Ok((before > 0).then_some(Why::Behind(before)))
}

/// How many stand before it. They are counted one by one.
async fn before(shared: &Arc<Shared>, job: &Job) -> StoreResult<i64> {
    let wanted = job.clone();
    shared.store.read(move |conn| views::job::jobs_before(conn, &wanted, COUNT_BEFORE)).await
}

/// Why a job does not run that no worker here does.
async fn elsewhere(shared: &Arc<Shared>, job: &Job, limits: &Limits) -> StoreResult<Option<Why>> {
    let (job_type, queue) = (job.job_type.clone(), job.queue.clone());
    if !shared.options.has_remote_workers {
        return Ok(Some(Why::NoWorker(job_type)));
    }
    // A limit that is met says that there are workers, on whichever node.
    if let Some(why) = limited(shared, job, limits).await? {
        return Ok(Some(why));
    }
    if !shared.remote.serve(&queue) {
        return Ok(Some(Why::NoWorkerHere { job_type, queue }));
    }
    behind(shared, job).await
}

/// The limit that keeps it from starting.
async fn limited(shared: &Arc<Shared>, job: &Job, limits: &Limits) -> StoreResult<Option<Why>> {
    if limits.is_none() {
        return Ok(None);
    }
    let (id, name, limits, now) = (job.id, job.job_type.clone(), limits.clone(), shared.clock.now());
    let met = shared.store.read(move |conn| views::limits::met(conn, id, &name, &limits, now)).await?;
    let Some(met) = met else { return Ok(None) };
    let job_type = job.job_type.clone();
    Ok(Some(match met {
        Met::Global { most } => Why::Everywhere { most, job_type, before: before(shared, job).await? },
        Met::PerKey { key, value, most } => Why::SameKey { most, job_type, key, value },
        Met::Rate { limit, next } => {
            Why::RateLimit { limit, job_type, next, before: before(shared, job).await? }
        }
    }))
}
