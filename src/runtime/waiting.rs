//! Why an unfinished job does not run.

use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use crate::domain::{Job, State, WaitReason, WaitingFor};
use crate::store::{StoreResult, views};

/// Jobs before this one are counted up to so many.
const COUNT_UP_TO: i64 = 10_000;

/// The first reason that holds; `None` when it runs, is final, or is about to start.
pub async fn waiting_for(shared: &Arc<Shared>, job: &Job) -> StoreResult<Option<WaitingFor>> {
    let found = match job.state {
        State::Blocked => Some((WaitReason::Parents, parents(shared, job).await?)),
        State::Scheduled => Some((WaitReason::Time, until(job))),
        State::Retrying => {
            let error = job.error.as_deref().unwrap_or("it failed");
            let text =
                format!("failure {} of {} ({error}); {}", job.retry_count, job.max_retries + 1, until(job));
            Some((WaitReason::Backoff, text))
        }
        State::Pending => pending(shared, job).await?,
        _ => None,
    };
    Ok(found.map(|(reason, detail)| WaitingFor { reason, detail }))
}

fn until(job: &Job) -> String {
    job.run_at.map_or_else(|| "due now".into(), |at| format!("due at {at}"))
}

async fn parents(shared: &Arc<Shared>, job: &Job) -> StoreResult<String> {
    let wanted = job.clone();
    let open = shared.store.read(move |conn| views::job::unfinished_parents(conn, &wanted, 5)).await?;
    let named: Vec<_> = open.iter().map(|(id, state)| format!("job {id} ({state})")).collect();
    Ok(format!("{} are not final", named.join(", ")))
}

async fn pending(shared: &Arc<Shared>, job: &Job) -> StoreResult<Option<(WaitReason, String)>> {
    if shared.is_paused(&job.job_type) {
        return Ok(Some((WaitReason::Paused, format!("job type {} is paused", job.job_type))));
    }
    if shared.read_settings(|s| s.paused_queues.contains(&job.queue)) {
        return Ok(Some((WaitReason::Paused, format!("queue {} is paused", job.queue))));
    }
    let Some(slots) = shared.slots.get(&job.job_type) else {
        return Ok(Some((WaitReason::NoWorker, format!("no worker here runs {}", job.job_type))));
    };
    let wanted = job.clone();
    let before = shared.store.read(move |conn| views::job::jobs_before(conn, &wanted, COUNT_UP_TO)).await?;
    let before =
        if before >= COUNT_UP_TO { format!("{COUNT_UP_TO} jobs or more") } else { format!("{before} jobs") };
    let options = shared.type_options(&job.job_type);
    let taken = slots.taken();
    if taken >= options.concurrency as usize {
        let text = format!(
            "all {} slots of {} are taken; {before} stand before it",
            options.concurrency, job.job_type
        );
        return Ok(Some((WaitReason::Concurrency, text)));
    }
    if let Some(limit) = &options.rate_limit {
        let per = Duration::try_from_secs_f64(limit.per_secs).unwrap_or_default();
        if let (0, Some(next)) = slots.allowance(limit.limit, per, shared.clock.now()) {
            let text = format!(
                "{} may start {} times in {} s; the next start is at {next}; {before} stand before it",
                job.job_type, limit.limit, limit.per_secs
            );
            return Ok(Some((WaitReason::RateLimit, text)));
        }
    }
    Ok((!before.starts_with("0 ")).then(|| (WaitReason::Behind, format!("{before} stand before it"))))
}
