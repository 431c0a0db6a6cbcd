//! Signals: given from outside, waited for by attempts. See `docs/adr/0011-steps-and-signals.md`.

use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};

use super::fence;
use crate::domain::lifecycle::{self, Move};
use crate::domain::signal::{ALL_PAYLOADS, MAX_SIGNALS};
use crate::domain::{Claim, Json, State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::{JobRef, Tx};

statement!(Look, |dialect| format!(
    "SELECT state, job_type, queue, attempt, workflow_id FROM jobs WHERE id = ?{}",
    dialect.lock()
));
statement!(Known, "SELECT parked, timed_out, payload FROM signals WHERE job_id = ? AND name = ?");
statement!(Kept, "SELECT count(*), CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM signals WHERE job_id = ?");
statement!(
    Keep,
    "INSERT INTO signals (job_id, name, at, bytes, payload) VALUES (?, ?, ?, ?, ?) \
     ON CONFLICT (job_id, name) DO UPDATE SET at = excluded.at, bytes = excluded.bytes, payload = excluded.payload"
);
statement!(
    Wake,
    format!(
        "UPDATE jobs SET state = '{}', run_at = ?, ready_at = ? WHERE id = ? AND {}",
        State::Pending,
        lifecycle::sql_guard(Move::Signal)
    )
);
// How long it is waited for is settled by the first attempt that does.
statement!(
    Park,
    "INSERT INTO signals (job_id, name, until, parked) VALUES (?, ?, ?, ?) \
     ON CONFLICT (job_id, name) DO UPDATE SET until = coalesce(signals.until, excluded.until), \
     parked = excluded.parked"
);
statement!(
    GoOn,
    "INSERT INTO signals (job_id, name, until, timed_out) VALUES (?, ?, ?, TRUE) \
     ON CONFLICT (job_id, name) DO UPDATE SET until = coalesce(signals.until, excluded.until), timed_out = TRUE"
);
statement!(Forget, "DELETE FROM signals WHERE job_id = ?");
statement!(ForgetWaits, "DELETE FROM signals WHERE job_id = ? AND at IS NULL");
statement!(
    WaitAgain,
    "UPDATE signals SET until = NULL, timed_out = FALSE WHERE job_id = ? AND until IS NOT NULL AND timed_out"
);

/// A signal as a verb finds it.
#[derive(Default)]
struct Found {
    is_known: bool,
    parked: Option<i32>,
    timed_out: bool,
    payload: Option<String>,
}

/// Gives a job a signal, and wakes it if it waits for that. False: it had it already, with the same
/// payload.
///
/// # Errors
/// Refused when there is no such job, it is final, it had the signal with another payload, or it has
/// too many; `max_result` bytes are what one payload may take.
pub fn give(
    tx: &mut Tx<'_>,
    job: i64,
    name: &str,
    payload: &Json,
    max_result: usize,
    now: Timestamp,
) -> StoreResult<bool> {
    let (job_ref, state) = look(tx, job)?;
    let known = find(tx, job, name)?;
    if let Some(before) = known.payload {
        return match before == payload.as_str() {
            true => Ok(false),
            false => {
                let what = format!("job {job} was given signal {name:?} already, with another payload");
                Err(Error::Conflict(what).into())
            }
        };
    }
    let bytes = i64::try_from(payload.as_str().len()).unwrap_or(i64::MAX);
    check_room(tx, job, &known, bytes, max_result)?;
    tx.run::<Keep>(binds![job, name, now, bytes, payload.as_str()])?;
    let waits = known.parked.and_then(|n| u32::try_from(n).ok()) == Some(job_ref.attempt);
    if state == State::Scheduled && waits {
        tx.run::<Wake>(binds![now, now, job])?;
        tx.moved(&job_ref, Some(state), State::Pending, None, now);
    }
    Ok(true)
}

fn look(tx: &mut Tx<'_>, job: i64) -> StoreResult<(JobRef, State)> {
    type Sql = (Text, Text, Text, Integer, Nullable<BigInt>);
    let rows: Vec<(String, String, String, i32, Option<i64>)> = tx.load::<Look, Sql, _>(binds![job])?;
    let Some((state, job_type, queue, attempt, workflow)) = rows.into_iter().next() else {
        return Err(Error::NotFound(format!("job {job}")).into());
    };
    let state: State = state.parse().map_err(Error::Conflict)?;
    if state.is_final() {
        return Err(Error::Conflict(format!("job {job} is {state} already and takes no signals")).into());
    }
    Ok((tx.job_ref(job, &job_type, &queue, attempt, workflow), state))
}

fn find(tx: &mut Tx<'_>, job: i64, name: &str) -> StoreResult<Found> {
    type Sql = (Nullable<Integer>, Bool, Nullable<Text>);
    let rows: Vec<(Option<i32>, bool, Option<String>)> = tx.load::<Known, Sql, _>(binds![job, name])?;
    let found = |(parked, timed_out, payload)| Found { is_known: true, parked, timed_out, payload };
    Ok(rows.into_iter().next().map(found).unwrap_or_default())
}

fn check_room(tx: &mut Tx<'_>, job: i64, known: &Found, bytes: i64, max_result: usize) -> StoreResult<()> {
    let kept: Vec<(i64, i64)> = tx.load::<Kept, (BigInt, BigInt), _>(binds![job])?;
    let (count, before) = kept.first().copied().unwrap_or_default();
    if !known.is_known && count >= i64::from(MAX_SIGNALS) {
        let what = format!("job {job} has {MAX_SIGNALS} signals already, which is the most");
        return Err(Error::Conflict(what).into());
    }
    let most = i64::try_from(max_result.saturating_mul(ALL_PAYLOADS)).unwrap_or(i64::MAX);
    if before.saturating_add(bytes) > most {
        let what = format!(
            "the signals of job {job} would be {} bytes long as JSON; at most {most} are kept \
             ({ALL_PAYLOADS} times defaults.max_result_bytes)",
            before.saturating_add(bytes)
        );
        return Err(Error::Conflict(what).into());
    }
    Ok(())
}

/// Notes that a job waits for a signal from the end of this attempt on. True: it came meanwhile.
pub(super) fn park(tx: &mut Tx<'_>, claim: Claim, name: &str, until: Timestamp) -> StoreResult<bool> {
    let has_come = find(tx, claim.job_id, name)?.payload.is_some();
    tx.run::<Park>(binds![claim.job_id, name, until, claim.attempt])?;
    Ok(has_come)
}

/// The time of the holder of a claim is up: from now on its job goes without the signal, whatever
/// comes. If it came after all, its payload.
///
/// # Errors
/// Refused when the claim is stale, or the job has too many signals.
pub fn time_out(tx: &mut Tx<'_>, claim: Claim, name: &str, until: Timestamp) -> StoreResult<Option<Json>> {
    fence::check(tx, claim, "it waits for nothing")?;
    let found = find(tx, claim.job_id, name)?;
    check_room(tx, claim.job_id, &found, 0, usize::MAX)?;
    if let Some(payload) = found.payload.filter(|_| !found.timed_out) {
        return Ok(Some(Json::trusted(payload)));
    }
    tx.run::<GoOn>(binds![claim.job_id, name, until])?;
    Ok(None)
}

/// Forgets all signals of a job.
pub(super) fn forget(tx: &mut Tx<'_>, job: i64) -> StoreResult<()> {
    tx.run::<Forget>(binds![job])?;
    Ok(())
}

/// Another go by hand waits anew for what did not come in time; what has come is kept.
pub(super) fn wait_again(tx: &mut Tx<'_>, job: i64) -> StoreResult<()> {
    tx.run::<ForgetWaits>(binds![job])?;
    tx.run::<WaitAgain>(binds![job])?;
    Ok(())
}
