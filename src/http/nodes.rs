//! The server processes, and the attempts that run on them.

use actix_web::web::{Data, ServiceConfig};

use super::query::NoQuery;
use super::reply::{self, Reply};
use super::resource;
use crate::runtime::Callboard;

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/nodes").get(nodes).mount(config);
    resource::at("/api/workers").get(workers).mount(config);
}

async fn nodes(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::list("nodes", &callboard.nodes().await?)
}

async fn workers(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::list("workers", &callboard.workers().await?)
}
