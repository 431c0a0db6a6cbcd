//! The audit log: who changed what.

use actix_web::HttpRequest;
use actix_web::web::{Data, ServiceConfig};

use super::fields::Fields;
use super::jobs::cursor;
use super::openapi::parameters;
use super::reply::{self, Reply};
use super::{filter, query, resource};
use crate::domain::audit::AuditFilter;
use crate::runtime::Callboard;
use crate::runtime::callboard::AuditPage;

/// Entries on a page, unless said otherwise.
const PAGE: i64 = 50;
/// The most entries on a page.
const MAX_PAGE: i64 = 500;

/// The longest name and object that are looked for, in characters.
const LONGEST: usize = 300;

/// Mounts the call.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/api/audit").get(list).mount(config);
}

/// Who changed what
///
/// The latest first. For operators and administrators.
#[utoipa::path(
    get, path = "/api/audit", tag = "server", operation_id = "listAudit",
    params(parameters::Audit, parameters::Page),
    responses(
        (status = 200, description = "A page of the audit log", body = AuditPage),
    ),
)]
pub(super) async fn list(callboard: Data<Callboard>, request: HttpRequest) -> Reply {
    let mut fields = query::fields(request.query_string())?;
    let filter = read(&mut fields);
    let limit = fields.read("limit", |g| g.integer(1..=MAX_PAGE)).unwrap_or(PAGE);
    let cursor = fields.read("cursor", cursor);
    query::finish(fields)?;
    let limit = usize::try_from(limit).unwrap_or_default();
    reply::ok(&callboard.audit(filter, cursor, limit).await?)
}

/// Reads which entries are meant.
pub(super) fn read(fields: &mut Fields<'_>) -> AuditFilter {
    AuditFilter {
        who: fields.read("who", |g| filter::checked(g, LONGEST)),
        what: fields.read("what", |g| g.text()?.parse()),
        object: fields.read("object", |g| filter::checked(g, LONGEST)),
        since: fields.read("since", |g| g.time()),
        until: fields.read("until", |g| g.time()),
    }
}
