//! Workers elsewhere, and what Faktory answers over HTTP.

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};
use serde_json::json;
use std::sync::Arc;

use super::path::Name;
use super::problem::Problem;
use super::query::NoQuery;
use super::reply::{self, Reply};
use super::{body::NoBody, resource};
use crate::faktory;
use crate::runtime::Callboard;
use crate::runtime::remote::Asked;

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

async fn stats(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    reply::ok(&faktory::stats(&callboard, &*server(&request)?).await?)
}

async fn health(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    reply::ok(&faktory::health(&callboard, &*server(&request)?))
}

fn server(request: &HttpRequest) -> Result<Arc<faktory::Server>, Problem> {
    let there = request.app_data::<Option<Arc<faktory::Server>>>().cloned().flatten();
    there.ok_or_else(|| Problem::not_found("Faktory side here: faktory_bind is not set"))
}

async fn list(callboard: Data<Callboard>, _: NoQuery) -> Reply {
    reply::list("remote_workers", &callboard.remote_workers().list())
}

async fn quiet_all(callboard: Data<Callboard>, _: NoQuery, _: NoBody) -> Reply {
    ask(&callboard, None, Asked::Quiet)
}

async fn terminate_all(callboard: Data<Callboard>, _: NoQuery, _: NoBody) -> Reply {
    ask(&callboard, None, Asked::Terminate)
}

async fn quiet(callboard: Data<Callboard>, wid: Name, _: NoQuery, _: NoBody) -> Reply {
    ask(&callboard, Some(&wid.0), Asked::Quiet)
}

async fn terminate(callboard: Data<Callboard>, wid: Name, _: NoQuery, _: NoBody) -> Reply {
    ask(&callboard, Some(&wid.0), Asked::Terminate)
}

/// They hear of it with their next sign of life.
fn ask(callboard: &Callboard, wid: Option<&str>, wish: Asked) -> Reply {
    match (callboard.remote_workers().ask(wid, wish), wid) {
        (0, Some(wid)) => Err(Problem::not_found(format_args!("remote worker {wid} that is connected here"))),
        (asked, _) => reply::ok(&json!({ "asked": asked })),
    }
}
