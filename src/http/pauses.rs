//! Pausing and draining: of everything, of a queue, of a job type.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::ServiceConfig;

use super::board::Board;
use super::body::NoBody;
use super::jobs::patience;
use super::openapi::parameters;
use super::path::Name;
use super::problem::Problem;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::resource;
use crate::domain::status::QueueInfo;
use crate::runtime::Callboard;
use crate::runtime::callboard::{Drained, JobTypeInfo, Pauses, Scope};

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/pauses").get(show).mount(config);
    resource::at("/api/pause").post(pause).mount(config);
    resource::at("/api/resume").post(resume).mount(config);
    resource::at("/api/drain").post(drain).mount(config);
    resource::at("/api/queues/{name}/pause").post(pause_queue).mount(config);
    resource::at("/api/queues/{name}/resume").post(resume_queue).mount(config);
    resource::at("/api/queues/{name}/drain").post(drain_queue).mount(config);
    resource::at("/api/job-types/{name}/pause").post(pause_type).mount(config);
    resource::at("/api/job-types/{name}/resume").post(resume_type).mount(config);
    resource::at("/api/job-types/{name}/drain").post(drain_type).mount(config);
}

/// What is paused
#[utoipa::path(
    get, path = "/api/pauses", tag = "server", operation_id = "getPauses",
    responses(
        (status = 200, description = "What is paused", body = Pauses),
    ),
)]
pub(super) async fn show(callboard: Board, _: NoQuery) -> Reply {
    reply::ok(&callboard.pauses().await?)
}

/// Pause everything
///
/// No job is started; what runs goes on.
#[utoipa::path(
    post, path = "/api/pause", tag = "server", operation_id = "pauseAll",
    responses(
        (status = 200, description = "What is paused now", body = Pauses),
    ),
)]
pub(super) async fn pause(callboard: Board, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_all(true).await?)
}

/// Resume what was paused as a whole
///
/// Job types and queues that were paused by themselves stay so.
#[utoipa::path(
    post, path = "/api/resume", tag = "server", operation_id = "resumeAll",
    responses(
        (status = 200, description = "What is paused now", body = Pauses),
    ),
)]
pub(super) async fn resume(callboard: Board, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_all(false).await?)
}

/// Drain everything
///
/// Pauses everything and waits for what runs.
#[utoipa::path(
    post, path = "/api/drain", tag = "server", operation_id = "drainAll",
    params(parameters::Wait),
    responses(
        (status = 200, description = "How far that is", body = Drained),
    ),
)]
pub(super) async fn drain(callboard: Board, request: HttpRequest, _: NoBody) -> Reply {
    drained(&callboard, &Scope::All, &request).await
}

/// Pause a queue
///
/// No job of it is started; what runs goes on.
#[utoipa::path(
    post, path = "/api/queues/{name}/pause", tag = "queues", operation_id = "pauseQueue",
    params(parameters::QueuePath),
    responses(
        (status = 200, description = "It as it is now", body = QueueInfo),
    ),
)]
pub(super) async fn pause_queue(callboard: Board, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_queue(&name.0, true).await?)
}

/// Resume a queue
#[utoipa::path(
    post, path = "/api/queues/{name}/resume", tag = "queues", operation_id = "resumeQueue",
    params(parameters::QueuePath),
    responses(
        (status = 200, description = "It as it is now", body = QueueInfo),
    ),
)]
pub(super) async fn resume_queue(callboard: Board, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_queue(&name.0, false).await?)
}

/// Drain a queue
///
/// Pauses it and waits for what runs.
#[utoipa::path(
    post, path = "/api/queues/{name}/drain", tag = "queues", operation_id = "drainQueue",
    params(parameters::QueuePath, parameters::Wait),
    responses(
        (status = 200, description = "How far that is", body = Drained),
    ),
)]
pub(super) async fn drain_queue(callboard: Board, name: Name, request: HttpRequest, _: NoBody) -> Reply {
    drained(&callboard, &Scope::Queue(name.0), &request).await
}

/// Pause a job type
///
/// No job of it is started; what runs goes on.
#[utoipa::path(
    post, path = "/api/job-types/{name}/pause", tag = "job types", operation_id = "pauseJobType",
    params(parameters::NamePath),
    responses(
        (status = 200, description = "It as it is now", body = JobTypeInfo),
    ),
)]
pub(super) async fn pause_type(callboard: Board, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_job_type(&name.0, true).await?)
}

/// Resume a job type
#[utoipa::path(
    post, path = "/api/job-types/{name}/resume", tag = "job types", operation_id = "resumeJobType",
    params(parameters::NamePath),
    responses(
        (status = 200, description = "It as it is now", body = JobTypeInfo),
    ),
)]
pub(super) async fn resume_type(callboard: Board, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_job_type(&name.0, false).await?)
}

/// Drain a job type
///
/// Pauses it and waits for what runs.
#[utoipa::path(
    post, path = "/api/job-types/{name}/drain", tag = "job types", operation_id = "drainJobType",
    params(parameters::NamePath, parameters::Wait),
    responses(
        (status = 200, description = "How far that is", body = Drained),
    ),
)]
pub(super) async fn drain_type(callboard: Board, name: Name, request: HttpRequest, _: NoBody) -> Reply {
    drained(&callboard, &Scope::JobType(name.0), &request).await
}

async fn drained(callboard: &Callboard, what: &Scope, request: &HttpRequest) -> Reply {
    let patience = read(request)?;
    reply::ok(&callboard.drain(what, patience).await?)
}

/// How long to wait; not at all unless it is said.
fn read(request: &HttpRequest) -> Result<Duration, Problem> {
    let mut fields = query::fields(request.query_string())?;
    let secs = fields.read("wait_secs", patience);
    query::finish(fields)?;
    Ok(secs.unwrap_or_default())
}
