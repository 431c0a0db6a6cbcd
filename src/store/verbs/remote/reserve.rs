//! Handing jobs out.

use std::collections::HashMap;
use std::rc::Rc;

use diesel::sql_types::{BigInt, Integer, Nullable, Text};

use super::{Times, jid_of, report};
use crate::domain::ident::WORKFLOW_NODE;
use crate::domain::lifecycle::{self, Move};
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
     ON CONFLICT (job_id) DO UPDATE SET reserved_until = excluded.reserved_until \
     RETURNING jid, extra, (SELECT ready_at FROM jobs WHERE id = job_id)"
);

/// Jobs looked at for one that is not too old.
const MAX_EXPIRED: usize = 100;

/// Claims of one job in a row: each passes over many that a limit holds.
const MAX_TURNS: usize = 10;

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

/// What was taken.
#[derive(Debug, Default)]
pub struct Given {
    /// For each who wanted something, in their order.
    pub jobs: Vec<Option<Reserved>>,
    /// When a rate limit that stood in the way lets the next one start.
    pub next: Option<Timestamp>,
}

/// Takes for each the first job of the first of its queues that has one, of job types that `is_remote`.
/// `time` is how long an attempt of a type may take where the job does not say.
pub fn reserve(
    tx: &mut Tx<'_>,
    wanted: &[Wanted],
    is_remote: &dyn Fn(&str) -> bool,
    time: Times<'_>,
    now: Timestamp,
) -> StoreResult<Given> {
    // Whoever asks after a queue in which nothing was found need not look again.
    let mut empty: Vec<&str> = Vec::new();
    let mut round = Round { is_remote, now, types: HashMap::new(), next: None };
    let mut jobs = Vec::with_capacity(wanted.len());
    for one in wanted {
        let by = Claimer { node: Claim::REMOTE, worker_id: one.worker_id.clone() };
        let mut found = None;
        for queue in &one.queues {
            if found.is_some() || empty.contains(&queue.as_str()) {
                continue;
            }
            found = round.next(tx, queue, &by)?;
            if found.is_none() {
                empty.push(queue);
            }
        }
        jobs.push(found.map(|job| note(tx, job, time, now)).transpose()?);
    }
    Ok(Given { jobs, next: round.next })
}

/// One look at the queues.
struct Round<'a> {
    is_remote: &'a dyn Fn(&str) -> bool,
    now: Timestamp,
    /// What is in the queues that were looked at: the counters stay as they are until the commit.
    types: HashMap<String, Rc<[String]>>,
    /// The earliest time at which a rate limit lets something start.
    next: Option<Timestamp>,
}

impl Round<'_> {
    /// The next job of a queue that is not too old.
    fn next(&mut self, tx: &mut Tx<'_>, queue: &str, by: &Claimer) -> StoreResult<Option<Job>> {
        let types = self.types_in(tx, queue)?;
        for _ in 0..MAX_EXPIRED {
            let Some(job) = self.first(tx, queue, &types, by)? else { return Ok(None) };
            if !is_too_old(&job, self.now) {
                return Ok(Some(job));
            }
            let claim = Claim { job_id: job.id, attempt: job.attempt, node: by.node };
            report::drop_expired(tx, claim, self.now)?;
        }
        Ok(None)
    }

    /// The job types that remote workers run of which a queue has something.
    fn types_in(&mut self, tx: &mut Tx<'_>, queue: &str) -> StoreResult<Rc<[String]>> {
        if let Some(known) = self.types.get(queue) {
            return Ok(known.clone());
        }
        let mut types: Vec<String> = tx.load::<Types, Text, _>(binds![queue])?;
        types.retain(|job_type| job_type != WORKFLOW_NODE && (self.is_remote)(job_type));
        let types: Rc<[String]> = types.into();
        self.types.insert(queue.to_owned(), types.clone());
        Ok(types)
    }

    /// The first job of a queue, of whichever type.
    fn first(
        &mut self,
        tx: &mut Tx<'_>,
        queue: &str,
        types: &[String],
        by: &Claimer,
    ) -> StoreResult<Option<Job>> {
        // The first one may be held by a limit of its type.
        for job_type in in_order(tx, queue, types)? {
            if let Some(job) = self.claim(tx, job_type, queue, by)? {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    fn claim(
        &mut self,
        tx: &mut Tx<'_>,
        job_type: &str,
        queue: &str,
        by: &Claimer,
    ) -> StoreResult<Option<Job>> {
        for _ in 0..MAX_TURNS {
            let mut claimed = claim::claim_one(tx, job_type, queue, by, self.now)?;
            self.next = self.next.into_iter().chain(claimed.next).min();
            let job = claimed.jobs.pop();
            if job.is_some() || !claimed.more {
                return Ok(job);
            }
        }
        Ok(None)
    }
}

/// Job types in the order of their first jobs; at the end those of which all may be held by a limit.
fn in_order<'t>(tx: &mut Tx<'_>, queue: &str, types: &'t [String]) -> StoreResult<Vec<&'t str>> {
    if let [only] = types {
        return Ok(vec![only]);
    }
    let mut heads = Vec::with_capacity(types.len());
    let mut held = Vec::new();
    for job_type in types {
        let head: Vec<(i32, i64, i64)> =
            tx.load::<Head, (Integer, BigInt, BigInt), _>(binds![job_type, queue])?;
        match head.first() {
            Some(head) => heads.push((*head, job_type.as_str())),
            None if tx.limits(job_type).is_some() => held.push(job_type.as_str()),
            None => {}
        }
    }
    heads.sort_unstable();
    Ok(heads.into_iter().map(|(_, job_type)| job_type).chain(held).collect())
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

fn note(tx: &mut Tx<'_>, job: Job, time: Times<'_>, now: Timestamp) -> StoreResult<Reserved> {
    let secs = if job.timeout_inherited { time(&job.job_type) } else { job.timeout_secs };
    let until = now.plus(report::span(secs));
    let jid = jid_of(job.id);
    type Sql = (Text, Text, Nullable<BigInt>);
    let known: Vec<(String, String, Option<i64>)> =
        tx.run_returning::<Reserve, Sql, _>(binds![job.id, &jid, until])?;
    let (jid, extra, ready) = known.into_iter().next().unwrap_or((jid, "{}".into(), None));
    let enqueued_at = ready.map_or(job.created_at, Timestamp::from_millis);
    Ok(Reserved { job, jid, extra, enqueued_at })
}
