//! Errors as callers see them: `application/problem+json` (RFC 9457).

use std::borrow::Cow;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::error::{Error, FieldFault};
use crate::runtime::hub::HubAway;

/// How long a caller should stay away, in seconds, when the server or its store is away.
const RETRY_AFTER_SECS: u32 = 2;

/// The faults that `detail` spells out; `errors` has them all.
const FAULTS_IN_DETAIL: usize = 5;

/// An error on its way to the caller.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    errors: Vec<FieldFault>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The document, in the words of RFC 9457. Its `type` is `about:blank`: the status says it all, and
/// the title is the status's own.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document<'a> {
    /// `about:blank`: the status says it all.
    r#type: &'static str,
    /// The status in words.
    title: &'a str,
    /// The status.
    status: u16,
    /// What is wrong, for people.
    detail: &'a str,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldFault],
}

impl Problem {
    /// A problem with this status; `detail` is a sentence for people.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// 404: there is no such thing; `what` names it, e.g. `job 17`.
    pub fn not_found(what: impl fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no {what}"))
    }

    /// 422: these fields are wrong.
    #[must_use]
    pub fn invalid(errors: Vec<FieldFault>) -> Self {
        Self::faulty(StatusCode::UNPROCESSABLE_ENTITY, errors)
    }

    /// 503: it may go well a little later.
    fn away(why: impl fmt::Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why.to_string()).retry_after(RETRY_AFTER_SECS)
    }

    /// Fields or parameters are wrong, and this is how badly.
    pub(super) fn faulty(status: StatusCode, errors: Vec<FieldFault>) -> Self {
        let mut named: Vec<String> =
            errors.iter().take(FAULTS_IN_DETAIL).map(|e| format!("{} {}", e.field, e.message)).collect();
        if errors.len() > FAULTS_IN_DETAIL {
            named.push(format!("and {} more", errors.len() - FAULTS_IN_DETAIL));
        }
        Self { errors, ..Self::new(status, named.join("; ")) }
    }

    /// Adds a header to the answer, unless the value is none that a header can have.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).map(|value| (name, value)));
        self
    }

    /// Adds `Retry-After`.
    #[must_use]
    pub fn retry_after(self, secs: u32) -> Self {
        self.with_header(header::RETRY_AFTER, &secs.to_string())
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence for people.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// What is wrong with which field.
    #[must_use]
    pub fn errors(&self) -> &[FieldFault] {
        &self.errors
    }

    /// The answer to the caller.
    #[must_use]
    pub fn response(&self) -> HttpResponse {
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
        };
        let mut response = HttpResponse::build(self.status);
        response.content_type("application/problem+json");
        for (name, value) in &self.headers {
            response.append_header((name.clone(), value.clone()));
        }
        // A struct of texts and numbers always has a JSON form.
        response.body(serde_json::to_vec(&document).unwrap_or_default())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.as_u16(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => Self::not_found(what),
            Error::Conflict(why) => Self::new(StatusCode::CONFLICT, why),
            Error::Invalid(faults) => Self::invalid(faults),
            Error::Busy(why) => Self::new(StatusCode::TOO_MANY_REQUESTS, why).retry_after(RETRY_AFTER_SECS),
            Error::ShuttingDown | Error::Unavailable(_) => Self::away(error),
        }
    }
}

impl From<HubAway> for Problem {
    fn from(away: HubAway) -> Self {
        Self::away(away)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;

    fn read(problem: &Problem) -> (HttpResponse, serde_json::Value) {
        let (head, body) = problem.response().into_parts();
        let bytes = body.try_into_bytes().unwrap();
        (head.set_body(()).map_into_boxed_body(), serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn every_error_has_its_status() {
        let cases = [
            (Error::NotFound("job 17".into()), 404, "there is no job 17"),
            (Error::Conflict("job 17 is running".into()), 409, "job 17 is running"),
            (Error::invalid("priority", "must be from 1 to 10"), 422, "priority must be from 1 to 10"),
            (Error::Busy("enough".into()), 429, "enough"),
            (Error::ShuttingDown, 503, "the server is shutting down"),
            (Error::Unavailable("disk full".into()), 503, "the store is unavailable: disk full"),
        ];
        for (error, status, detail) in cases {
            let (response, body) = read(&Problem::from(error));
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(body["status"], status);
            assert_eq!(body["detail"], detail);
            assert_eq!(body["type"], "about:blank");
            assert!(!body["title"].as_str().unwrap().is_empty());
            assert_eq!(response.headers().contains_key("retry-after"), [429, 503].contains(&status));
            assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
        }
    }

    #[test]
    fn all_faults_are_listed_but_the_detail_stays_short() {
        let faults = (0..8).map(|n| FieldFault::new(format!("f{n}"), "is wrong")).collect();
        let (_, body) = read(&Problem::invalid(faults));
        assert_eq!(body["errors"].as_array().unwrap().len(), 8);
        assert_eq!(body["errors"][7]["field"], "f7");
        assert!(body["detail"].as_str().unwrap().ends_with("and 3 more"));
    }
}
