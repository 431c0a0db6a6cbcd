//! The server processes, and what runs on this one.

use actix_web::web::{Data, ServiceConfig};
use askama::Template;

use super::super::board::Board;
use super::super::path::Name;
use super::super::reply::Reply;
use super::super::resource;
use super::form::Posted;
use super::notice::Notice;
use super::ui::{Section, Ui};
use super::visit::Visit;
use super::{go, page};
use crate::domain::NodeInfo;
use crate::runtime::Callboard;
use crate::runtime::callboard::{Readiness, WorkerView};
use crate::runtime::remote::{Asked, RemoteWorker};

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
    /// Those that fetch from elsewhere and are connected here.
    remote: Vec<RemoteWorker>,
    readiness: Readiness,
}

/// Mounts the page and its actions.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/nodes").get(list).mount(config);
    resource::at("/nodes/remote/{wid}/quiet").post(quiet).mount(config);
    resource::at("/nodes/remote/{wid}/terminate").post(terminate).mount(config);
}

async fn list(callboard: Data<Callboard>, visit: Visit) -> Reply {
    let mut nodes = callboard.nodes().await?;
    nodes.truncate(NODES);
    let mut workers = callboard.workers().await?;
    workers.truncate(WORKERS);
    let mut remote = callboard.remote_workers().list();
    remote.truncate(WORKERS);
    let readiness = callboard.readiness().await;
    page(&NodesPage { ui: visit.ui(&callboard, Section::Nodes).await?, nodes, workers, remote, readiness })
}

async fn quiet(callboard: Board, wid: Name, _: Posted) -> Reply {
    callboard.ask_remote(Some(&wid.0), Asked::Quiet).await?;
    go("/nodes", Notice::new("notice-worker-asked", 0))
}

async fn terminate(callboard: Board, wid: Name, _: Posted) -> Reply {
    callboard.ask_remote(Some(&wid.0), Asked::Terminate).await?;
    go("/nodes", Notice::new("notice-worker-asked", 0))
}

impl NodesPage {
    /// The word for what a worker is asked to do.
    fn asked(&self, worker: &RemoteWorker) -> &'static str {
        match worker.state {
            Asked::Running => "worker-running",
            Asked::Quiet => "worker-quiet",
            Asked::Terminate => "worker-terminate",
        }
    }

    /// A worker's id as a part of a path.
    fn segment(&self, worker: &RemoteWorker) -> String {
        percent_encoding::utf8_percent_encode(&worker.wid, percent_encoding::NON_ALPHANUMERIC).to_string()
    }
}
