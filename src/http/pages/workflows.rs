//! The workflows, and one of them with its graph.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::web::ServiceConfig;
use askama::Template;

use super::super::board::Board;
use super::super::path::WorkflowId;
use super::super::reply::Reply;
use super::super::resource;
use super::form::{Form, Posted};
use super::graph::{Graph, MAX_NODES};
use super::json_view::printable;
use super::notice::Notice;
use super::ui::{Section, Ui};
use super::visit::Visit;
use super::{go, page};
use crate::domain::lifecycle::{self, Move};
use crate::domain::{Job, JobFilter, Order, State, WorkflowInfo};
use crate::runtime::Callboard;
use crate::store::views::workflows::{STATES, WorkflowFilter};

/// Workflows on a page.
const PAGE: i64 = 50;
/// Jobs on a page of a workflow that is too large to be drawn.
const JOBS: usize = 100;
/// Characters of a name that fit into a node.
const NAME: usize = 21;

#[derive(Template)]
#[template(path = "workflows.html")]
struct WorkflowsPage {
    ui: Ui,
    state: Option<State>,
    workflows: Vec<WorkflowInfo>,
    next_cursor: Option<String>,
    is_first: bool,
}

#[derive(Template)]
#[template(path = "workflow.html")]
struct WorkflowPage {
    ui: Ui,
    info: WorkflowInfo,
    graph: Option<Graph>,
    jobs: Vec<Job>,
    /// The names of the jobs that are shown, by id.
    names: HashMap<i64, String>,
    /// The workflows that jobs are, by the job's id.
    inner: HashMap<i64, i64>,
    /// The one that this is a part of.
    outer: Option<i64>,
    /// The state that the list was asked for.
    state: Option<State>,
    next_cursor: Option<String>,
}

/// Mounts the pages and their actions.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/workflows").get(list).mount(config);
    resource::at("/workflows/{id}").get(show).mount(config);
    resource::at("/workflows/{id}/cancel").post(cancel).mount(config);
    resource::at("/workflows/{id}/retry").post(retry).mount(config);
}

async fn list(callboard: Board, visit: Visit, request: HttpRequest) -> Reply {
    let query = Form::of_query(request.query_string());
    let state = query.get("state").and_then(|word| word.parse().ok()).filter(|s| STATES.contains(s));
    let before = query.get("cursor").and_then(|text| text.parse().ok());
    let filter = WorkflowFilter { state: state.into_iter().collect(), name: None };
    let found = callboard.workflows(filter, before, PAGE).await?;
    page(&WorkflowsPage {
        ui: visit.ui(&callboard, Section::Workflows).await?,
        state,
        workflows: found.workflows,
        next_cursor: found.next_cursor,
        is_first: before.is_none(),
    })
}

async fn show(callboard: Board, id: WorkflowId, visit: Visit, request: HttpRequest) -> Reply {
    let query = Form::of_query(request.query_string());
    page(&WorkflowPage::read(&callboard, id.0, visit, &query).await?)
}

async fn cancel(callboard: Board, id: WorkflowId, _: Posted) -> Reply {
    let called_off = callboard.cancel_workflow(id.0).await?;
    let notice =
        if called_off.at_once { "notice-workflow-cancelled" } else { "notice-workflow-cancel-asked" };
    back(id, notice)
}

async fn retry(callboard: Board, id: WorkflowId, Posted(form): Posted) -> Reply {
    callboard.retry_workflow(id.0, form.get("from").map(ToOwned::to_owned)).await?;
    back(id, "notice-workflow-retried")
}

fn back(id: WorkflowId, notice: &'static str) -> Reply {
    go(&format!("/workflows/{}", id.0), Notice::new(notice, id.0))
}

impl WorkflowPage {
    async fn read(
        callboard: &Callboard,
        id: i64,
        visit: Visit,
        query: &Form,
    ) -> Result<Self, super::super::problem::Problem> {
        let info = callboard.workflow_info(id).await?;
        let is_small = usize::try_from(info.total()).is_ok_and(|n| n <= MAX_NODES);
        let state = query.get("state").filter(|_| !is_small).and_then(|word| word.parse().ok());
        let filter =
            JobFilter { workflow_id: vec![id], state: state.into_iter().collect(), ..JobFilter::default() };
        let cursor = query.get("cursor").map(ToOwned::to_owned);
        let limit = if is_small { MAX_NODES } else { JOBS };
        let found = callboard.list(filter, Order::Oldest, cursor, limit).await?;
        let nodes: Vec<_> = found.jobs.iter().map(|job| (job.id, job.depends_on.as_slice())).collect();
        let around = callboard.workflows_around(id, found.jobs.iter().map(|job| job.id).collect()).await?;
        let named = |job: &Job| (job.id, job.name.clone().unwrap_or_default());
        Ok(Self {
            graph: if is_small { Graph::of(&nodes) } else { None },
            names: found.jobs.iter().map(named).collect(),
            jobs: found.jobs,
            inner: around.inner,
            outer: around.outer,
            ui: visit.ui(callboard, Section::Workflows).await?,
            state,
            next_cursor: found.next_cursor,
            info,
        })
    }

    fn can_retry(&self) -> bool {
        let open = self.info.state == State::Running;
        let failed = self.info.counts[&State::Failed] + self.info.counts[&State::Cancelled];
        !open || (failed > 0 && self.info.cancel_requested_at.is_none())
    }

    fn can_cancel(&self) -> bool {
        self.info.state == State::Running && self.info.cancel_requested_at.is_none()
    }

    /// Whether a job and what comes after it can be run again.
    fn can_retry_from(&self, job: &Job) -> bool {
        let called_off = self.info.state == State::Running && self.info.cancel_requested_at.is_some();
        self.ui.may_act && !called_off && lifecycle::rule(Move::Retry).from.contains(&job.state)
    }

    /// Its jobs by state, those that there are.
    fn counts(&self) -> Vec<(State, i64)> {
        counts(&self.info)
    }

    /// The workflow that a job is.
    fn inner_of(&self, job: &Job) -> Option<i64> {
        self.inner.get(&job.id).copied()
    }

    /// The names of those that a job waits for, as far as they are on this page.
    fn waits_for(&self, job: &Job) -> Vec<(i64, String)> {
        let name = |id: &i64| self.names.get(id).cloned().unwrap_or_else(|| format!("#{id}"));
        job.depends_on.iter().take(8).map(|id| (*id, name(id))).collect()
    }

    fn more_parents(&self, job: &Job) -> i64 {
        i64::try_from(job.depends_on.len().saturating_sub(8)).unwrap_or_default()
    }

    fn short(&self, text: &str) -> String {
        let mut chars = text.chars();
        let short: String = chars.by_ref().take(NAME).collect();
        if chars.next().is_some() { format!("{short}…") } else { short }
    }

    fn first_line(&self, text: &str) -> String {
        printable(text.lines().next().unwrap_or_default(), 160)
    }

    /// How long the last attempt took, or has taken so far.
    fn took(&self, job: &Job) -> Option<i64> {
        let from = job.started_at?;
        let to = job.completed_at.unwrap_or(self.ui.now);
        Some((to.as_millis() - from.as_millis()).max(0))
    }

    fn is_chosen(&self, state: &State) -> bool {
        self.state.as_ref() == Some(state)
    }

    /// The list of its jobs in a state.
    fn of_state(&self, state: &State) -> String {
        format!("/workflows/{}?state={state}", self.info.id)
    }

    /// The next page of the list.
    fn next(&self, cursor: &str) -> String {
        let form = Form::default().with("cursor", cursor);
        let form = self.state.map_or(form.clone(), |state| form.with("state", state.as_str()));
        format!("/workflows/{}?{}", self.info.id, form.to_query())
    }
}

impl WorkflowsPage {
    fn states(&self) -> [State; 4] {
        STATES
    }

    fn is_chosen(&self, state: &State) -> bool {
        self.state.as_ref() == Some(state)
    }

    fn counts(&self, info: &WorkflowInfo) -> Vec<(State, i64)> {
        counts(info)
    }

    fn next(&self, cursor: &str) -> String {
        let form = Form::default().with("cursor", cursor);
        let form = self.state.map_or(form.clone(), |state| form.with("state", state.as_str()));
        format!("/workflows?{}", form.to_query())
    }

    /// How long it took, or has taken so far.
    fn took(&self, info: &WorkflowInfo) -> i64 {
        info.completed_at.unwrap_or(self.ui.now).as_millis() - info.created_at.as_millis()
    }
}

fn counts(info: &WorkflowInfo) -> Vec<(State, i64)> {
    info.counts.iter().filter(|(_, n)| **n > 0).map(|(state, n)| (*state, *n)).collect()
}
