//! Handing jobs out.

use std::time::Duration;

use diesel::sql_types::{BigInt, Integer, Text};

use super::{jid_of, report};
use crate::domain::ident::WORKFLOW_NODE;
use crate::domain::lifecycle::{self, Move};
use crate::domain::remote::RESERVED;
use crate::domain::{Claim, Job, State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::claim::{self, Claimer, NOT_PAUSED};

statement!(
    Types,
    format!(
        "SELECT job_type FROM counters WHERE queue = ? AND state = '{}' AND n > 0 AND {NOT_PAUSED} \
         ORDER BY job_type",
        State::Pending
    )
);
statement!(
    Head,
    format!(
        "SELECT priority, rank, id FROM jobs WHERE {} AND held IS NULL AND job_type = ? AND queue = ? \
         ORDER BY priority, rank, id LIMIT 1",
        lifecycle::sql_guard(Move::Claim)
    )
);
statement!(
    Reserve,
    "INSERT INTO remote_jobs (job_id, jid, extra, reserved_until) VALUES (?, ?, '{}', ?) \
     ON CONFLICT (job_id) DO UPDATE SET reserved_until = excluded.reserved_until RETURNING jid, extra"
);
statement!(ReadySince, "SELECT ready_at FROM jobs WHERE id = ?");

/// Jobs looked at for one that is not too old.
const MAX_EXPIRED: usize = 100;

/// What somebody wants to fetch.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// From these queues; the first that has something.
    pub queues: Vec<String>,
    /// Who.
    pub worker_id: String,
}

/// A job that was handed out.
#[derive(Clone, Debug)]
pub struct Reserved {
    /// The job, running.
    pub job: Job,
    /// Its id there.
    pub jid: String,
    /// JSON: what else it is there.
    pub extra: String,
    /// When it came into its queue.
    pub enqueued_at: Timestamp,
}

impl Reserved {
    /// The right to report on it.
    #[must_use]
    pub fn claim(&self) -> Claim {
        Claim { job_id: self.job.id, attempt: self.job.attempt, node: Claim::REMOTE }
    }
}

/// Takes for each the first job of the first of its queues that has one, of job types that `is_remote`.
/// `time` is how long an attempt of a type may take where the job does not say.
pub fn reserve(
    tx: &mut Tx<'_>,
    wanted: &[Wanted],
    is_remote: &dyn Fn(&str) -> bool,
    time: &dyn Fn(&str) -> Option<f64>,
    now: Timestamp,
) -> StoreResult<Vec<Option<Reserved>>> {
    // Whoever asks after a queue in which nothing was found need not look again.
    let mut empty: Vec<&str> = Vec::new();
    let mut given = Vec::with_capacity(wanted.len());
    for one in wanted {
        let by = Claimer { node: Claim::REMOTE, worker_id: one.worker_id.clone() };
        let mut found = None;
        for queue in &one.queues {
            if found.is_some() || empty.contains(&queue.as_str()) {
                continue;
            }
            found = next(tx, queue, is_remote, &by, now)?;
            if found.is_none() {
                empty.push(queue);
            }
        }
        given.push(found.map(|job| note(tx, job, time, now)).transpose()?);
    }
    Ok(given)
}

/// The next job of a queue that is not too old.
fn next(
    tx: &mut Tx<'_>,
    queue: &str,
    is_remote: &dyn Fn(&str) -> bool,
    by: &Claimer,
    now: Timestamp,
) -> StoreResult<Option<Job>> {
    let mut types: Vec<String> = tx.load::<Types, Text, _>(binds![queue])?;
    types.retain(|job_type| job_type != WORKFLOW_NODE && is_remote(job_type));
    for _ in 0..MAX_EXPIRED {
        let Some(job) = first(tx, queue, &types, by, now)? else { return Ok(None) };
        if !is_too_old(&job, now) {
            return Ok(Some(job));
        }
        let claim = Claim { job_id: job.id, attempt: job.attempt, node: by.node };
        report::drop_expired(tx, claim, now)?;
    }
    Ok(None)
}

/// The first job of a queue, of whichever type.
fn first(
    tx: &mut Tx<'_>,
    queue: &str,
    types: &[String],
    by: &Claimer,
    now: Timestamp,
) -> StoreResult<Option<Job>> {
    let mut heads = Vec::with_capacity(types.len());
    if types.len() > 1 {
        for job_type in types {
            let head: Vec<(i32, i64, i64)> =
                tx.load::<Head, (Integer, BigInt, BigInt), _>(binds![job_type, queue])?;
            heads.extend(head.into_iter().map(|head| (head, job_type)));
        }
        heads.sort_unstable();
    } else {
        heads.extend(types.iter().map(|job_type| ((0, 0, 0), job_type)));
    }
    // The first one may be held by a limit of its type.
    for (_, job_type) in heads {
        if let Some(job) = claim::claim_one(tx, job_type, queue, by, now)? {
            return Ok(Some(job));
        }
    }
    Ok(None)
}

/// Whether a job says that it is not worth doing any more.
fn is_too_old(job: &Job, now: Timestamp) -> bool {
    #[derive(serde::Deserialize)]
    struct Custom {
        expires_at: Option<Timestamp>,
    }
    job.metadata.as_str().contains("expires_at")
        && job.metadata.parse::<Custom>().is_ok_and(|custom| custom.expires_at.is_some_and(|at| at <= now))
}

fn note(
    tx: &mut Tx<'_>,
    job: Job,
    time: &dyn Fn(&str) -> Option<f64>,
    now: Timestamp,
) -> StoreResult<Reserved> {
    let secs = if job.timeout_inherited { time(&job.job_type) } else { job.timeout_secs };
    let span = secs.map_or(*RESERVED.end(), Duration::from_secs_f64);
    let until = now.plus(span.clamp(*RESERVED.start(), *RESERVED.end()));
    let jid = jid_of(job.id);
    let known: Vec<(String, String)> =
        tx.run_returning::<Reserve, (Text, Text), _>(binds![job.id, &jid, until])?;
    let ready: Vec<i64> = tx.load::<ReadySince, BigInt, _>(binds![job.id])?;
    let enqueued_at = ready.first().map_or(job.created_at, |at| Timestamp::from_millis(*at));
    let (jid, extra) = known.into_iter().next().unwrap_or((jid, "{}".into()));
    Ok(Reserved { job, jid, extra, enqueued_at })
}
