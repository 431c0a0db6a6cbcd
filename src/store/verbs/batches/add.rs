//! New batches, and jobs for those that are there.

use super::taking;
use crate::domain::batch::{Bid, OPEN_FOR};
use crate::domain::ident::WORKFLOW_NODE;
use crate::domain::{NewJob, State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::enqueue::{self, Place, Prepared, Stored};
use crate::store::verbs::{ids, workflows};

statement!(
    Insert,
    format!(
        "INSERT INTO workflows (id, name, state, parent_job_id, created_at, is_batch, open_until) \
         VALUES (?, ?, '{}', ?, ?, TRUE, ?)",
        State::Running
    )
);
statement!(InsertBatch, "INSERT INTO batches (workflow_id, parent, complete, success) VALUES (?, ?, ?, ?)");

/// A batch on its way into the store.
#[derive(Clone, Debug, Default)]
pub struct NewBatch {
    /// The batch that it is part of.
    pub parent: Option<Bid>,
    /// For people.
    pub description: Option<String>,
    /// JSON: the job to be made once every job has run once. See
    /// [`KeptCallback`](crate::domain::batch::KeptCallback).
    pub complete: Option<String>,
    /// JSON: the job to be made once all have completed.
    pub success: Option<String>,
}

/// Begins a batch, to which jobs can be added until it is committed.
///
/// # Errors
/// Refused when there is no such parent, or that takes no more jobs.
pub fn begin(tx: &mut Tx<'_>, new: &NewBatch, now: Timestamp) -> StoreResult<Bid> {
    let node = match new.parent {
        Some(parent) => {
            taking(tx, parent)?;
            Some(ids::next(tx, ids::Of::Jobs)?)
        }
        None => None,
    };
    let bid = Bid(ids::next(tx, ids::Of::Workflows)?);
    let until = now.plus(OPEN_FOR);
    tx.run::<Insert>(binds![bid.0, &new.description, node, now, until])?;
    let parent = new.parent.map(|parent| parent.0);
    tx.run::<InsertBatch>(binds![bid.0, parent, &new.complete, &new.success])?;
    if let Some(node) = node {
        let (job, name) = (NewJob::new(WORKFLOW_NODE).max_retries(0), format!("batch {bid}"));
        let place = Place { workflow_id: parent, name: Some(&name), ..Place::default() };
        enqueue::insert(tx, &Prepared::new(job, 0), node, &place, now)?;
    }
    Ok(bid)
}

/// Adds a job, by its id there if nothing in the batch has that name.
///
/// # Errors
/// Refused when there is no such batch or it takes no more jobs, or the job is there already.
pub(in crate::store::verbs) fn add(
    tx: &mut Tx<'_>,
    bid: Bid,
    job: &Prepared,
    jid: &str,
    now: Timestamp,
) -> StoreResult<Stored> {
    taking(tx, bid)?;
    let name = workflows::by_name(tx, bid.0, jid)?.is_none().then_some(jid);
    let place = Place { workflow_id: Some(bid.0), name, parents: job.parents(), ..Place::default() };
    enqueue::enqueue_at(tx, job, place, now)
}
