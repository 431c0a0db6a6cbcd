//! What finished steps of jobs left.

use actix_web::web::{Data, ServiceConfig};

use serde::Serialize;

use super::openapi::parameters;
use super::path::{JobId, PartOfJob};
use super::query::NoQuery;
use super::reply::{self, Reply};
use super::resource;
use crate::domain::{Step, StepInfo};
use crate::runtime::Callboard;

/// Steps of a job.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StepList {
    /// In the order in which they finished.
    steps: Vec<StepInfo>,
}

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/jobs/{id}/steps").get(list).mount(config);
    resource::at("/api/jobs/{id}/steps/{name}").get(show).mount(config);
}

/// The finished steps of a job
///
/// Without their values.
#[utoipa::path(
    get, path = "/api/jobs/{id}/steps", tag = "jobs", operation_id = "listSteps",
    params(parameters::JobPath),
    responses(
        (status = 200, description = "The steps", body = StepList),
    ),
)]
pub(super) async fn list(callboard: Data<Callboard>, id: JobId, _: NoQuery) -> Reply {
    reply::ok(&StepList { steps: callboard.steps(id.0).await? })
}

/// A finished step of a job
#[utoipa::path(
    get, path = "/api/jobs/{id}/steps/{name}", tag = "jobs", operation_id = "getStep",
    params(parameters::PartPath),
    responses(
        (status = 200, description = "The step with its value", body = Step),
    ),
)]
pub(super) async fn show(callboard: Data<Callboard>, step: PartOfJob, _: NoQuery) -> Reply {
    reply::ok(&callboard.step(step.job, &step.name).await?)
}
