//! What finished steps of jobs left.

use actix_web::web::{Data, ServiceConfig};

use super::path::{JobId, PartOfJob};
use super::query::NoQuery;
use super::reply::{self, Reply};
use super::resource;
use crate::runtime::Callboard;

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/jobs/{id}/steps").get(list).mount(config);
    resource::at("/api/jobs/{id}/steps/{name}").get(show).mount(config);
}

async fn list(callboard: Data<Callboard>, id: JobId, _: NoQuery) -> Reply {
    reply::list("steps", &callboard.steps(id.0).await?)
}

async fn show(callboard: Data<Callboard>, step: PartOfJob, _: NoQuery) -> Reply {
    reply::ok(&callboard.step(step.job, &step.name).await?)
}
