//! Signals to jobs.

use actix_web::http::{StatusCode, header};
use actix_web::web::ServiceConfig;
use actix_web::{HttpResponse, HttpResponseBuilder};

use serde::Serialize;

use super::board::Board;
use super::body::Body;
use super::openapi::parameters;
use super::path::{JobId, PartOfJob};
use super::problem::Problem;
use super::query::NoQuery;
use super::reply::{self, Reply};
use super::resource;
use crate::domain::{Json, Signal, SignalInfo};
use crate::error::FieldFault;

/// Signals of a job.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct SignalList {
    /// By name.
    signals: Vec<SignalInfo>,
}

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/jobs/{id}/signals").get(list).mount(config);
    resource::at("/api/jobs/{id}/signals/{name}").get(show).post(give).mount(config);
}

/// The signals of a job
///
/// Those that it was given and those that it waits for, without their payloads.
#[utoipa::path(
    get, path = "/api/jobs/{id}/signals", tag = "jobs", operation_id = "listSignals",
    params(parameters::JobPath),
    responses(
        (status = 200, description = "The signals", body = SignalList),
    ),
)]
pub(super) async fn list(callboard: Board, id: JobId, _: NoQuery) -> Reply {
    reply::ok(&SignalList { signals: callboard.signals(id.0).await? })
}

/// A signal of a job
#[utoipa::path(
    get, path = "/api/jobs/{id}/signals/{name}", tag = "jobs", operation_id = "getSignal",
    params(parameters::PartPath),
    responses(
        (status = 200, description = "The signal with its payload", body = Signal),
    ),
)]
pub(super) async fn show(callboard: Board, signal: PartOfJob, _: NoQuery) -> Reply {
    reply::ok(&callboard.signal_of(signal.job, &signal.name).await?)
}

/// Give a job a signal
///
/// The body is its payload, any JSON. A signal can be given before the job waits for it, and once.
#[utoipa::path(
    post, path = "/api/jobs/{id}/signals/{name}", tag = "jobs", operation_id = "signalJob",
    params(parameters::PartPath),
    request_body(content = Json, description = "The payload; `null` unless there is a body"),
    responses(
        (status = 201, description = "The signal", body = Signal),
        (status = 200, description = "It was given before", body = Signal, headers(("Duplicate" = String, description = "`true`."))),
        (status = 409, description = "The job is over, or has gone on without it."),
    ),
)]
pub(super) async fn give(callboard: Board, to: PartOfJob, _: NoQuery, body: Body) -> Reply {
    let given = callboard.signal(to.job, &to.name, payload(body.text()?)?).await?;
    let body = reply::bytes(&given.signal)?;
    let mut answer: HttpResponseBuilder = match given.duplicate {
        true => HttpResponse::Ok(),
        false => HttpResponse::Created(),
    };
    if given.duplicate {
        answer.insert_header(("Duplicate", "true"));
    }
    Ok(answer.insert_header(header::ContentType::json()).body(body))
}

/// The JSON that is a whole body; none is `null`.
pub(super) fn payload(text: &str) -> Result<Json, Problem> {
    if text.trim_ascii().is_empty() {
        return Ok(Json::trusted("null"));
    }
    Json::checked(text).map_err(|message| match serde_json::from_str::<&serde_json::value::RawValue>(text) {
        Ok(_) => Problem::invalid(vec![FieldFault::new("payload", message)]),
        Err(e) => Problem::new(StatusCode::BAD_REQUEST, format!("the body is not JSON: {e}")),
    })
}
