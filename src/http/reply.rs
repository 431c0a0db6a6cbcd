//! Answers in JSON.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

use super::problem::Problem;

/// What a handler gives back.
pub(crate) type Reply = Result<HttpResponse, Problem>;

/// Room for a job of usual size, so that writing one does not grow the buffer again and again.
const USUAL_SIZE: usize = 1024;

/// An answer with this status and body.
pub(crate) fn json<T: Serialize + ?Sized>(status: StatusCode, body: &T) -> Reply {
    Ok(HttpResponse::build(status).content_type("application/json").body(bytes(body)?))
}

/// 200 with this body.
pub(crate) fn ok<T: Serialize + ?Sized>(body: &T) -> Reply {
    json(StatusCode::OK, body)
}

/// The body's bytes, written once.
pub(super) fn bytes<T: Serialize + ?Sized>(body: &T) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(USUAL_SIZE);
    serde_json::to_writer(&mut bytes, body).map_err(|e| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the answer cannot be written as JSON: {e}"))
    })?;
    Ok(bytes)
}
