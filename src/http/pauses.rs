//! Pausing and draining: of everything, of a queue, of a job type.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};

use super::body::NoBody;
use super::jobs::patience;
use super::path::Name;
use super::problem::Problem;
use super::query::{self, NoQuery};
use super::reply::{self, Reply};
use super::resource;
use crate::runtime::Callboard;
use crate::runtime::callboard::Scope;

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

async fn show(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::ok(&callboard.pauses().await?)
}

async fn pause(callboard: Data<Callboard>, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_all(true).await?)
}

async fn resume(callboard: Data<Callboard>, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_all(false).await?)
}

async fn drain(callboard: Data<Callboard>, request: HttpRequest, _: NoBody) -> Reply {
    drained(&callboard, &Scope::All, &request).await
}

async fn pause_queue(callboard: Data<Callboard>, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_queue(&name.0, true).await?)
}

async fn resume_queue(callboard: Data<Callboard>, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_queue(&name.0, false).await?)
}

async fn drain_queue(callboard: Data<Callboard>, name: Name, request: HttpRequest, _: NoBody) -> Reply {
    drained(&callboard, &Scope::Queue(name.0), &request).await
}

async fn pause_type(callboard: Data<Callboard>, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_job_type(&name.0, true).await?)
}

async fn resume_type(callboard: Data<Callboard>, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_job_type(&name.0, false).await?)
}

async fn drain_type(callboard: Data<Callboard>, name: Name, request: HttpRequest, _: NoBody) -> Reply {
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
