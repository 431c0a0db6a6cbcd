//! Workers elsewhere, and what Faktory answers over HTTP.

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::board::Board;
use super::path::Name;
use super::problem::Problem;
use super::query::NoQuery;
use super::reply::{self, Reply};
use super::{body::NoBody, resource};
use crate::domain::Timestamp;
use crate::faktory;
use crate::runtime::Callboard;
use crate::runtime::remote::{Asked, RemoteWorker};

/// Remote workers.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct RemoteWorkers {
    /// Those that are connected here.
    remote_workers: Vec<RemoteWorker>,
}

/// How many were asked.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AskedOf {
    /// So many.
    asked: usize,
}

/// What Faktory gives on `/stats`.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only its shape is used")]
pub(super) struct FaktoryStats {
    now: Timestamp,
    /// The time of day.
    server_utc_time: String,
    faktory: FaktoryFigures,
    server: FaktoryServer,
}

/// What Faktory gives on `/health`.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only its shape is used")]
pub(super) struct FaktoryHealth {
    now: Timestamp,
    server: FaktoryServer,
}

/// Jobs as Faktory counts them.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only its shape is used")]
pub(super) struct FaktoryFigures {
    /// Waiting jobs by queue.
    queues: BTreeMap<String, i64>,
    /// Jobs by set.
    sets: BTreeMap<String, i64>,
    /// Figures of each set.
    #[schema(value_type = Object)]
    tasks: (),
    total_failures: i64,
    total_processed: i64,
    total_enqueued: i64,
    total_queues: i64,
}

/// The server as Faktory tells of it.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "only its shape is used")]
pub(super) struct FaktoryServer {
    description: String,
    /// The version of Faktory whose words are spoken.
    faktory_version: String,
    connections: i64,
    command_count: i64,
    /// Seconds; on `/stats` only.
    uptime: Option<i64>,
    /// On `/stats` only.
    used_memory_mb: Option<i64>,
}

/// Mounts the calls. Those of Faktory are lenient about queries, as probes are about adding some.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/stats").get(stats).mount(config);
    resource::at("/health").get(health).mount(config);
    resource::at("/api/remote-workers").get(list).mount(config);
    resource::at("/api/remote-workers/quiet").post(quiet_all).mount(config);
    resource::at("/api/remote-workers/terminate").post(terminate_all).mount(config);
    resource::at("/api/remote-workers/{wid}/quiet").post(quiet).mount(config);
    resource::at("/api/remote-workers/{wid}/terminate").post(terminate).mount(config);
}

/// Figures as Faktory gives them
///
/// Where `faktory_bind` is set.
#[utoipa::path(
    get, path = "/stats", tag = "remote workers", operation_id = "getFaktoryStats",
    responses(
        (status = 200, description = "The figures", body = FaktoryStats),
        (status = 404, description = "`faktory_bind` is not set."),
    ),
)]
pub(super) async fn stats(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    reply::ok(&faktory::stats(&callboard, &*server(&request)?).await?)
}

/// The server as Faktory tells of it
///
/// Where `faktory_bind` is set.
#[utoipa::path(
    get, path = "/health", tag = "remote workers", operation_id = "getFaktoryHealth",
    responses(
        (status = 200, description = "The server", body = FaktoryHealth),
        (status = 404, description = "`faktory_bind` is not set."),
    ),
)]
pub(super) async fn health(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    reply::ok(&faktory::health(&callboard, &*server(&request)?))
}

fn server(request: &HttpRequest) -> Result<Arc<faktory::Server>, Problem> {
    let there = request.app_data::<Option<Arc<faktory::Server>>>().cloned().flatten();
    there.ok_or_else(|| Problem::not_found("Faktory side here: faktory_bind is not set"))
}

/// Remote workers that are connected here
#[utoipa::path(
    get, path = "/api/remote-workers", tag = "remote workers", operation_id = "listRemoteWorkers",
    responses(
        (status = 200, description = "The workers", body = RemoteWorkers),
    ),
)]
pub(super) async fn list(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::ok(&RemoteWorkers { remote_workers: callboard.remote_workers().list() })
}

/// Ask all remote workers to fetch no more
///
/// They hear of it with their next sign of life.
#[utoipa::path(
    post, path = "/api/remote-workers/quiet", tag = "remote workers", operation_id = "quietRemoteWorkers",
    responses(
        (status = 200, description = "How many were asked", body = AskedOf),
    ),
)]
pub(super) async fn quiet_all(callboard: Board, _: NoQuery, _: NoBody) -> Reply {
    ask(&callboard, None, Asked::Quiet).await
}

/// Ask all remote workers to end
///
/// They hear of it with their next sign of life.
#[utoipa::path(
    post, path = "/api/remote-workers/terminate", tag = "remote workers", operation_id = "terminateRemoteWorkers",
    responses(
        (status = 200, description = "How many were asked", body = AskedOf),
    ),
)]
pub(super) async fn terminate_all(callboard: Board, _: NoQuery, _: NoBody) -> Reply {
    ask(&callboard, None, Asked::Terminate).await
}

/// Ask a remote worker to fetch no more
///
/// It hears of it with its next sign of life.
#[utoipa::path(
    post, path = "/api/remote-workers/{wid}/quiet", tag = "remote workers", operation_id = "quietRemoteWorker",
    params(("wid" = String, Path, description = "The worker's id.")),
    responses(
        (status = 200, description = "How many were asked", body = AskedOf),
    ),
)]
pub(super) async fn quiet(callboard: Board, wid: Name, _: NoQuery, _: NoBody) -> Reply {
    ask(&callboard, Some(&wid.0), Asked::Quiet).await
}

/// Ask a remote worker to end
///
/// It hears of it with its next sign of life.
#[utoipa::path(
    post, path = "/api/remote-workers/{wid}/terminate", tag = "remote workers", operation_id = "terminateRemoteWorker",
    params(("wid" = String, Path, description = "The worker's id.")),
    responses(
        (status = 200, description = "How many were asked", body = AskedOf),
    ),
)]
pub(super) async fn terminate(callboard: Board, wid: Name, _: NoQuery, _: NoBody) -> Reply {
    ask(&callboard, Some(&wid.0), Asked::Terminate).await
}

/// They hear of it with their next sign of life.
async fn ask(callboard: &Callboard, wid: Option<&str>, wish: Asked) -> Reply {
    match (callboard.ask_remote(wid, wish).await?, wid) {
        (0, Some(wid)) => Err(Problem::not_found(format_args!("remote worker {wid} that is connected here"))),
        (asked, _) => reply::ok(&AskedOf { asked }),
    }
}
