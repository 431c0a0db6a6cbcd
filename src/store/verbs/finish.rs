//! The end of an attempt.

use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

use crate::domain::decide::{self, Decision, Facts};
use crate::domain::lifecycle::Move;
use crate::domain::{Backoff, Claim, Outcome, Progress, State, Timestamp, Verdict};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::limits::held;
use crate::store::verbs::{complete, parents, signals};

/// The guard of everything that only the holder of a claim may do.
pub const CLAIM_GUARD: &str = "id = ? AND attempt = ? AND node = ? AND state = 'running'";

statement!(Look, |dialect| format!(
    "SELECT job_type, queue, retry_count, max_retries, crash_count, cancel_requested_at, \
         has_children, started_at, worker_id, workflow_id, concurrency_key FROM jobs WHERE {CLAIM_GUARD}{}",
    dialect.lock()
));
statement!(
    Write,
    format!(
        "UPDATE jobs SET state = ?, retry_count = ?, crash_count = ?, run_at = coalesce(?, run_at), ready_at = ?, \
         completed_at = ?, result = ?, error = ?, progress = coalesce(?, progress), node = NULL WHERE {CLAIM_GUARD}"
    )
);
statement!(
    AddAttempt,
    "INSERT INTO attempts (job_id, number, started_at, finished_at, outcome, error, worker_id) \
     VALUES (?, ?, ?, ?, ?, ?, ?)"
);

/// An attempt that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Whose.
    pub claim: Claim,
    /// How.
    pub verdict: Verdict,
    /// The last thing it said about how far it was, if that is not stored yet.
    pub progress: Option<Progress>,
    /// The delays between tries that hold for it.
    pub backoff: Backoff,
    /// Picks the jitter: 0..=1.
    pub luck: f64,
}

/// A running job as the end of its attempt finds it.
pub(super) struct Found {
    pub job_type: String,
    pub queue: String,
    pub facts: Facts,
    pub has_children: bool,
    pub started_at: i64,
    pub worker_id: Option<String>,
    pub workflow_id: Option<i64>,
    pub concurrency_key: Option<String>,
}

/// Ends attempts. For each: the state that its job is in now, or `None` when the claim is stale, in
/// which case nothing was written.
pub fn finish(tx: &mut Tx<'_>, finished: &[Finished], now: Timestamp) -> StoreResult<Vec<Option<State>>> {
    let mut states = complete::complete(tx, finished, now)?;
    for (state, one) in states.iter_mut().zip(finished) {
        if state.is_none() {
            *state = end(tx, one, now)?;
        }
    }
    Ok(states)
}

fn end(tx: &mut Tx<'_>, finished: &Finished, now: Timestamp) -> StoreResult<Option<State>> {
    let Some(found) = find(tx, finished.claim)? else { return Ok(None) };
    let verdict = &finished.verdict;
    let mut decision = decide::finish(found.facts, verdict, &finished.backoff, now, finished.luck);
    if let (Verdict::Wait { signal, until }, Move::Snooze) = (verdict, decision.event)
        && signals::park(tx, finished.claim, signal, *until)?
    {
        decision.run_at = Some(now);
    }
    // What the worker did is in the attempt's row; a cancel that was asked for is what the job's
    // end is about.
    let outcome = if decision.to == State::Cancelled { Outcome::Cancelled } else { verdict.outcome() };
    let ending = Ending {
        outcome,
        error: verdict.message().map(ToOwned::to_owned),
        result: match verdict {
            Verdict::Success(result) if decision.to == State::Completed => {
                result.as_ref().map(|json| json.as_str().to_owned())
            }
            _ => None,
        },
        progress: finished.progress.as_ref().and_then(|p| serde_json::to_string(p).ok()),
    };
    settle(tx, finished.claim, &found, &decision, &ending, now)?;
    Ok(Some(decision.to))
}

/// The running job that a claim is for.
pub(super) fn find(tx: &mut Tx<'_>, claim: Claim) -> StoreResult<Option<Found>> {
    type Counts = (Integer, Integer, Integer);
    type OfSql = (Nullable<BigInt>, Nullable<Text>);
    type Sql = (Text, Text, Counts, Nullable<BigInt>, Bool, Nullable<BigInt>, Nullable<Text>, OfSql);
    type Of = (Option<i64>, Option<String>);
    type Row = (String, String, (i32, i32, i32), Option<i64>, bool, Option<i64>, Option<String>, Of);
    let rows: Vec<Row> = tx.load::<Look, Sql, _>(binds![claim.job_id, claim.attempt, claim.node])?;
    let number = |n: i32| u32::try_from(n).unwrap_or_default();
    Ok(rows.into_iter().next().map(|row| Found {
        facts: Facts {
            retry_count: number(row.2.0),
            max_retries: number(row.2.1),
            crash_count: number(row.2.2),
            cancel_requested: row.3.is_some(),
        },
        job_type: row.0,
        queue: row.1,
        has_children: row.4,
        started_at: row.5.unwrap_or_default(),
        worker_id: row.6,
        workflow_id: row.7.0,
        concurrency_key: row.7.1,
    }))
}

/// What is written about an attempt's end besides the decision.
pub(super) struct Ending {
    pub outcome: Outcome,
    pub error: Option<String>,
    pub result: Option<String>,
    pub progress: Option<String>,
}

/// Writes a decision about a running job: the job, the attempt's row, and what it means for its
/// children.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    claim: Claim,
    found: &Found,
    decision: &Decision,
    ending: &Ending,
    now: Timestamp,
) -> StoreResult<()> {
    let to = decision.to;
    tx.run::<Write>(binds![
        to.as_str(),
        decision.retry_count,
        decision.crash_count,
        decision.run_at,
        now,
        to.is_final().then_some(now),
        &ending.result,
        &ending.error,
        &ending.progress,
        claim.job_id,
        claim.attempt,
        claim.node,
    ])?;
    tx.run::<AddAttempt>(binds![
        claim.job_id,
        claim.attempt,
        found.started_at,
        now,
        ending.outcome.as_str(),
        &ending.error,
        &found.worker_id,
    ])?;
    let attempt = i32::try_from(claim.attempt).unwrap_or(i32::MAX);
    let job = tx.job_ref(claim.job_id, &found.job_type, &found.queue, attempt, found.workflow_id);
    tx.moved(&job, Some(State::Running), to, ending.error.as_deref(), now);
    tx.ended(&job.job_type, ending.outcome, found.started_at, now);
    held::room(tx, &found.job_type, found.concurrency_key.as_deref())?;
    if let Some(at) = decision.run_at {
        tx.due(at);
    }
    if to.is_final() && found.has_children {
        parents::settled(tx, claim.job_id, to, now)?;
    }
    Ok(())
}
