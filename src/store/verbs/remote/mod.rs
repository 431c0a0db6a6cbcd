//! Jobs that programs elsewhere push, fetch and report on: a fetched one is claimed by nobody's
//! process, and reserved until a time.

mod report;
mod reserve;

use diesel::sql_types::Text;

pub use self::report::{
    Reporter, Times, end_expired, extend, fail, give_back, lose_all_of, progress, reject, succeed,
};
pub use self::reserve::{Given, Reserved, Wanted, reserve};
use super::enqueue::{self, Prepared, Stored};
use super::{batches, cancel, delete, workflows};
use crate::domain::batch::Bid;
use crate::domain::{State, Timestamp};
use crate::error::Error;
use crate::store::error::{StoreError, StoreResult};
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;

statement!(Note, "INSERT INTO remote_jobs (job_id, jid, extra) VALUES (?, ?, ?)");
statement!(Forget, "DELETE FROM remote_jobs WHERE job_id = ?");
statement!(StateOf, "SELECT state FROM jobs WHERE id = ?");
statement!(ForgetTotals, "DELETE FROM remote_totals");

/// A job on its way in.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// What it is here.
    pub job: Prepared,
    /// Its id there.
    pub jid: String,
    /// JSON: what else it is there.
    pub extra: String,
    /// The batch that it goes into.
    pub batch: Option<Bid>,
}

/// What the id of a job that was not pushed begins with, for those who fetch it.
const OURS: &str = "callboard-";

/// The id by which a job that was not pushed is known to those who fetch it.
#[must_use]
pub fn jid_of(job_id: i64) -> String {
    format!("{OURS}{job_id}")
}

/// The job that such an id is of.
#[must_use]
pub fn job_of(jid: &str) -> Option<i64> {
    jid.strip_prefix(OURS)?.parse().ok()
}

/// Stores jobs, each for itself. For each: what became of it, or why it was refused.
pub fn push(tx: &mut Tx<'_>, jobs: &[Pushed], now: Timestamp) -> StoreResult<Vec<Result<Stored, Error>>> {
    let mut stored = Vec::with_capacity(jobs.len());
    for one in jobs {
        let made = match one.batch {
            Some(batch) => batches::add(tx, batch, &one.job, &one.jid, now),
            None => enqueue::enqueue(tx, std::slice::from_ref(&one.job), false, now).map(|made| made[0]),
        };
        stored.push(match made {
            Ok(made) => {
                if !made.duplicate {
                    note(tx, made.id, &one.jid, &one.extra)?;
                }
                Ok(made)
            }
            Err(StoreError::Refused(why)) => Err(why),
            Err(e) => return Err(e),
        });
    }
    Ok(stored)
}

/// Notes what a job is elsewhere.
pub(super) fn note(tx: &mut Tx<'_>, job_id: i64, jid: &str, extra: &str) -> StoreResult<()> {
    tx.run::<Note>(binds![job_id, jid, extra]).map(|_| ())
}

/// Forgets what a job is elsewhere.
pub(super) fn forget(tx: &mut Tx<'_>, job_id: i64) -> StoreResult<()> {
    tx.run::<Forget>(binds![job_id]).map(|_| ())
}

/// Ends jobs in whatever state they are, and deletes them. Those that a worker here runs stay.
/// Returns those that are gone.
pub fn discard(tx: &mut Tx<'_>, ids: &[i64], now: Timestamp) -> StoreResult<Vec<i64>> {
    for id in ids {
        let state: Vec<String> = tx.load::<StateOf, Text, _>(binds![*id])?;
        match state.first().and_then(|state| state.parse().ok()) {
            Some(State::Running) => report::call_off(tx, *id, now)?,
            Some(state) if !State::is_final(state) => {
                cancel::cancel(tx, *id, now)?;
            }
            _ => {}
        }
    }
    // A workflow that this ended lets go of its jobs.
    workflows::roll_up(tx)?;
    delete::delete(tx, ids)
}

/// Begins to count anew what remote workers have done.
pub fn forget_totals(tx: &mut Tx<'_>) -> StoreResult<()> {
    tx.run::<ForgetTotals>(&[]).map(|_| ())
}
