//! Another go for a workflow, or for a part of it.

use std::collections::{BTreeSet, HashMap};

use diesel::sql_types::{BigInt, Nullable, Text};

use super::find;
use crate::domain::lifecycle::{self, Move};
use crate::domain::{State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::{parents, retry as job};

statement!(
    Nodes,
    "SELECT id, name, state FROM jobs WHERE workflow_id = ? AND workflow_id IS NOT NULL ORDER BY id"
);
statement!(
    Edges,
    "SELECT d.parent_id, d.child_id FROM jobs j JOIN dependencies d ON d.child_id = j.id \
     WHERE j.workflow_id = ? AND j.workflow_id IS NOT NULL"
);

/// Where a workflow is taken up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// At every job that failed or was cancelled; at the beginning when all completed.
    Failures,
    /// At the node of this name.
    Node(String),
}

/// The nodes of a workflow and who waits for whom.
struct Picture {
    nodes: Vec<(i64, Option<String>, State)>,
    children: HashMap<i64, Vec<i64>>,
}

/// Runs jobs of a workflow again, and all that come after them. Returns how many.
///
/// # Errors
/// Refused when there is no such workflow or node, nothing failed in one that is not over, or a job
/// that would have to run again is still at work.
pub fn retry(tx: &mut Tx<'_>, id: i64, from: &From, now: Timestamp) -> StoreResult<usize> {
    let row = find(tx, id)?;
    let state = row.state();
    if row.cancel_requested_at.is_some() && !state.is_final() {
        let what = format!("workflow {id} is being cancelled; wait until the jobs that run have stopped");
        return Err(Error::Conflict(what).into());
    }
    let picture = Picture::take(tx, id)?;
    let again = picture.with_descendants(picture.beginnings(id, state, from)?);
    let again = picture.ready(&again)?;
    for job_id in &again {
        job::hold(tx, *job_id, now)?;
    }
    // Only now is it known of each whether its parents run again.
    for job_id in &again {
        parents::recount(tx, *job_id, now)?;
    }
    Ok(again.len())
}

impl Picture {
    fn take(tx: &mut Tx<'_>, id: i64) -> StoreResult<Self> {
        type Row = (i64, Option<String>, String);
        let rows: Vec<Row> = tx.load::<Nodes, (BigInt, Nullable<Text>, Text), _>(binds![id])?;
        let nodes: Result<_, String> =
            rows.into_iter().map(|(id, name, state)| Ok((id, name, state.parse()?))).collect();
        let edges: Vec<(i64, i64)> = tx.load::<Edges, (BigInt, BigInt), _>(binds![id])?;
        let mut children: HashMap<i64, Vec<i64>> = HashMap::new();
        for (parent, child) in edges {
            children.entry(parent).or_default().push(child);
        }
        Ok(Self { nodes: nodes.map_err(Error::Conflict)?, children })
    }

    /// Where to begin.
    fn beginnings(&self, id: i64, state: State, from: &From) -> Result<Vec<i64>, Error> {
        let all = self.nodes.iter();
        let chosen: Vec<i64> = match from {
            From::Node(name) => all.filter(|n| n.1.as_ref() == Some(name)).map(|n| n.0).collect(),
            From::Failures if state == State::Completed => all.map(|n| n.0).collect(),
            From::Failures => {
                all.filter(|n| n.2.is_final() && n.2 != State::Completed).map(|n| n.0).collect()
            }
        };
        match (chosen.is_empty(), from) {
            (false, _) => Ok(chosen),
            (true, From::Node(name)) => {
                Err(Error::invalid("from", format!("there is no job {name:?} in workflow {id}")))
            }
            (true, From::Failures) => {
                Err(Error::Conflict(format!("workflow {id} is {state}, and nothing in it has failed")))
            }
        }
    }

    fn with_descendants(&self, mut open: Vec<i64>) -> BTreeSet<i64> {
        let mut found: BTreeSet<i64> = open.iter().copied().collect();
        while let Some(id) = open.pop() {
            for child in self.children.get(&id).into_iter().flatten() {
                if found.insert(*child) {
                    open.push(*child);
                }
            }
        }
        found
    }

    /// Those of the chosen ones that are to be given another go; those that wait for their first one
    /// go on waiting.
    fn ready(&self, chosen: &BTreeSet<i64>) -> Result<Vec<i64>, Error> {
        let mut again = Vec::with_capacity(chosen.len());
        for (id, name, state) in self.nodes.iter().filter(|node| chosen.contains(&node.0)) {
            if lifecycle::rule(Move::Retry).from.contains(state) {
                again.push(*id);
            } else if *state != State::Blocked {
                let name = name.as_deref().unwrap_or_default();
                let what = format!("job {id} ({name:?}) would have to run again and is {state}");
                return Err(Error::Conflict(what));
            }
        }
        match again.is_empty() {
            true => Err(Error::Conflict("the job waits for others and cannot be retried".into())),
            false => Ok(again),
        }
    }
}
