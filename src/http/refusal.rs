//! How the live endpoints say no.

use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, UPGRADE};
use actix_web::{Error as WebError, HttpResponse};
use serde_json::json;

use crate::error::{Error, FieldFault};
use crate::runtime::hub::HubAway;

/// An answer that is not a stream.
pub(super) fn refuse(status: StatusCode, detail: &str) -> WebError {
    answer(status, detail, &[])
}

/// What became of a call on the runtime.
pub(super) fn refuse_error(error: &Error) -> WebError {
    let (status, faults) = match error {
        Error::NotFound(_) => (StatusCode::NOT_FOUND, &[][..]),
        Error::Conflict(_) => (StatusCode::CONFLICT, &[][..]),
        Error::Invalid(faults) => (StatusCode::UNPROCESSABLE_ENTITY, faults.as_slice()),
        Error::ShuttingDown | Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, &[][..]),
    };
    answer(status, &error.to_string(), faults)
}

/// Nobody tells events at the moment.
pub(super) fn refuse_away(away: HubAway) -> WebError {
    refuse(StatusCode::SERVICE_UNAVAILABLE, &away.to_string())
}

fn answer(status: StatusCode, detail: &str, faults: &[FieldFault]) -> WebError {
    let title = status.canonical_reason().unwrap_or("Error");
    let mut problem =
        json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail});
    if !faults.is_empty() {
        problem["errors"] = json!(faults);
    }
    let mut response = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((RETRY_AFTER, "5"));
    }
    if status == StatusCode::UPGRADE_REQUIRED {
        response.insert_header((UPGRADE, "websocket"));
    }
    let response = response.content_type("application/problem+json").body(problem.to_string());
    InternalError::from_response(detail.to_owned(), response).into()
}
