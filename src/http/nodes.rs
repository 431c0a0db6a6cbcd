//! The server processes, and the attempts that run on them.

use actix_web::web::{Data, ServiceConfig};

use serde::Serialize;

use super::query::NoQuery;
use super::reply::{self, Reply};
use super::resource;
use crate::domain::NodeInfo;
use crate::runtime::Callboard;
use crate::runtime::callboard::WorkerView;

/// The server processes.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Nodes {
    /// By id.
    nodes: Vec<NodeInfo>,
}

/// The attempts that run now.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Workers {
    /// The attempts.
    workers: Vec<WorkerView>,
}

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/nodes").get(nodes).mount(config);
    resource::at("/api/workers").get(workers).mount(config);
}

/// The server processes
#[utoipa::path(
    get, path = "/api/nodes", tag = "server", operation_id = "listNodes",
    responses(
        (status = 200, description = "The nodes", body = Nodes),
    ),
)]
pub(super) async fn nodes(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::ok(&Nodes { nodes: callboard.nodes().await? })
}

/// The attempts that run now
///
/// On all nodes.
#[utoipa::path(
    get, path = "/api/workers", tag = "server", operation_id = "listWorkers",
    responses(
        (status = 200, description = "The attempts", body = Workers),
    ),
)]
pub(super) async fn workers(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::ok(&Workers { workers: callboard.workers().await? })
}
