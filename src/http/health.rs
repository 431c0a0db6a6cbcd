//! Whether the server is alive and makes progress.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, ServiceConfig};
use serde::Serialize;

use super::reply::{self, Reply};
use super::resource;
use crate::runtime::Callboard;
use crate::runtime::callboard::Readiness;

/// What a part that is well says of itself.
const WELL: &str = "ok";

/// Mounts the calls. They are lenient about queries: probes like to add something.
pub(super) fn routes(config: &mut ServiceConfig) {
    resource::at("/healthz").get(healthz).mount(config);
    resource::at("/readyz").get(readyz).mount(config);
}

/// That the server is alive.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Alive {
    /// `ok`.
    status: &'static str,
}

/// A problem document that also names every part.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct NotReady<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    /// What stands still.
    detail: String,
    #[serde(flatten)]
    readiness: &'a Readiness,
}

/// Whether the server is alive
///
/// Anybody may ask.
#[utoipa::path(
    get, path = "/healthz", tag = "server", operation_id = "getHealth",
    responses(
        (status = 200, description = "It is", body = Alive),
    ),
)]
pub(super) async fn healthz() -> Reply {
    reply::ok(&Alive { status: WELL })
}

/// Whether every part makes progress
#[utoipa::path(
    get, path = "/readyz", tag = "server", operation_id = "getReadiness",
    responses(
        (status = 200, description = "All is well", body = Readiness),
        (status = 503, description = "A part stands still; `parts` says which", body = NotReady, content_type = "application/problem+json", headers(("Retry-After" = String, description = "Seconds to wait before the next try."))),
    ),
)]
pub(super) async fn readyz(callboard: Data<Callboard>) -> Reply {
    report(&callboard.readiness().await)
}

fn report(readiness: &Readiness) -> Reply {
    if readiness.ready {
        return reply::ok(readiness);
    }
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let body = reply::bytes(&NotReady {
        r#type: "about:blank",
        title: "Service Unavailable",
        status: status.as_u16(),
        detail: standing_still(readiness),
        readiness,
    })?;
    Ok(HttpResponse::build(status)
        .content_type("application/problem+json")
        .insert_header((header::RETRY_AFTER, "5"))
        .body(body))
}

fn standing_still(readiness: &Readiness) -> String {
    let parts: Vec<String> = readiness
        .reasons
        .iter()
        .filter(|reason| reason.blocks)
        .map(|reason| format!("{}: {} ({})", reason.part, reason.fault, reason.advice))
        .collect();
    if parts.is_empty() { "the server is not ready".into() } else { parts.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::callboard::Reason;
    use actix_web::body::MessageBody;

    #[test]
    fn names_the_part_that_stands_still() {
        let parts = [("store", "locked"), ("supervisor", "ok"), ("logs", "full")];
        let parts = parts.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        let reason = |part: &str, fault: &str, blocks| Reason {
            part: part.into(),
            fault: fault.into(),
            blocks,
            age_secs: Some(1.5),
            advice: "wait",
        };
        let reasons = vec![reason("store", "locked", true), reason("logs", "full", false)];
        let response = report(&Readiness { ready: false, parts, reasons }).unwrap();
        assert_eq!(response.status().as_u16(), 503);
        assert!(response.headers().contains_key("retry-after"));
        let bytes = response.into_body().try_into_bytes().unwrap();
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(body["detail"], "store: locked (wait)");
        assert_eq!(body["reasons"][0]["age_secs"], 1.5);
        assert_eq!(body["ready"], false);
        assert_eq!(body["parts"]["supervisor"], "ok");
    }
}
