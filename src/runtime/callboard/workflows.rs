//! Workflows: jobs that belong together.

use serde::Serialize;

use super::{Callboard, EnqueuedMany};
use crate::domain::callback::Callback;
use crate::domain::graph::Graph;
use crate::domain::{Node, Workflow, WorkflowInfo, WorkflowView};
use crate::error::{Error, FieldFault};
use crate::runtime::prepare::prepare;
use crate::runtime::prepare_nodes::{prepare_addition, prepare_nodes};
use crate::store::verbs::workflows::{self, Adder, From, PreparedWorkflow};
use crate::store::views;
use crate::store::views::workflows::WorkflowFilter;

/// A page of the list of workflows.
#[derive(Clone, Debug, Serialize)]
pub struct WorkflowPage {
    /// The workflows, the newest first, without their jobs.
    pub workflows: Vec<WorkflowInfo>,
    /// Give it back for the next page; `None` on the last one.
    pub next_cursor: Option<String>,
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
        let prepared = self.prepare_workflow(workflow)?;
        let now = self.clock().now();
        let id = self.write(move |tx| workflows::start(tx, &prepared, now)).await?;
        self.workflow(id).await
    }

    fn prepare_workflow(&self, workflow: Workflow) -> Result<PreparedWorkflow, Error> {
        let mut faults: Vec<FieldFault> =
            workflow.faults().into_iter().map(|(field, message)| FieldFault::new(field, message)).collect();
        let graph = Graph::of(&workflow.nodes, true).unwrap_or_default();
        let nodes = prepare_nodes(&self.shared, workflow.nodes, &mut faults)?;
        let mut callback = None;
        if let Some(job) = workflow.callback {
            let max_retries = self.shared.type_options(&job.job_type).max_retries;
            callback = serde_json::to_string(&Callback::of(&job, max_retries)).ok();
            if let Err(Error::Invalid(found)) = prepare(&self.shared, job, "callback.") {
                faults.extend(found);
            }
        }
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        Ok(PreparedWorkflow { name: workflow.name, nodes, graph, callback })
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

    /// Calls off all jobs of a workflow.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Conflict`] when it is final.
    pub async fn cancel_workflow(&self, id: i64) -> Result<CalledOff, Error> {
        self.refuse_when_draining()?;
        let now = self.clock().now();
        let at_once = self.write(move |tx| workflows::cancel(tx, id, now)).await?;
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
        let from = from.map_or(From::Failures, From::Node);
        self.write(move |tx| workflows::retry(tx, id, &from, now)).await?;
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
