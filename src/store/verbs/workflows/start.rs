//! A new workflow: all of its jobs, or nothing.

use std::collections::HashMap;

use super::nodes::{self, PreparedNode};
use crate::domain::graph::Graph;
use crate::domain::{State, Timestamp};
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::verbs::ids;

statement!(
    Insert,
    format!(
        "INSERT INTO workflows (id, name, state, parent_job_id, callback, created_at) VALUES (?, ?, '{}', ?, ?, ?)",
        State::Running
    )
);

/// A workflow on its way into the store, with everything worked out that needs no database.
#[derive(Clone, Debug)]
pub struct PreparedWorkflow {
    /// Its name.
    pub name: Option<String>,
    /// Its jobs.
    pub nodes: Vec<PreparedNode>,
    /// Who waits for whom among them.
    pub graph: Graph,
    /// The job to be made when all are final, as JSON.
    pub callback: Option<String>,
}

/// Stores a workflow. Returns its id.
///
/// # Errors
/// Refused when one of its jobs is there already, or depends on a job that is not.
pub fn start(tx: &mut Tx<'_>, new: &PreparedWorkflow, now: Timestamp) -> StoreResult<i64> {
    nodes::refuse_duplicates(tx, &new.nodes, now)?;
    store(tx, new, None, now)
}

/// Stores a workflow that is a node of another one, and does not begin before that has its turn; or
/// one by itself.
pub(super) fn store(
    tx: &mut Tx<'_>,
    new: &PreparedWorkflow,
    node: Option<i64>,
    now: Timestamp,
) -> StoreResult<i64> {
    let id = ids::next(tx, ids::Of::Workflows)?;
    tx.run::<Insert>(binds![id, &new.name, node, &new.callback, now])?;
    nodes::insert(tx, id, &new.nodes, &new.graph, HashMap::new(), node.is_some(), now)?;
    Ok(id)
}
