//! A new job that nothing keeps back and no other stands before is stored as one that runs: an enqueue
//! and a claim that write its row once.
//!
//! Who comes first is decided nowhere else than in the claim: where anything is pending, whoever the
//! job is, it waits for that.

use diesel::sql_types::Integer;

use super::Claimer;
use crate::domain::{Job, State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::{JobRef, Tx};

statement!(
    IsFirst,
    format!(
        "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM counters WHERE job_type = ? AND state = '{}' AND n > 0) \
         AND NOT EXISTS (SELECT 1 FROM pauses WHERE kind = 'queue' AND name = ?) \
         AND NOT EXISTS (SELECT 1 FROM pauses WHERE kind = 'job_type' AND name = ?) \
         AND NOT EXISTS (SELECT 1 FROM pauses WHERE kind = 'all')",
        State::Pending
    )
);

/// Who claims a job that is about to be stored as pending; `None`: it is left to the claim.
pub(in crate::store::verbs) fn slot(
    tx: &mut Tx<'_>,
    job_type: &str,
    queue: &str,
) -> StoreResult<Option<Claimer>> {
    let Some(by) = tx.slot(job_type) else { return Ok(None) };
    let first = tx.is_open(job_type, queue)
        || !tx.load::<IsFirst, Integer, i32>(binds![job_type, queue, job_type])?.is_empty();
    if first {
        tx.set_open(job_type, queue);
    }
    Ok(first.then_some(by))
}

/// The job is stored so. For those who watch and count it was pending before.
pub(in crate::store::verbs) fn started(
    tx: &mut Tx<'_>,
    job: Job,
    job_ref: &JobRef,
    by: &Claimer,
    now: Timestamp,
) {
    let job_ref = JobRef { attempt: 1, ..job_ref.clone() };
    tx.moved(&job_ref, Some(job.state), State::Running, None, now);
    tx.started(&job_ref.job_type, 0, now);
    tx.all_claimed(&job_ref.job_type);
    tx.fill_slot(Job {
        state: State::Running,
        attempt: job_ref.attempt,
        worker_id: Some(by.worker_id.clone()),
        started_at: Some(now),
        ..job
    });
}
