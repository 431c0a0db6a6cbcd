//! Queues: what is in them.

use actix_web::web::{Data, ServiceConfig};

use serde::Serialize;

use super::query::NoQuery;
use super::reply::{self, Reply};
use super::resource;
use crate::domain::status::QueueInfo;
use crate::runtime::Callboard;

/// The queues.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Queues {
    /// By name.
    queues: Vec<QueueInfo>,
}

/// Mounts the call.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/queues").get(list).mount(config);
}

/// The queues
#[utoipa::path(
    get, path = "/api/queues", tag = "queues", operation_id = "listQueues",
    responses(
        (status = 200, description = "The queues", body = Queues),
    ),
)]
pub(super) async fn list(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::ok(&Queues { queues: callboard.queues().await? })
}
