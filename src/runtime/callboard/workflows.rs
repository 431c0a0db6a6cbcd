//! Workflows: jobs that belong together.

use std::collections::HashMap;

use serde::Serialize;

use super::{Callboard, EnqueuedMany};
use crate::domain::audit::{Deed, Verb};
use crate::domain::{Node, Workflow, WorkflowInfo, WorkflowView};
use crate::error::Error;
use crate::runtime::prepare_nodes::{prepare_addition, prepare_workflow};
use crate::store::verbs::workflows::{self, Adder, From};
use crate::store::views;
use crate::store::views::workflows::WorkflowFilter;

/// A page of the list of workflows.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkflowPage {
    /// The workflows, the newest first, without their jobs.
    pub workflows: Vec<WorkflowInfo>,
    /// Give it back for the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// The workflows around one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// That which it is a node of.
    pub outer: Option<i64>,
    /// Those that are nodes of it, by the ids of the nodes.
    pub inner: HashMap<i64, i64>,
}

/// What became of the cancel of a workflow.
#[derive(Clone, Debug)]
pub struct CalledOff {
    /// The workflow as it is now.
    pub workflow: WorkflowView,
    /// False: some jobs run, and their workers were told.
    pub at_once: bool,
}

impl Callboard {
    /// Stores a workflow with all its jobs, and returns once it is on disk.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every wrong field, circles and unknown names among them;
    /// [`Error::Conflict`] when one of its jobs is there already; then nothing is stored.
    pub async fn start_workflow(&self, workflow: Workflow) -> Result<WorkflowView, Error> {
        self.refuse_when_draining()?;
        let span = self.enqueue_span("(workflow)", workflow.nodes.len(), None);
        let start = async {
            let prepared = prepare_workflow(&self.shared, workflow)?;
            let now = self.clock().now();
            self.write(move |tx| workflows::start(tx, &prepared, now)).await
        };
        let id = span.around(start).await?;
        self.workflow(id).await
    }

    /// A workflow with its jobs.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn workflow(&self, id: i64) -> Result<WorkflowView, Error> {
        let found = self.read(move |conn| {
            let Some(info) = views::workflows::workflow(conn, id)? else { return Ok(None) };
            Ok(Some(WorkflowView { info, jobs: views::workflows::nodes(conn, id)? }))
        });
        found.await?.ok_or_else(|| Error::NotFound(format!("workflow {id}")))
    }

    /// A workflow without its jobs.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Unavailable`].
    pub async fn workflow_info(&self, id: i64) -> Result<WorkflowInfo, Error> {
        let found = self.read(move |conn| views::workflows::workflow(conn, id)).await?;
        found.ok_or_else(|| Error::NotFound(format!("workflow {id}")))
    }

    /// Workflows, the newest first: those before the id `before`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn workflows(
        &self,
        filter: WorkflowFilter,
        before: Option<i64>,
        limit: i64,
    ) -> Result<WorkflowPage, Error> {
        let more = limit.saturating_add(1);
        let mut workflows =
            self.read(move |conn| views::workflows::list(conn, &filter, before, more)).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_last = workflows.len() <= limit;
        workflows.truncate(limit);
        let next_cursor = workflows.last().filter(|_| !is_last).map(|last| last.id.to_string());
        Ok(WorkflowPage { workflows, next_cursor })
    }

    /// The workflows around one: that which it is a node of, and those that are nodes of it, by the ids
    /// of those nodes.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn workflows_around(&self, id: i64, jobs: Vec<i64>) -> Result<Around, Error> {
        self.read(move |conn| {
            let outer = views::workflows::outer(conn, id)?;
            Ok(Around { outer, inner: views::workflows::inner(conn, &jobs)? })
        })
        .await
    }

    /// Calls off all jobs of a workflow.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it is final.
    pub async fn cancel_workflow(&self, id: i64) -> Result<CalledOff, Error> {
        self.refuse_when_draining()?;
        let now = self.clock().now();
        let deed = Deed::new(Verb::WorkflowCancel, format!("workflows/{id}"));
        let at_once = self.change(deed, move |tx| workflows::cancel(tx, id, now)).await?;
        Ok(CalledOff { workflow: self.workflow(id).await?, at_once })
    }

    /// Runs jobs of a workflow again, and all that come after them: the job `from`, or every one that
    /// failed or was cancelled, or all when all completed.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] when there is no job of that name;
    /// [`Error::Conflict`] when nothing is to be done, or a job is at work that would have to run again.
    pub async fn retry_workflow(&self, id: i64, from: Option<String>) -> Result<WorkflowView, Error> {
        self.refuse_when_draining()?;
        let now = self.clock().now();
        let deed = Deed::new(Verb::WorkflowRetry, format!("workflows/{id}"));
        let deed = deed.with(serde_json::json!({"from": from}));
        let from = from.map_or(From::Failures, From::Node);
        self.change(deed, move |tx| workflows::retry(tx, id, &from, now)).await?;
        self.workflow(id).await
    }

    /// Adds jobs to a workflow that runs, all or none; in the name of one of its jobs if `added_by` is
    /// given: then they wait for it, those that it added before are not added again, and with `join`
    /// the nodes that wait for it wait for them too.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`]; [`Error::Conflict`] when the workflow or that job is
    /// over, or a name or a job is there already.
    pub async fn add_jobs(
        &self,
        workflow: i64,
        nodes: Vec<Node>,
        added_by: Option<String>,
        join: bool,
    ) -> Result<EnqueuedMany, Error> {
        self.refuse_when_draining()?;
        let addition = prepare_addition(&self.shared, nodes, added_by.is_some(), join)?;
        let (by, now) = (Adder::Caller(workflow, added_by), self.clock().now());
        let (ids, duplicates) = self.write(move |tx| workflows::add(tx, &addition, &by, now)).await?;
        Ok(EnqueuedMany { ids, duplicates })
    }
}
