//! The server processes, and what runs on this one.

use actix_web::web::{Data, ServiceConfig};
use askama::Template;

use super::super::reply::Reply;
use super::super::resource;
use super::page;
use super::ui::{Section, Ui};
use super::visit::Visit;
use crate::domain::NodeInfo;
use crate::runtime::Callboard;
use crate::runtime::callboard::{Readiness, WorkerView};

/// Nodes that are shown, the newest ones.
const NODES: usize = 50;
/// Running attempts that are shown.
const WORKERS: usize = 200;

#[derive(Template)]
#[template(path = "nodes.html")]
struct NodesPage {
    ui: Ui,
    nodes: Vec<NodeInfo>,
    workers: Vec<WorkerView>,
    readiness: Readiness,
}

/// Mounts the page.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/nodes").get(list).mount(config);
}

async fn list(callboard: Data<Callboard>, visit: Visit) -> Reply {
    let mut nodes = callboard.nodes().await?;
    nodes.truncate(NODES);
    let mut workers = callboard.workers().await?;
    workers.truncate(WORKERS);
    let readiness = callboard.readiness().await;
    page(&NodesPage { ui: visit.ui(&callboard, Section::Nodes).await?, nodes, workers, readiness })
}
