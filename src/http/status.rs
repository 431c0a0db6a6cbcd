//! Counts of everything.

use actix_web::web::{Data, ServiceConfig};

use super::query::NoQuery;
use super::reply::{self, Reply};
use super::resource;
use crate::domain::status::QueueStatus;
use crate::runtime::Callboard;

/// Mounts the call under both of its names.
pub(super) fn routes(config: &mut ServiceConfig) {
    for path in ["/api/jobs/queue/status", "/api/queue-status"] {
        resource::at(path).get(status).mount(config);
    }
}

/// The state of the whole queue
///
/// Its cost does not grow with the number of stored jobs.
#[utoipa::path(
    get, path = "/api/jobs/queue/status", tag = "server", operation_id = "getQueueStatus",
    responses(
        (status = 200, description = "The state of the queue", body = QueueStatus),
    ),
)]
pub(super) async fn status(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::ok(&callboard.queue_status().await?)
}
