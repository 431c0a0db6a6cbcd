//! The failed jobs.

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};

use super::board::Board;
use super::body::NoBody;
use super::openapi::parameters;
use super::reply::{self, Reply};
use super::{filter, jobs, query, resource};
use crate::runtime::Callboard;
use crate::runtime::callboard::{ActedOnPart, Action, Page};

/// The most jobs in one call that names a limit.
const MAX_PART: i64 = 10_000;

/// Mounts the calls.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/dead-letters").get(list).delete(discard).mount(config);
    resource::at("/api/dead-letters/retry").post(redrive).mount(config);
}

/// The failed jobs
#[utoipa::path(
    get, path = "/api/dead-letters", tag = "dead letters", operation_id = "listDeadLetters",
    params(parameters::Filter, parameters::Ordered, parameters::Page),
    responses(
        (status = 200, description = "A page of jobs", body = Page),
    ),
)]
pub(super) async fn list(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    let fields = query::fields(request.query_string())?;
    reply::ok(&jobs::page(&callboard, fields, filter::read_failed).await?)
}

/// Try failed jobs again
///
/// Those that the filter finds; without one, `all=true` has to be said. `next_cursor` is there when `limit` was given.
#[utoipa::path(
    post, path = "/api/dead-letters/retry", tag = "dead letters", operation_id = "retryDeadLetters",
    params(parameters::Filter, parameters::Part),
    responses(
        (status = 200, description = "How many", body = ActedOnPart),
    ),
)]
pub(super) async fn redrive(callboard: Board, request: HttpRequest, _: NoBody) -> Reply {
    act(&callboard, Action::Retry, &request).await
}

/// Delete failed jobs
///
/// Those that the filter finds; without one, `all=true` has to be said. `next_cursor` is there when `limit` was given.
#[utoipa::path(
    delete, path = "/api/dead-letters", tag = "dead letters", operation_id = "discardDeadLetters",
    params(parameters::Filter, parameters::Part),
    responses(
        (status = 200, description = "How many", body = ActedOnPart),
    ),
)]
pub(super) async fn discard(callboard: Board, request: HttpRequest, _: NoBody) -> Reply {
    act(&callboard, Action::Delete, &request).await
}

async fn act(callboard: &Callboard, action: Action, request: &HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let limit = fields.read("limit", |g| g.integer(1..=MAX_PART));
    let cursor = fields.read("cursor", jobs::cursor);
    if cursor.is_some() && limit.is_none() {
        fields.fault("limit", "must be given with a cursor, as it was in the call that gave it");
    }
    let filter = filter::read_deliberate_failed(&mut fields);
    query::finish(fields)?;
    match limit.and_then(|limit| usize::try_from(limit).ok()) {
        Some(limit) => reply::ok(&callboard.act_on_part(action, filter, cursor, limit).await?),
        None => reply::ok(&callboard.act(action, filter).await?),
    }
}
