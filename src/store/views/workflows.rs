//! Workflows.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::domain::ident::WORKFLOW_NODE;
use crate::domain::{State, WorkflowInfo, WorkflowNode};
use crate::store::sql::{self, Conn, LIMIT, binds, statement};
use crate::store::workflow_row::{COLUMNS, WorkflowRow, WorkflowSql};

statement!(Whole, format!("SELECT {COLUMNS} FROM workflows WHERE id = ?"));
statement!(
    Nodes,
    "SELECT id, name, job_type, state FROM jobs WHERE workflow_id = ? AND workflow_id IS NOT NULL ORDER BY id"
);
statement!(
    Edges,
    "SELECT d.child_id, d.parent_id FROM jobs j JOIN dependencies d ON d.child_id = j.id \
     WHERE j.workflow_id = ? AND j.workflow_id IS NOT NULL"
);
statement!(Child, "SELECT id FROM workflows WHERE parent_job_id = ? AND parent_job_id IS NOT NULL");
statement!(
    Outer,
    "SELECT j.workflow_id FROM workflows w JOIN jobs j ON j.id = w.parent_job_id \
     WHERE w.id = ? AND j.workflow_id IS NOT NULL"
);
statement!(
    InState,
    format!(
        "SELECT {COLUMNS} FROM workflows WHERE state = ? AND parent_job_id IS NULL AND id < ? \
         ORDER BY id DESC {LIMIT}"
    )
);
statement!(Named, |dialect| format!(
    "SELECT {COLUMNS} FROM workflows WHERE name = ? AND name IS NOT NULL AND parent_job_id IS NULL AND id < ? \
         AND state IN ({}) ORDER BY id DESC {LIMIT}",
    dialect.texts()
));

/// Which workflows a list shows. An empty list of states lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkflowFilter {
    /// States.
    pub state: Vec<State>,
    /// The name, whole.
    pub name: Option<String>,
}

/// The states that a workflow may be in.
pub const STATES: [State; 4] = [State::Running, State::Completed, State::Failed, State::Cancelled];

/// A workflow.
pub fn workflow(conn: &mut Conn, id: i64) -> QueryResult<Option<WorkflowInfo>> {
    let rows: Vec<WorkflowRow> = sql::load::<Whole, WorkflowSql, _>(conn, binds![id])?;
    Ok(rows.into_iter().next().map(WorkflowRow::into_info))
}

/// The jobs of a workflow, by id.
pub fn nodes(conn: &mut Conn, id: i64) -> QueryResult<Vec<WorkflowNode>> {
    type Row = (i64, Option<String>, String, String);
    let rows: Vec<Row> = sql::load::<Nodes, (BigInt, Nullable<Text>, Text, Text), _>(conn, binds![id])?;
    let edges: Vec<(i64, i64)> = sql::load::<Edges, (BigInt, BigInt), _>(conn, binds![id])?;
    let names: HashMap<i64, String> =
        rows.iter().map(|(id, name, ..)| (*id, name.clone().unwrap_or_default())).collect();
    let mut parents: HashMap<i64, Vec<String>> = HashMap::new();
    for (child, parent) in edges {
        // A parent outside the workflow has no name in it.
        if let Some(name) = names.get(&parent) {
            parents.entry(child).or_default().push(name.clone());
        }
    }
    let mut nodes = Vec::with_capacity(rows.len());
    for (id, name, job_type, state) in rows {
        let depends_on = parents.remove(&id).unwrap_or_default();
        let Ok(state) = state.parse() else { continue };
        let child_workflow_id = if job_type == WORKFLOW_NODE { child(conn, id)? } else { None };
        let name = name.unwrap_or_default();
        nodes.push(WorkflowNode { name, id, job_type, state, depends_on, child_workflow_id });
    }
    Ok(nodes)
}

/// The workflow that a job is.
fn child(conn: &mut Conn, job: i64) -> QueryResult<Option<i64>> {
    Ok(sql::load::<Child, BigInt, i64>(conn, binds![job])?.first().copied())
}

/// The workflow that one is a node of.
pub fn outer(conn: &mut Conn, id: i64) -> QueryResult<Option<i64>> {
    Ok(sql::load::<Outer, BigInt, i64>(conn, binds![id])?.first().copied())
}

/// The workflows that jobs are, by the ids of the jobs.
pub fn inner(conn: &mut Conn, jobs: &[i64]) -> QueryResult<HashMap<i64, i64>> {
    let mut found = HashMap::new();
    for job in jobs {
        found.extend(child(conn, *job)?.map(|workflow| (*job, workflow)));
    }
    Ok(found)
}

/// Workflows that are not part of others, the newest first: those before the id `before`.
pub fn list(
    conn: &mut Conn,
    filter: &WorkflowFilter,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<WorkflowInfo>> {
    let before = before.unwrap_or(i64::MAX);
    let states = if filter.state.is_empty() { STATES.to_vec() } else { filter.state.clone() };
    let mut rows: Vec<WorkflowRow> = Vec::new();
    if let Some(name) = &filter.name {
        let states = serde_json::to_string(&states).unwrap_or_default();
        rows = sql::load::<Named, WorkflowSql, _>(conn, binds![name, before, &states, limit])?;
    } else {
        // A range of the index for each state, merged.
        for state in states {
            let range = binds![state.as_str(), before, limit];
            rows.extend(sql::load::<InState, WorkflowSql, WorkflowRow>(conn, range)?);
        }
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
        rows.dedup_by_key(|row| row.id);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(rows.into_iter().map(WorkflowRow::into_info).collect())
}
