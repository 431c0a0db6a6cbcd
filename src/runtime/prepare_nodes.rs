//! Looks at the jobs of a workflow before they go to the store.

use super::prepare::prepare;
use super::shared::Shared;
use crate::domain::callback::Callback;
use crate::domain::graph::Graph;
use crate::domain::workflow::{addition_faults, inner_faults, node_faults};
use crate::domain::{Node, Workflow};
use crate::error::{Error, FieldFault};
use crate::store::verbs::enqueue::Prepared;
use crate::store::verbs::workflows::{Addition, PreparedNode, PreparedWorkflow};

/// Checks the jobs of nodes, one by one. Faults of all of them are gathered, named after `prefix`.
pub fn prepare_nodes(
    shared: &Shared,
    nodes: Vec<Node>,
    prefix: &str,
    faults: &mut Vec<FieldFault>,
) -> Result<Vec<PreparedNode>, Error> {
    let mut prepared = Vec::with_capacity(nodes.len());
    for (i, node) in nodes.into_iter().enumerate() {
        let place = format!("{prefix}jobs[{i}].");
        if let Some(inner) = node.inner {
            let inner = prepare_inner(shared, *inner, &format!("{place}workflow."), faults)?;
            // No worker runs it, so there is none to ask.
            let (job, inner) = (Prepared::new(node.job, 0), Some(Box::new(inner)));
            prepared.push(PreparedNode { name: node.name, job, inner });
            continue;
        }
        match prepare(shared, node.job, &place) {
            Ok(job) => prepared.push(PreparedNode { name: node.name, job, inner: None }),
            Err(Error::Invalid(found)) => faults.extend(found),
            Err(other) => return Err(other),
        }
    }
    Ok(prepared)
}

/// Checks a workflow.
///
/// # Errors
/// [`Error::Invalid`] with every wrong field.
pub fn prepare_workflow(shared: &Shared, workflow: Workflow) -> Result<PreparedWorkflow, Error> {
    let found = workflow.faults().into_iter();
    let mut faults = found.map(|(field, message)| FieldFault::new(field, message)).collect();
    let prepared = prepare_inner(shared, workflow, "", &mut faults)?;
    if faults.is_empty() { Ok(prepared) } else { Err(Error::Invalid(faults)) }
}

fn prepare_inner(
    shared: &Shared,
    workflow: Workflow,
    prefix: &str,
    faults: &mut Vec<FieldFault>,
) -> Result<PreparedWorkflow, Error> {
    let graph = Graph::of(&workflow.nodes, true).unwrap_or_default();
    let nodes = prepare_nodes(shared, workflow.nodes, prefix, faults)?;
    let mut callback = None;
    if let Some(job) = workflow.callback {
        let max_retries = shared.type_options(&job.job_type).max_retries;
        let sealed = shared.options.secrets.seal(&job.job_type, &job.args);
        match prepare(shared, job.clone(), &format!("{prefix}callback.")) {
            Err(Error::Invalid(found)) => faults.extend(found),
            _ => {
                let job = crate::domain::NewJob { args: sealed?, ..job };
                callback = serde_json::to_string(&Callback::of(&job, max_retries)).ok();
            }
        }
    }
    Ok(PreparedWorkflow { name: workflow.name, nodes, graph, callback })
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
    found.extend(inner_faults(&nodes));
    found.extend(if by_job { addition_faults(&nodes) } else { Vec::new() });
    found.extend(graph.as_ref().err().cloned().unwrap_or_default());
    let mut faults: Vec<FieldFault> = found.into_iter().map(|(f, m)| FieldFault::new(f, m)).collect();
    let nodes = prepare_nodes(shared, nodes, "", &mut faults)?;
    match (faults.is_empty(), graph) {
        (true, Ok(graph)) => Ok(Addition { nodes, graph, join }),
        _ => Err(Error::Invalid(faults)),
    }
}
