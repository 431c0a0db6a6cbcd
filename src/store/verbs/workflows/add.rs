//! More jobs for a workflow that runs.

use std::collections::{HashMap, HashSet};

use diesel::sql_types::{BigInt, Nullable};

use super::find;
use super::nodes::{self, PreparedNode};
use crate::domain::graph::{Graph, MAX_EDGES};
use crate::domain::lifecycle::{self, Move};
use crate::domain::{Claim, State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::{fence, parents};

statement!(WorkflowOf, "SELECT workflow_id FROM jobs WHERE id = ?");
statement!(ParentOf, "SELECT parent_job_id FROM jobs WHERE id = ?");
statement!(ChildrenOf, "SELECT child_id FROM dependencies WHERE parent_id = ?");
// Those that the job has added wait for it as well, and not for each other.
statement!(
    WaitFor,
    format!(
        "SELECT c.id FROM dependencies d JOIN jobs c ON c.id = d.child_id \
         WHERE d.parent_id = ? AND c.workflow_id = ? AND c.{} \
         AND (c.parent_job_id IS NULL OR c.parent_job_id <> d.parent_id) ORDER BY c.id",
        lifecycle::sql_guard(Move::Unblock)
    )
);
statement!(
    WaitForMore,
    format!(
        "UPDATE jobs SET parents_left = parents_left + ? WHERE id = ? AND {}",
        lifecycle::sql_guard(Move::Unblock)
    )
);

/// Jobs on their way into a workflow that is there already.
#[derive(Clone, Debug)]
pub struct Addition {
    /// The jobs.
    pub nodes: Vec<PreparedNode>,
    /// Who waits for whom among them, and for which nodes besides.
    pub graph: Graph,
    /// Whether those that wait for the job that adds them are to wait for them too.
    pub join: bool,
}

/// Who adds jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adder {
    /// The holder of a claim, for the workflow of its job.
    Claim(Claim),
    /// Somebody from outside, for this workflow, in the name of one of its jobs if one is given.
    Caller(i64, Option<String>),
}

/// Adds jobs. Those that a job adds wait for it; one that it added before, under the same name, is
/// that one. Returns their ids in the order in which they were given, and how many were there.
///
/// # Errors
/// Refused when the claim is stale, the workflow or the job is over, or a name or a job is taken.
pub fn add(tx: &mut Tx<'_>, new: &Addition, by: &Adder, now: Timestamp) -> StoreResult<(Vec<i64>, usize)> {
    let (workflow, adder) = who(tx, by)?;
    refuse_when_over(tx, workflow)?;
    let there = those_there(tx, workflow, adder, &new.nodes)?;
    let duplicates = there.len();
    let mut nodes = new.nodes.clone();
    if let Some(adder) = adder {
        nodes = nodes.into_iter().map(|node| PreparedNode { job: node.job.after(adder), ..node }).collect();
    }
    let waiting = match adder.filter(|_| new.join) {
        Some(adder) => tx.load::<WaitFor, BigInt, _>(binds![adder, workflow])?,
        None => Vec::new(),
    };
    refuse_circles(tx, workflow, &waiting, &new.graph)?;
    let known: HashSet<usize> = there.keys().copied().collect();
    let added = nodes::insert(tx, workflow, &nodes, &new.graph, there, false, now)?;
    let fresh: Vec<_> =
        (0..).zip(&added).filter(|(i, _)| !known.contains(i)).map(|(_, node)| *node).collect();
    join(tx, &waiting, &fresh, now)?;
    Ok((added.into_iter().map(|(id, _)| id).collect(), duplicates))
}

/// The workflow, and the job in whose name jobs are added.
fn who(tx: &mut Tx<'_>, by: &Adder) -> StoreResult<(i64, Option<i64>)> {
    match by {
        Adder::Claim(claim) => {
            fence::check(tx, *claim, "it makes no jobs")?;
            let found: Vec<Option<i64>> = tx.load::<WorkflowOf, Nullable<BigInt>, _>(binds![claim.job_id])?;
            let workflow = found.first().copied().flatten().ok_or_else(|| {
                Error::Conflict(format!("job {} is in no workflow that could take more jobs", claim.job_id))
            })?;
            Ok((workflow, Some(claim.job_id)))
        }
        Adder::Caller(workflow, None) => Ok((*workflow, None)),
        Adder::Caller(workflow, Some(name)) => match nodes::by_name(tx, *workflow, name)? {
            None => {
                let what = format!("there is no job {name:?} in workflow {workflow}");
                Err(Error::invalid("added_by", what).into())
            }
            Some((id, state)) if state.is_final() => {
                let what = format!("job {id} ({name:?}) is {state} already and adds no more jobs");
                Err(Error::Conflict(what).into())
            }
            Some((id, _)) => Ok((*workflow, Some(id))),
        },
    }
}

fn refuse_when_over(tx: &mut Tx<'_>, workflow: i64) -> StoreResult<()> {
    let row = find(tx, workflow)?;
    let why = match row.state() {
        state if state.is_final() => format!("{state} already"),
        _ if row.cancel_requested_at.is_some() => "being cancelled".to_owned(),
        _ => return Ok(()),
    };
    Err(Error::Conflict(format!("workflow {workflow} is {why} and takes no more jobs")).into())
}

/// Those of the nodes that the same job has added before.
fn those_there(
    tx: &mut Tx<'_>,
    workflow: i64,
    adder: Option<i64>,
    nodes: &[PreparedNode],
) -> StoreResult<HashMap<usize, (i64, State)>> {
    let mut there = HashMap::new();
    for (i, node) in nodes.iter().enumerate() {
        let Some((id, state)) = nodes::by_name(tx, workflow, &node.name)? else { continue };
        let parent: Vec<Option<i64>> = tx.load::<ParentOf, Nullable<BigInt>, _>(binds![id])?;
        if adder.is_none() || parent.first().copied().flatten() != adder {
            let what = format!("jobs[{i}].name: {:?} is the name of job {id} already", node.name);
            return Err(Error::Conflict(what).into());
        }
        there.insert(i, (id, state));
    }
    Ok(there)
}

/// Who is to wait for the new jobs cannot be waited for by them, nor can those that wait for that one.
fn refuse_circles(tx: &mut Tx<'_>, workflow: i64, waiting: &[i64], graph: &Graph) -> StoreResult<()> {
    if waiting.is_empty() || graph.others.iter().all(Vec::is_empty) {
        return Ok(());
    }
    let mut below: HashSet<i64> = waiting.iter().copied().collect();
    let mut open = waiting.to_vec();
    while let Some(parent) = open.pop() {
        let children: Vec<i64> = tx.load::<ChildrenOf, BigInt, _>(binds![parent])?;
        open.extend(children.into_iter().filter(|child| below.insert(*child)));
    }
    for (i, names) in graph.others.iter().enumerate() {
        for name in names {
            if nodes::by_name(tx, workflow, name)?.is_some_and(|(id, _)| below.contains(&id)) {
                let what = format!("goes round in a circle: {name:?} is to wait for what is added");
                return Err(Error::invalid(format!("jobs[{i}].depends_on"), what).into());
            }
        }
    }
    Ok(())
}

/// Lets the nodes that wait for the adder wait for what it added.
fn join(tx: &mut Tx<'_>, waiting: &[i64], added: &[(i64, State)], now: Timestamp) -> StoreResult<()> {
    if waiting.len().saturating_mul(added.len()) > MAX_EDGES {
        let what = format!(
            "{} jobs would have to wait for each of the {}; at most {MAX_EDGES} dependencies are taken",
            waiting.len(),
            added.len()
        );
        return Err(Error::invalid("jobs", what).into());
    }
    let more = i64::try_from(added.len()).unwrap_or(i64::MAX);
    for child in waiting {
        for (parent, _) in added {
            parents::bind(tx, *child, &[*parent])?;
        }
        tx.run::<WaitForMore>(binds![more, *child])?;
    }
    // One that cannot run for a parent of its own is final already.
    for (parent, state) in added.iter().filter(|(_, state)| state.is_final()) {
        parents::settled(tx, *parent, *state, now)?;
    }
    Ok(())
}
