//! Changing a job that waits.

use crate::domain::lifecycle::{self, Move};
use crate::domain::unique::Lock;
use crate::domain::{JobPatch, Json, NewJob, State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::row::{COLUMNS, JobRow, RowSql};
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::limits::held;
use crate::store::verbs::limits::keys::{JobParts, Marks};
use crate::store::verbs::{tags, unique};

statement!(Whole, |dialect| format!("SELECT {COLUMNS} FROM jobs WHERE id = ?{}", dialect.lock()));
statement!(
    Write,
    format!(
        "UPDATE jobs SET state = ?, queue = ?, priority = ?, max_retries = ?, timeout_secs = ?, run_at = ?, \
         ready_at = ?, args = ?, tags = ?, metadata = ?, unique_hash = ?, held = NULL, rank = coalesce(?, rank), \
         concurrency_key = ?, rate_key = ? WHERE id = ? AND state IN ({})",
        lifecycle::sql_list(&State::UNFINISHED)
    )
);
/// Changes a job that is neither running nor final.
///
/// # Errors
/// Refused when there is no such job, its state does not allow it, or the change would make it the
/// same as another unique job.
pub fn patch(tx: &mut Tx<'_>, id: i64, change: &JobPatch, now: Timestamp) -> StoreResult<()> {
    let rows: Vec<JobRow> = tx.load::<Whole, RowSql, _>(binds![id])?;
    let Some(row) = rows.into_iter().next() else {
        return Err(Error::NotFound(format!("job {id}")).into());
    };
    let state = row.state();
    if state == State::Running || state.is_final() {
        return Err(Error::Conflict(format!("job {id} is {state} and cannot be changed")).into());
    }
    apply(tx, row, change, now)
}

/// The unique job that was there takes over what the new one says, if it still waits.
pub(super) fn replace(tx: &mut Tx<'_>, id: i64, new: &NewJob, now: Timestamp) -> StoreResult<()> {
    let rows: Vec<JobRow> = tx.load::<Whole, RowSql, _>(binds![id])?;
    let Some(row) = rows.into_iter().next() else { return Ok(()) };
    let state = row.state();
    if state == State::Running || state.is_final() {
        return Ok(());
    }
    let change = JobPatch {
        priority: Some(new.priority),
        run_at: Some(new.run_at),
        args: Some(new.args.clone()),
        max_retries: new.max_retries,
        timeout_secs: new.timeout_secs,
        tags: Some(new.tags.clone()),
        metadata: Some(new.metadata.clone()),
        queue: Some(new.queue.clone()),
    };
    apply(tx, row, &change, now)
}

fn apply(tx: &mut Tx<'_>, row: JobRow, change: &JobPatch, now: Timestamp) -> StoreResult<()> {
    let from = row.state();
    let run_at = change.run_at.unwrap_or_else(|| row.run_at.map(Timestamp::from_millis));
    let to = state_after(from, change.run_at.is_some(), run_at, now);
    debug_assert!(from == to || lifecycle::allows(Move::Reschedule, from, to));
    // Retrying without a time would never be due.
    let run_at = if from == State::Retrying { run_at.or(Some(now)) } else { run_at };
    let queue = change.queue.as_deref().unwrap_or(&row.queue);
    let args = change.args.as_ref().map_or(row.args.as_str(), Json::as_str);
    let tags = match &change.tags {
        Some(tags) => (!tags.is_empty()).then(|| serde_json::to_string(tags).unwrap_or_default()),
        None => row.tags.clone(),
    };
    let metadata = match &change.metadata {
        Some(m) => (m.as_str() != "{}").then(|| m.as_str().to_owned()),
        None => row.metadata.clone(),
    };
    let hash = lock_after(tx, &row, to, change, now)?;
    let (rank, marks) = place_after(tx, &row, change, args, metadata.as_deref())?;
    tx.run::<Write>(binds![
        to.as_str(),
        queue,
        change.priority.map_or(i64::from(row.priority), i64::from),
        change.max_retries.map_or(i64::from(row.max_retries), i64::from),
        change.timeout_secs.map_or(row.timeout_secs, |given| Some(given.unwrap_or(0.0))),
        run_at,
        if to == from { Timestamp::from_millis(row.ready_at) } else { now },
        args,
        &tags,
        &metadata,
        &hash,
        rank,
        &marks.concurrency_key,
        &marks.rate_key,
        row.id,
    ])?;
    if let Some(new_tags) = &change.tags {
        tags::remove(tx, row.id, row.tags.as_deref())?;
        tags::add(tx, row.id, new_tags)?;
    }
    note(tx, &row, from, to, queue, run_at, now);
    Ok(())
}

/// What the claim goes by after the change. Without a rank, that stays as it is: a job keeps its
/// place in line when only its tags change.
fn place_after(
    tx: &mut Tx<'_>,
    row: &JobRow,
    change: &JobPatch,
    args: &str,
    metadata: Option<&str>,
) -> StoreResult<(Option<i64>, Marks)> {
    let Some(limits) = tx.limits(&row.job_type) else { return Ok((None, Marks::default())) };
    let json = |text: Option<&str>| text.map_or_else(Json::empty_object, Json::trusted);
    let target_id = row.target_id.as_deref();
    let old_priority = u8::try_from(row.priority).unwrap_or(10);
    let before = JobParts {
        priority: old_priority,
        target_id,
        args: &json(Some(&row.args)),
        metadata: &json(row.metadata.as_deref()),
    };
    let after = JobParts {
        priority: change.priority.unwrap_or(old_priority),
        target_id,
        args: &json(Some(args)),
        metadata: &json(metadata),
    };
    let keys = limits.keys();
    let marks = before.marks(&keys);
    held::left(tx, &row.job_type, marks.concurrency_key.as_deref(), marks.rate_key.as_deref())?;
    let turn = |parts: &JobParts<'_>| {
        limits.fairness.as_ref().map(|fairness| (parts.priority, parts.value(&fairness.key)))
    };
    let rank = match turn(&before) == turn(&after) {
        true => None,
        false => Some(after.rank(tx, &row.job_type, &limits, row.id)?),
    };
    Ok((rank, after.marks(&keys)))
}

fn state_after(from: State, moved: bool, run_at: Option<Timestamp>, now: Timestamp) -> State {
    let later = run_at.is_some_and(|at| at > now);
    match from {
        State::Pending if moved && later => State::Scheduled,
        State::Scheduled if moved && !later => State::Pending,
        same => same,
    }
}

/// The lock after the change: args and queue may be part of it. Another job that holds it stands in
/// the way only if this one would hold it too.
fn lock_after(
    tx: &mut Tx<'_>,
    row: &JobRow,
    to: State,
    change: &JobPatch,
    now: Timestamp,
) -> StoreResult<Option<String>> {
    let Some(held) = &row.unique_hash else { return Ok(None) };
    if change.args.is_none() && change.queue.is_none() {
        return Ok(Some(held.clone()));
    }
    let mut like = NewJob::new(row.job_type.as_str());
    like.target_id.clone_from(&row.target_id);
    like.unique = row.unique_spec.as_deref().and_then(|t| serde_json::from_str(t).ok());
    like.args = change.args.clone().unwrap_or_else(|| Json::trusted(row.args.as_str()));
    like.queue = change.queue.clone().unwrap_or_else(|| row.queue.clone());
    let Some(lock) = Lock::of(&like) else { return Ok(Some(held.clone())) };
    if lock.hash == *held {
        return Ok(Some(lock.hash));
    }
    match unique::rival(tx, &lock.hash, row.id, now)? {
        Some(rival) if lock.states.contains(&to) => {
            let what =
                format!("job {} is unique, and the change would make it the same as job {rival}", row.id);
            Err(Error::Conflict(what).into())
        }
        _ => Ok(Some(lock.hash)),
    }
}

fn note(
    tx: &mut Tx<'_>,
    row: &JobRow,
    from: State,
    to: State,
    queue: &str,
    run_at: Option<Timestamp>,
    now: Timestamp,
) {
    let mut job = tx.job_ref(row.id, &row.job_type, &row.queue, row.attempt, row.workflow_id);
    if queue != row.queue {
        tx.requeued(&job, queue, from);
        job = tx.job_ref(row.id, &row.job_type, queue, row.attempt, row.workflow_id);
    }
    if to != from {
        tx.moved(&job, Some(from), to, None, now);
    } else if to == State::Pending {
        // Another queue may not be paused, another priority may come first.
        tx.ready(&job.job_type);
        tx.again(&job.job_type);
    }
    if let (true, Some(at)) = (State::TIMED.contains(&to), run_at) {
        tx.due(at);
    }
}
