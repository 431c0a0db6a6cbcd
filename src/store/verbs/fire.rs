//! Schedules at work. What a run brings about and that it is done with are one commit, guarded by the
//! due time that it was found with: each due time is fired once, by whatever node comes first.

use diesel::sql_types::BigInt;

use super::enqueue::{self, Prepared, Stored};
use super::schedules;
use crate::domain::schedule::{MAX_HISTORY, Missed, Overlap, RunOutcome, Trigger};
use crate::domain::{State, Timestamp, lifecycle};
use crate::error::Error;
use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(
    Advance,
    "UPDATE schedules SET next_run_at = ?, last_number = last_number + ? \
     WHERE name = ? AND version = ? AND next_run_at = ? AND paused = FALSE RETURNING last_number"
);
statement!(
    TakeNumber,
    "UPDATE schedules SET last_number = last_number + 1 WHERE name = ? RETURNING last_number"
);
statement!(
    Unfinished,
    format!(
        "SELECT id FROM jobs WHERE schedule = ? AND state IN ({}) ORDER BY id LIMIT 1",
        lifecycle::sql_list(&State::UNFINISHED)
    )
);
statement!(Mark, "UPDATE jobs SET schedule = ? WHERE id = ?");
statement!(
    Note,
    "INSERT INTO schedule_runs (schedule, number, due_at, fired_at, caused_by, outcome, job_id, reason) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
);
statement!(Forget, "DELETE FROM schedule_runs WHERE schedule = ? AND number <= ?");

/// A schedule that was found to be due, and what is to be done about it.
#[derive(Clone, Debug)]
pub struct Due {
    /// The schedule.
    pub name: String,
    /// Its version when it was found.
    pub version: i64,
    /// The due time that it was found with.
    pub due_at: Timestamp,
    /// What becomes of a run while a job of the schedule is unfinished.
    pub overlap: Overlap,
    /// The runs, the oldest first: when each was due, and its job or why it cannot be.
    pub runs: Vec<(Timestamp, Result<Prepared, String>)>,
    /// Due times that passed without anybody there.
    pub missed: Option<Missed>,
    /// When it is due next.
    pub next: Option<Timestamp>,
}

/// What came of a run.
struct Came {
    outcome: RunOutcome,
    job_id: Option<i64>,
    reason: Option<String>,
}

/// Fires a schedule. False: somebody else did, or it was changed meanwhile, and nothing was done.
pub fn fire(tx: &mut Tx<'_>, due: &Due, now: Timestamp) -> StoreResult<bool> {
    let entries = due.runs.len() + usize::from(due.missed.is_some());
    let entries = i64::try_from(entries).unwrap_or(i64::MAX);
    let advanced: Vec<i64> = tx.run_returning::<Advance, BigInt, _>(binds![
        due.next,
        entries,
        &due.name,
        due.version,
        due.due_at
    ])?;
    let Some(last) = advanced.first() else { return Ok(false) };
    let mut history = History { schedule: &due.name, number: last - entries, trigger: Trigger::Time, now };
    if let Some(missed) = &due.missed {
        let came = Came { outcome: RunOutcome::Missed, job_id: None, reason: Some(missed.reason()) };
        history.note(tx, missed.last, &came)?;
    }
    for (due_at, job) in &due.runs {
        let came = match job {
            Ok(job) => run(tx, &due.name, due.overlap, job, now)?,
            Err(why) => skipped(None, why.clone()),
        };
        history.note(tx, *due_at, &came)?;
    }
    history.forget_old(tx)?;
    if let Some(next) = due.next {
        tx.fires(next);
    }
    Ok(true)
}

/// Runs a schedule because somebody wants it now. Its due times stay as they are.
///
/// # Errors
/// Refused when there is none of that name, when one of its jobs is unfinished and its overlap is
/// `skip`, and as [`enqueue::enqueue`].
pub fn run_now(tx: &mut Tx<'_>, name: &str, job: &Prepared, now: Timestamp) -> StoreResult<Stored> {
    let overlap = schedules::known(tx, name)?.spec.overlap;
    if let Some(id) = in_the_way(tx, name, overlap)? {
        return Err(Error::Conflict(format!("schedule {name}: {}", unfinished(id))).into());
    }
    let stored = store(tx, name, job, now)?;
    let number: Vec<i64> = tx.run_returning::<TakeNumber, BigInt, _>(binds![name])?;
    let number = number.first().copied().unwrap_or(1) - 1;
    let mut history = History { schedule: name, number, trigger: Trigger::Manual, now };
    history.note(tx, now, &came_of(stored))?;
    history.forget_old(tx)?;
    Ok(stored)
}

/// One run of a schedule whose time has come. A job that is refused leaves the run out, and says why.
fn run(tx: &mut Tx<'_>, name: &str, overlap: Overlap, job: &Prepared, now: Timestamp) -> StoreResult<Came> {
    if let Some(id) = in_the_way(tx, name, overlap)? {
        return Ok(skipped(Some(id), unfinished(id)));
    }
    match store(tx, name, job, now) {
        Ok(stored) => Ok(came_of(stored)),
        Err(StoreError::Refused(why)) => Ok(skipped(None, why.to_string())),
        Err(other) => Err(other),
    }
}

fn store(tx: &mut Tx<'_>, name: &str, job: &Prepared, now: Timestamp) -> StoreResult<Stored> {
    let stored = enqueue::enqueue(tx, std::slice::from_ref(job), false, now)?;
    let stored = stored.first().copied();
    let stored = stored.ok_or_else(|| StoreError::Database("a job was not stored".into()))?;
    if !stored.duplicate {
        tx.run::<Mark>(binds![name, stored.id])?;
    }
    Ok(stored)
}

/// A job of the schedule that keeps the next one from being enqueued.
fn in_the_way(tx: &mut Tx<'_>, name: &str, overlap: Overlap) -> StoreResult<Option<i64>> {
    match overlap {
        Overlap::Allow => Ok(None),
        Overlap::Skip => {
            tx.alone()?;
            Ok(tx.load::<Unfinished, BigInt, i64>(binds![name])?.first().copied())
        }
    }
}

fn unfinished(id: i64) -> String {
    format!("job {id} of it is unfinished, and overlap is skip")
}

fn came_of(stored: Stored) -> Came {
    match stored.duplicate {
        true => {
            skipped(Some(stored.id), format!("duplicate: job {} is the same and is there already", stored.id))
        }
        false => Came { outcome: RunOutcome::Enqueued, job_id: Some(stored.id), reason: None },
    }
}

fn skipped(job_id: Option<i64>, reason: String) -> Came {
    Came { outcome: RunOutcome::Skipped, job_id, reason: Some(reason) }
}

/// The history of a schedule, while it is written.
struct History<'a> {
    schedule: &'a str,
    /// Of the last entry.
    number: i64,
    trigger: Trigger,
    now: Timestamp,
}

impl History<'_> {
    fn note(&mut self, tx: &mut Tx<'_>, due_at: Timestamp, came: &Came) -> StoreResult<()> {
        self.number += 1;
        tx.schedule_ran(came.outcome);
        tx.run::<Note>(binds![
            self.schedule,
            self.number,
            due_at,
            self.now,
            self.trigger.as_str(),
            came.outcome.as_str(),
            came.job_id,
            &came.reason,
        ])?;
        Ok(())
    }

    fn forget_old(&self, tx: &mut Tx<'_>) -> StoreResult<()> {
        tx.run::<Forget>(binds![self.schedule, self.number - MAX_HISTORY]).map(|_| ())
    }
}
