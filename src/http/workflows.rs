//! Workflows: made, listed, read, called off and tried again.

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::body::{BULK, Body, NoBody};
use super::bulk::{LARGE, interrupted};
use super::fields::Fields;
use super::given::Given;
use super::new_job::text;
use super::path::WorkflowId;
use super::problem::Problem;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::{new_workflow, resource};
use crate::domain::State;
use crate::runtime::Callboard;
use crate::store::views::workflows::{STATES, WorkflowFilter};

/// Workflows on a page, unless said otherwise.
const PAGE: i64 = 50;
/// The most workflows on a page.
const MAX_PAGE: i64 = 500;

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/workflows").get(list).post(start).mount(config);
    resource::at("/api/workflows/{id}").get(show).delete(cancel).mount(config);
    resource::at("/api/workflows/{id}/jobs").post(add).mount(config);
    resource::at("/api/workflows/{id}/retry").post(retry).mount(config);
}

async fn start(callboard: Data<Callboard>, _: NoQuery, body: Body<BULK>) -> Reply {
    let workflow = read(&callboard, body, new_workflow::whole).await?;
    let started = callboard.start_workflow(workflow).await?;
    let body = reply::bytes(&started)?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("/api/workflows/{}", started.info.id)));
    Ok(answer.content_type("application/json").body(body))
}

async fn add(callboard: Data<Callboard>, id: WorkflowId, _: NoQuery, body: Body<BULK>) -> Reply {
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

async fn list(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
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

async fn show(callboard: Data<Callboard>, id: WorkflowId, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let with_jobs = fields.read("jobs", Given::flag).unwrap_or(true);
    query::finish(fields)?;
    match with_jobs {
        true => reply::ok(&callboard.workflow(id.0).await?),
        false => reply::ok(&callboard.workflow_info(id.0).await?),
    }
}

async fn cancel(callboard: Data<Callboard>, id: WorkflowId, _: NoQuery, _: NoBody) -> Reply {
    let called_off = callboard.cancel_workflow(id.0).await?;
    let status = if called_off.at_once { StatusCode::OK } else { StatusCode::ACCEPTED };
    reply::json(status, &called_off.workflow)
}

async fn retry(callboard: Data<Callboard>, id: WorkflowId, _: NoQuery, body: Body) -> Reply {
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
