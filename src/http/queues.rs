//! Queues: what is in them, and pausing them.

use actix_web::web::{Data, ServiceConfig};

use super::body::NoBody;
use super::path::Name;
use super::query::NoQuery;
use super::reply::{self, Reply};
use super::resource;
use crate::runtime::Callboard;

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/queues").get(list).mount(config);
    resource::at("/api/queues/{name}/pause").post(pause).mount(config);
    resource::at("/api/queues/{name}/resume").post(resume).mount(config);
}

async fn list(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::list("queues", &callboard.queues().await?)
}

async fn pause(callboard: Data<Callboard>, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_queue(&name.0, true).await?)
}

async fn resume(callboard: Data<Callboard>, name: Name, _: NoQuery, _: NoBody) -> Reply {
    reply::ok(&callboard.pause_queue(&name.0, false).await?)
}
