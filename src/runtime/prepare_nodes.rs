//! Looks at the jobs of a workflow before they go to the store.

use super::prepare::prepare;
use super::shared::Shared;
use crate::domain::Node;
use crate::domain::graph::Graph;
use crate::domain::workflow::{addition_faults, node_faults};
use crate::error::{Error, FieldFault};
use crate::store::verbs::workflows::{Addition, PreparedNode};

/// Checks the jobs of nodes, one by one. Faults of all of them are gathered.
pub fn prepare_nodes(
    shared: &Shared,
    nodes: Vec<Node>,
    faults: &mut Vec<FieldFault>,
) -> Result<Vec<PreparedNode>, Error> {
    let mut prepared = Vec::with_capacity(nodes.len());
    for (i, node) in nodes.into_iter().enumerate() {
        match prepare(shared, node.job, &format!("jobs[{i}].")) {
            Ok(job) => prepared.push(PreparedNode { name: node.name, job }),
            Err(Error::Invalid(found)) => faults.extend(found),
            Err(other) => return Err(other),
        }
    }
    Ok(prepared)
}

/// Checks jobs that are to be added to a workflow; `by_job`: in the name of one of its jobs.
///
/// # Errors
/// [`Error::Invalid`] with every wrong field.
pub fn prepare_addition(
    shared: &Shared,
    nodes: Vec<Node>,
    by_job: bool,
    join: bool,
) -> Result<Addition, Error> {
    let graph = Graph::of(&nodes, false);
    let mut found = node_faults(&nodes);
    found.extend(if by_job { addition_faults(&nodes) } else { Vec::new() });
    found.extend(graph.as_ref().err().cloned().unwrap_or_default());
    let mut faults: Vec<FieldFault> = found.into_iter().map(|(f, m)| FieldFault::new(f, m)).collect();
    let nodes = prepare_nodes(shared, nodes, &mut faults)?;
    match (faults.is_empty(), graph) {
        (true, Ok(graph)) => Ok(Addition { nodes, graph, join }),
        _ => Err(Error::Invalid(faults)),
    }
}
