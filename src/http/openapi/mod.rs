//! The OpenAPI document, made from the code: what stands beside each handler, and the types that are
//! serialised. `finish` adds what holds for every call.

pub(super) mod bodies;
pub(super) mod compound;
mod examples;
mod finish;
pub(super) mod parameters;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::LazyLock;

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::base::Base;
use super::query::NoQuery;
use super::reply::Reply;
use super::{
    actions, audit, bulk, dead_letters, health, job_types, jobs, logs, maintenance, metrics, nodes, pauses,
    plans, queues, remote, resource, schedules, signals, sse, status, steps, workflows, ws,
};

/// Every call there is. A test compares it with the routes that are mounted.
#[derive(OpenApi)]
#[openapi(
    info(title = "callboard"),
    paths(
        jobs::list, jobs::enqueue, jobs::enqueue_typed, bulk::enqueue_many, jobs::show, jobs::change,
        jobs::retry, jobs::cancel, actions::act, logs::read_log, steps::list, steps::show, signals::list,
        signals::show, signals::give,
        workflows::list, workflows::start, workflows::show, workflows::cancel, workflows::add,
        workflows::retry,
        schedules::list, schedules::make, schedules::show, schedules::put, schedules::delete, schedules::run,
        schedules::pause, schedules::resume,
        dead_letters::list, dead_letters::redrive, dead_letters::discard,
        job_types::list, job_types::show, job_types::change, pauses::pause_type, pauses::resume_type,
        pauses::drain_type, queues::list, pauses::pause_queue, pauses::resume_queue, pauses::drain_queue,
        pauses::show, pauses::pause, pauses::resume, pauses::drain,
        status::status, nodes::nodes, nodes::workers, remote::list, remote::quiet_all, remote::terminate_all,
        remote::quiet, remote::terminate, remote::stats, remote::health,
        plans::list, plans::show, plans::approve, plans::reject, plans::decide,
        ws::watch_all, ws::watch_job, sse::watch_all, sse::watch_job,
        maintenance::recover_stale, maintenance::cleanup, audit::list,
        health::healthz, health::readyz, metrics::metrics, openapi,
    ),
    components(schemas(
        super::problem::Document, crate::domain::audit::Verb, parameters::Label, parameters::ListOrder, parameters::LogStream,
        parameters::WorkflowState, compound::NodeBody,
        compound::InnerWorkflowBody
    )),
    tags(
        (name = "jobs", description = "Enqueue jobs, find them, change them, read what they wrote."),
        (name = "workflows", description = "Jobs that belong together and wait for each other."),
        (name = "schedules", description = "Jobs that are enqueued again and again."),
        (name = "dead letters", description = "Jobs that have failed for good."),
        (name = "job types", description = "What can run here, and how much of it at once."),
        (name = "queues", description = "Labels that jobs are fetched, paused and drained by."),
        (name = "events", description = "What happens, as it happens: WebSockets and server-sent events."),
        (name = "plans", description = "Changes to a media library that a person reviews first."),
        (name = "server", description = "The queue as a whole, and the processes that work on it."),
        (name = "remote workers", description = "Workers that speak the Faktory Work Protocol."),
        (name = "maintenance", description = "What an administrator starts by hand."),
    )
)]
struct Calls;

/// The document as it is served.
static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}", document()));

/// The OpenAPI 3.1 document of this version.
#[must_use]
pub fn document() -> Value {
    finish::finish(serde_json::to_value(Calls::openapi()).unwrap_or_default())
}

/// The OpenAPI 3.1 document of this version as text that a person can read.
#[must_use]
pub fn text() -> &'static str {
    &TEXT
}

/// Mounts the call.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/openapi.json").get(openapi).mount(config);
}

/// This document
///
/// OpenAPI 3.1. `callboard openapi` prints the same.
#[utoipa::path(get, path = "/api/openapi.json", tag = "server", operation_id = "getOpenApi",
    responses((status = 200, description = "The document", body = Object, content_type = "application/json")))]
async fn openapi(request: HttpRequest, _: NoQuery) -> Reply {
    let base = Base::of(&request).to_string();
    let text = if base.is_empty() { Cow::Borrowed(text()) } else { Cow::Owned(beneath(&base)) };
    Ok(HttpResponse::Ok().content_type("application/json").body(text))
}

/// The document of a server whose paths are beneath another one.
fn beneath(base: &str) -> String {
    let mut document = document();
    document["servers"] = json!([{ "url": base }]);
    format!("{document:#}")
}
