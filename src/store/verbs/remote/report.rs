//! The ends of reservations: what a worker reports, and what becomes of a job that nobody reports on.

use std::time::Duration;

use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text};

use crate::domain::remote::{Complaint, RESERVED, RemoteExtra};
use crate::domain::{Backoff, Claim, Json, Progress, State, Timestamp, Verdict};
use crate::store::error::StoreResult;
use crate::store::sql::{Dialect, LIMIT, binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::finish::{self, Finished};
use crate::store::verbs::{delete, give_back as return_claims, progress as steps, rescue};

/// What remote workers hold, and which of it. Never from the side of the jobs: there are more.
fn held(dialect: Dialect, which: &str) -> String {
    let join = dialect.either("CROSS JOIN", "JOIN");
    format!(
        "SELECT j.id, j.attempt, j.job_type, j.worker_id, j.backoff, r.extra, r.reserved_until, j.workflow_id, \
         j.timeout_secs FROM remote_jobs r {join} jobs j ON j.id = r.job_id \
         WHERE r.reserved_until IS NOT NULL AND j.state = 'running' AND j.node = -1 AND {which}"
    )
}

// Several jobs may have one id: the reporter's own comes first.
statement!(ByJid, |dialect| held(
    dialect,
    "r.jid = ? ORDER BY CASE WHEN j.worker_id = ? THEN 0 ELSE 1 END, j.id LIMIT 1"
));
statement!(ById, |dialect| held(dialect, "r.job_id = ?"));
statement!(Over, |dialect| held(
    dialect,
    &format!("r.reserved_until <= ? ORDER BY r.reserved_until, r.job_id {LIMIT}")
));
statement!(OfWorker, |dialect| held(dialect, &format!("j.worker_id = ? ORDER BY j.id {LIMIT}")));
statement!(HeldBefore, "SELECT 1 FROM attempts WHERE job_id = ? AND worker_id = ? LIMIT 1");
statement!(Release, "UPDATE remote_jobs SET reserved_until = NULL, extra = ? WHERE job_id = ?");
statement!(Extend, "UPDATE remote_jobs SET reserved_until = ? WHERE job_id = ?");
/// A job that a remote worker holds.
struct Held {
    claim: Claim,
    job_type: String,
    worker_id: String,
    backoff: Option<String>,
    extra: RemoteExtra,
    until: Timestamp,
    workflow_id: Option<i64>,
    /// 0: none; `None`: the job type's.
    timeout_secs: Option<f64>,
}

impl Held {
    fn of(row: Row) -> Self {
        let attempt = u32::try_from(row.1).unwrap_or_default();
        Self {
            claim: Claim { job_id: row.0, attempt, node: Claim::REMOTE },
            job_type: row.2,
            worker_id: row.3.unwrap_or_default(),
            backoff: row.4,
            extra: serde_json::from_str(&row.5).unwrap_or_default(),
            until: Timestamp::from_millis(row.6.unwrap_or_default()),
            workflow_id: row.7.0,
            timeout_secs: row.7.1,
        }
    }
}

type Of = (Nullable<BigInt>, Nullable<Double>);
type Sql = (BigInt, Integer, Text, Nullable<Text>, Nullable<Text>, Text, Nullable<BigInt>, Of);
type Row =
    (i64, i32, String, Option<String>, Option<String>, String, Option<i64>, (Option<i64>, Option<f64>));

/// Who reports, and how the ends that it reports are to be written.
#[derive(Clone, Debug)]
pub struct Reporter {
    /// As attempts name it.
    pub worker_id: String,
    /// The node that it is connected to, which counts what it does.
    pub node: i64,
    /// Picks the jitter: 0..=1.
    pub luck: f64,
}

/// The delays between tries of a job type.
pub type Backoffs<'a> = &'a dyn Fn(&str) -> Backoff;

/// How long an attempt of a job type may take.
pub type Times<'a> = &'a dyn Fn(&str) -> Option<f64>;

/// How long a job is reserved that may take so many seconds.
pub(super) fn span(secs: Option<f64>) -> Duration {
    let span = secs.and_then(|secs| Duration::try_from_secs_f64(secs).ok()).unwrap_or(*RESERVED.end());
    span.clamp(*RESERVED.start(), *RESERVED.end())
}

/// The job that a report is about. `None`: nobody holds it, or somebody else does by now.
fn find(tx: &mut Tx<'_>, jid: &str, worker_id: &str) -> StoreResult<Option<Held>> {
    let rows = tx.load::<ByJid, Sql, _>(binds![jid, worker_id])?;
    let Some(held) = rows.into_iter().next().map(Held::of) else { return Ok(None) };
    // Any connection may report. But whoever held an earlier attempt and not this one speaks of that.
    let others = held.worker_id != worker_id;
    if others && !tx.load::<HeldBefore, Integer, i32>(binds![held.claim.job_id, worker_id])?.is_empty() {
        return Ok(None);
    }
    Ok(Some(held))
}

/// A job is done. False: nobody holds it.
pub fn succeed(tx: &mut Tx<'_>, jid: &str, by: &Reporter, now: Timestamp) -> StoreResult<bool> {
    let Some(held) = find(tx, jid, &by.worker_id)? else { return Ok(false) };
    end(tx, &held, Verdict::Success(None), Backoff::default(), now)?;
    release(tx, &held)?;
    tx.done_elsewhere(by.node, "processed");
    Ok(true)
}

/// A job has failed. `None`: nobody holds it; else the jobs that were deleted for it.
pub fn fail(
    tx: &mut Tx<'_>,
    jid: &str,
    complaint: &Complaint,
    by: &Reporter,
    backoffs: Backoffs<'_>,
    now: Timestamp,
) -> StoreResult<Option<Vec<i64>>> {
    let Some(held) = find(tx, jid, &by.worker_id)? else { return Ok(None) };
    let verdict = Verdict::Error { message: complaint.text(), retry_in: None };
    complain(tx, held, complaint, verdict, by, backoffs, now).map(Some)
}

/// Ends up to `limit` reservations whose time is up. Returns how many there were, and the jobs that
/// were deleted for it.
pub fn end_expired(
    tx: &mut Tx<'_>,
    limit: usize,
    by: &Reporter,
    backoffs: Backoffs<'_>,
    now: Timestamp,
) -> StoreResult<(usize, Vec<i64>)> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let over: Vec<Held> = tx.load::<Over, Sql, _>(binds![now, most])?.into_iter().map(Held::of).collect();
    let (n, complaint, mut deleted) = (over.len(), Complaint::expired(), Vec::new());
    for held in over {
        let verdict = Verdict::Timeout(complaint.text());
        deleted.extend(complain(tx, held, &complaint, verdict, by, backoffs, now)?);
    }
    Ok((n, deleted))
}

fn complain(
    tx: &mut Tx<'_>,
    mut held: Held,
    complaint: &Complaint,
    verdict: Verdict,
    by: &Reporter,
    backoffs: Backoffs<'_>,
    now: Timestamp,
) -> StoreResult<Vec<i64>> {
    let after = held.extra.after_failure(complaint, now, by.luck);
    let own = held.backoff.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let backoff = match &after {
        Some(after) => after.backoff(),
        None => own.unwrap_or_else(|| backoffs(&held.job_type)),
    };
    let state = end(tx, &held, verdict, backoff, now)?;
    // A batch wants to know that not all of its jobs have completed.
    let discarded = after.as_ref().is_some_and(|after| after.discarded)
        && state == Some(State::Failed)
        && held.workflow_id.is_none();
    held.extra.failure = after.map(|after| after.failure);
    release(tx, &held)?;
    tx.done_elsewhere(by.node, "processed");
    tx.done_elsewhere(by.node, "failures");
    if discarded { delete::delete(tx, &[held.claim.job_id]) } else { Ok(Vec::new()) }
}

/// A job says that it is not worth doing any more.
pub(super) fn drop_expired(tx: &mut Tx<'_>, claim: Claim, now: Timestamp) -> StoreResult<()> {
    finish::finish(tx, &[finished(claim, Verdict::Cancelled, Backoff::default())], now).map(|_| ())
}

/// Takes a job away from whoever holds it, if a remote worker does, and ends it.
pub(super) fn call_off(tx: &mut Tx<'_>, job_id: i64, now: Timestamp) -> StoreResult<()> {
    if let Some(held) = tx.load::<ById, Sql, _>(binds![job_id])?.into_iter().next().map(Held::of) {
        end(tx, &held, Verdict::Cancelled, Backoff::default(), now)?;
        release(tx, &held)?;
    }
    Ok(())
}

/// Takes back a job that could not be handed over. Nothing is counted against it.
pub fn give_back(tx: &mut Tx<'_>, claim: Claim, now: Timestamp) -> StoreResult<()> {
    if let Some(held) = tx.load::<ById, Sql, _>(binds![claim.job_id])?.into_iter().next().map(Held::of)
        && held.claim == claim
    {
        return_claims::release(tx, &[claim], now)?;
        release(tx, &held)?;
    }
    Ok(())
}

/// A job cannot be handed to anybody: it fails for good.
pub fn reject(tx: &mut Tx<'_>, claim: Claim, why: String, now: Timestamp) -> StoreResult<()> {
    if let Some(held) = tx.load::<ById, Sql, _>(binds![claim.job_id])?.into_iter().next().map(Held::of)
        && held.claim == claim
    {
        end(tx, &held, Verdict::Fatal(why), Backoff::default(), now)?;
        release(tx, &held)?;
    }
    Ok(())
}

/// A worker is gone that held jobs: each is lost, as if a process of ours had died under it. Returns
/// how many there were.
pub fn lose_all_of(
    tx: &mut Tx<'_>,
    worker_id: &str,
    limit: usize,
    max_crashes: u32,
    now: Timestamp,
) -> StoreResult<usize> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let held = tx.load::<OfWorker, Sql, _>(binds![worker_id, most])?;
    let n = held.len();
    for held in held.into_iter().map(Held::of) {
        rescue::lose(tx, held.claim, max_crashes, now)?;
        release(tx, &held)?;
    }
    Ok(n)
}

/// Notes how far a job is. The claim that it is about, and its type; `None`: nobody holds it.
pub fn progress(
    tx: &mut Tx<'_>,
    jid: &str,
    worker_id: &str,
    change: impl Fn(&mut Progress),
    now: Timestamp,
) -> StoreResult<Option<(Claim, Progress)>> {
    statement!(Known, "SELECT progress FROM jobs WHERE id = ?");
    let Some(held) = find(tx, jid, worker_id)? else { return Ok(None) };
    let known: Vec<Option<String>> = tx.load::<Known, Nullable<Text>, _>(binds![held.claim.job_id])?;
    let known = known.into_iter().flatten().next();
    let mut step: Progress = known.and_then(|text| Json::trusted(text).parse().ok()).unwrap_or_default();
    change(&mut step);
    step.updated_at = Some(now);
    steps::progress(tx, &[(held.claim, step.clone())])?;
    Ok(Some((held.claim, step)))
}

/// Makes a reservation last until a time, or as long from now as it was at first; it never gets
/// shorter. False: nobody holds the job.
pub fn extend(
    tx: &mut Tx<'_>,
    jid: &str,
    worker_id: &str,
    until: Option<Timestamp>,
    time: Times<'_>,
    now: Timestamp,
) -> StoreResult<bool> {
    let Some(held) = find(tx, jid, worker_id)? else { return Ok(false) };
    let secs = match held.timeout_secs {
        None => time(&held.job_type),
        Some(secs) => (secs > 0.0).then_some(secs),
    };
    let wanted = until.unwrap_or_else(|| now.plus(span(secs)));
    if wanted > held.until {
        tx.run::<Extend>(binds![wanted, held.claim.job_id])?;
    }
    Ok(true)
}

fn end(
    tx: &mut Tx<'_>,
    held: &Held,
    verdict: Verdict,
    backoff: Backoff,
    now: Timestamp,
) -> StoreResult<Option<State>> {
    Ok(finish::finish(tx, &[finished(held.claim, verdict, backoff)], now)?.pop().flatten())
}

fn finished(claim: Claim, verdict: Verdict, backoff: Backoff) -> Finished {
    Finished { claim, verdict, progress: None, backoff, luck: 0.5 }
}

fn release(tx: &mut Tx<'_>, held: &Held) -> StoreResult<()> {
    if tx.limits(&held.job_type).is_some() {
        // Others of its type may start in its place.
        let job_type = tx.name(&held.job_type);
        tx.ready(&job_type);
    }
    let extra = serde_json::to_string(&held.extra).unwrap_or_default();
    tx.run::<Release>(binds![&extra, held.claim.job_id]).map(|_| ())
}
