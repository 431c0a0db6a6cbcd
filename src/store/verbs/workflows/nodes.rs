//! Jobs as nodes of a workflow.

use std::collections::HashMap;

use diesel::sql_types::{BigInt, Text};

use super::start::{self, PreparedWorkflow};
use crate::domain::graph::Graph;
use crate::domain::{State, Timestamp};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::enqueue::{self, Place, Prepared};
use crate::store::verbs::parents;

statement!(
    ByName,
    "SELECT id, state FROM jobs WHERE workflow_id = ? AND name = ? AND workflow_id IS NOT NULL AND name IS NOT NULL"
);

/// A node on its way into the store.
#[derive(Clone, Debug)]
pub struct PreparedNode {
    /// Its name.
    pub name: String,
    /// Its job.
    pub job: Prepared,
    /// The workflow that it is.
    pub inner: Option<Box<PreparedWorkflow>>,
}

/// Makes sure that no job is there already; looked at before anything is written.
pub(super) fn refuse_duplicates(tx: &mut Tx<'_>, nodes: &[PreparedNode], now: Timestamp) -> StoreResult<()> {
    for (i, node) in nodes.iter().enumerate() {
        enqueue::refuse_duplicate(tx, &node.job, &format!("jobs[{i}]."), now)?;
        if let Some(inner) = &node.inner {
            refuse_duplicates(tx, &inner.nodes, now)?;
        }
    }
    Ok(())
}

/// A node by its name.
pub(in crate::store::verbs) fn by_name(
    tx: &mut Tx<'_>,
    workflow: i64,
    name: &str,
) -> StoreResult<Option<(i64, State)>> {
    let found: Vec<(i64, String)> = tx.load::<ByName, (BigInt, Text), _>(binds![workflow, name])?;
    found.into_iter().next().map(|(id, state)| Ok((id, state.parse().map_err(Error::Conflict)?))).transpose()
}

/// Stores nodes, `held` until their workflow begins, parents before children, but for those that are `there` already. Returns what all of
/// them are now, in the order in which they were given.
///
/// # Errors
/// Refused when one is the same as another job, or depends on one that is not there.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    workflow: i64,
    nodes: &[PreparedNode],
    graph: &Graph,
    there: HashMap<usize, (i64, State)>,
    held: bool,
    now: Timestamp,
) -> StoreResult<Vec<(i64, State)>> {
    // In the order in which they were given, for people.
    let ids = enqueue::next_ids(tx, nodes.len())?;
    let mut known = there;
    for i in &graph.order {
        if known.contains_key(i) {
            continue;
        }
        let node = &nodes[*i];
        let field = format!("jobs[{i}].");
        // Once more, for two of this call may be the same.
        enqueue::refuse_duplicate(tx, &node.job, &field, now)?;
        let mut parents: Vec<(i64, State)> = graph.parents[*i].iter().map(|place| known[place]).collect();
        for name in &graph.others[*i] {
            parents.push(by_name(tx, workflow, name)?.ok_or_else(|| unknown(&field, workflow, name))?);
        }
        let mut family = parents::look(tx, node.job.job(), node.job.parents(), &field)?;
        let mut all = node.job.parents().to_vec();
        for (id, state) in parents {
            family.add(id, state);
            all.push(id);
        }
        all.sort_unstable();
        all.dedup();
        let name = Some(node.name.as_str());
        let place = Place { workflow_id: Some(workflow), name, parents: &all, family, held, alone: false };
        let state = enqueue::insert(tx, &node.job, ids[*i], &place, now)?
            .ok_or_else(|| Error::Conflict(format!("{field}key: another job has it already")))?;
        known.insert(*i, (ids[*i], state));
        if let Some(inner) = &node.inner {
            start::store(tx, inner, Some(ids[*i]), now)?;
        }
    }
    Ok((0..nodes.len()).map(|i| known[&i]).collect())
}

fn unknown(field: &str, workflow: i64, name: &str) -> Error {
    Error::invalid(format!("{field}depends_on"), format!("there is no job {name:?} in workflow {workflow}"))
}
