//! The failed jobs.

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};

use super::body::NoBody;
use super::reply::{self, Reply};
use super::{filter, jobs, query, resource};
use crate::runtime::Callboard;
use crate::runtime::callboard::Action;

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/dead-letters").get(list).delete(discard).mount(config);
    resource::at("/api/dead-letters/retry").post(redrive).mount(config);
}

async fn list(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    let fields = query::fields(request.query_string())?;
    reply::ok(&jobs::page(&callboard, fields, filter::read_failed).await?)
}

async fn redrive(callboard: Data<Callboard>, request: HttpRequest, _: NoBody) -> Reply {
    act(&callboard, Action::Retry, &request).await
}

async fn discard(callboard: Data<Callboard>, request: HttpRequest, _: NoBody) -> Reply {
    act(&callboard, Action::Delete, &request).await
}

async fn act(callboard: &Callboard, action: Action, request: &HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let filter = filter::read_deliberate_failed(&mut fields);
    query::finish(fields)?;
    reply::ok(&callboard.act(action, filter).await?)
}
