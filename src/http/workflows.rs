//! Workflows: made, listed, read, called off and tried again.

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use serde::Serialize;

use super::board::Board;
use super::body::{BULK, Body, NoBody};
use super::bulk::{LARGE, interrupted};
use super::fields::Fields;
use super::given::Given;
use super::new_job::text;
use super::openapi::{compound, parameters};
use super::path::WorkflowId;
use super::problem::Problem;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::{new_workflow, resource};
use crate::domain::{State, WorkflowInfo, WorkflowNode, WorkflowView};
use crate::runtime::Callboard;
use crate::runtime::callboard::{EnqueuedMany, WorkflowPage};
use crate::store::views::workflows::{STATES, WorkflowFilter};

/// Workflows on a page, unless said otherwise.
const PAGE: i64 = 50;
/// The most workflows on a page.
const MAX_PAGE: i64 = 500;

/// A workflow, with its jobs unless they were not wanted.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct WorkflowAnswer {
    #[serde(flatten)]
    info: WorkflowInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<WorkflowNode>)]
    jobs: Option<Vec<WorkflowNode>>,
}

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/workflows").get(list).post(start).mount(config);
    resource::at("/api/workflows/{id}").get(show).delete(cancel).mount(config);
    resource::at("/api/workflows/{id}/jobs").post(add).mount(config);
    resource::at("/api/workflows/{id}/retry").post(retry).mount(config);
}

/// Start a workflow
///
/// All of its jobs in one commit. They wait for each other by name; circles and unknown names are
/// refused. A node can be a workflow itself.
#[utoipa::path(
    post, path = "/api/workflows", tag = "workflows", operation_id = "startWorkflow",
    request_body = compound::WorkflowBody,
    responses(
        (status = 201, description = "The workflow", body = WorkflowView, headers(("Location" = String, description = "Where it is."))),
        (status = 409, description = "One of its jobs is there already. Nothing was made."),
    ),
)]
pub(super) async fn start(callboard: Data<Callboard>, _: NoQuery, body: Body<BULK>) -> Reply {
    let workflow = read(&callboard, body, new_workflow::whole).await?;
    let started = callboard.start_workflow(workflow).await?;
    let body = reply::bytes(&started)?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/api/workflows/{}", started.info.id)));
    Ok(answer.content_type("application/json").body(body))
}

/// Add jobs to a workflow
///
/// While it is not over. With `added_by`, what waits for that job waits for these too.
#[utoipa::path(
    post, path = "/api/workflows/{id}/jobs", tag = "workflows", operation_id = "addJobs",
    params(("id" = i64, Path, description = "The workflow's id.")),
    request_body = compound::MoreJobsBody,
    responses(
        (status = 201, description = "Their ids, in their order", body = EnqueuedMany),
        (status = 409, description = "It is over, a name is taken, or one of the jobs is there already."),
    ),
)]
pub(super) async fn add(callboard: Data<Callboard>, id: WorkflowId, _: NoQuery, body: Body<BULK>) -> Reply {
    let more = read(&callboard, body, new_workflow::more).await?;
    let added = callboard.add_jobs(id.0, more.nodes, more.added_by, more.join).await?;
    reply::json(StatusCode::CREATED, &added)
}

/// Reads a body; a large one off the threads that serve other requests.
async fn read<T: Send + 'static>(
    callboard: &Data<Callboard>,
    body: Body<BULK>,
    what: fn(&mut Fields<'_>, &Callboard) -> T,
) -> Result<T, Problem> {
    let usual = callboard.clone();
    let is_large = body.len() > LARGE;
    let read = move || {
        let mut fields = body.fields()?;
        let made = what(&mut fields, &usual);
        query::finish(fields)?;
        Ok(made)
    };
    if is_large { web::block(read).await.map_err(|_| interrupted())? } else { read() }
}

/// Workflows, listed
///
/// The newest first, without their jobs.
#[utoipa::path(
    get, path = "/api/workflows", tag = "workflows", operation_id = "listWorkflows",
    params(parameters::Workflows, parameters::NumberedPage),
    responses(
        (status = 200, description = "A page of workflows", body = WorkflowPage),
    ),
)]
pub(super) async fn list(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let filter =
        WorkflowFilter { state: fields.any_of("state", STATES.len(), state), name: fields.text("name") };
    let limit = fields.read("limit", |given| given.integer(1..=MAX_PAGE)).unwrap_or(PAGE);
    let before = fields.read("cursor", |given| {
        given.integer(1..=i64::MAX).map_err(|_| "is not a cursor that this list has given out".to_owned())
    });
    query::finish(fields)?;
    reply::ok(&callboard.workflows(filter, before, limit).await?)
}

/// One of the states that a workflow may be in.
fn state(given: &Given<'_>) -> Result<State, String> {
    given.text()?.parse().ok().filter(|state| STATES.contains(state)).ok_or_else(|| {
        let known: Vec<_> = STATES.iter().map(|state| state.as_str()).collect();
        format!("must be one of {}", known.join(", "))
    })
}

/// A workflow
#[utoipa::path(
    get, path = "/api/workflows/{id}", tag = "workflows", operation_id = "getWorkflow",
    params(("id" = i64, Path, description = "The workflow's id."), parameters::WithJobs),
    responses(
        (status = 200, description = "The workflow with its jobs, or without them", body = WorkflowAnswer),
    ),
)]
pub(super) async fn show(callboard: Data<Callboard>, id: WorkflowId, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let with_jobs = fields.read("jobs", Given::flag).unwrap_or(true);
    query::finish(fields)?;
    let (info, jobs) = match with_jobs {
        true => {
            let WorkflowView { info, jobs } = callboard.workflow(id.0).await?;
            (info, Some(jobs))
        }
        false => (callboard.workflow_info(id.0).await?, None),
    };
    reply::ok(&WorkflowAnswer { info, jobs })
}

/// Cancel a workflow
///
/// All of its jobs that are not over.
#[utoipa::path(
    delete, path = "/api/workflows/{id}", tag = "workflows", operation_id = "cancelWorkflow",
    params(("id" = i64, Path, description = "The workflow's id.")),
    responses(
        (status = 200, description = "It is cancelled", body = WorkflowView),
        (status = 202, description = "Some jobs run, and their workers were told", body = WorkflowView),
        (status = 409, description = "It is over already."),
    ),
)]
pub(super) async fn cancel(callboard: Board, id: WorkflowId, _: NoQuery, _: NoBody) -> Reply {
    let called_off = callboard.cancel_workflow(id.0).await?;
    let status = if called_off.at_once { StatusCode::OK } else { StatusCode::ACCEPTED };
    reply::json(status, &called_off.workflow)
}

/// Try a workflow again
///
/// Its jobs that failed or were cancelled, or one and all that depend on it.
#[utoipa::path(
    post, path = "/api/workflows/{id}/retry", tag = "workflows", operation_id = "retryWorkflow",
    params(("id" = i64, Path, description = "The workflow's id.")),
    request_body = compound::WorkflowRetryBody,
    responses(
        (status = 200, description = "The workflow", body = WorkflowView),
        (status = 409, description = "There is nothing in it to try again."),
    ),
)]
pub(super) async fn retry(callboard: Board, id: WorkflowId, _: NoQuery, body: Body) -> Reply {
    let from = if body.len() == 0 {
        None
    } else {
        let mut fields = body.fields()?;
        let from = fields.nullable("from", text).flatten();
        query::finish(fields)?;
        from
    };
    reply::ok(&callboard.retry_workflow(id.0, from).await?)
}
