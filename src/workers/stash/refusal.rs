//! What it means when the library says no.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::workers::{Failure, http_call};

/// Texts of errors that pass by themselves: its database has one writer.
const PASSING: [&str; 3] = ["database is locked", "database table is locked", "context deadline exceeded"];

/// One entry of `errors`.
#[derive(Debug, Deserialize)]
pub(super) struct Complaint {
    message: String,
}

/// The failure when an answer came that holds errors. It is final unless it is known to pass: the
/// query and its values are the same next time.
pub(super) fn complaint(errors: &[Complaint]) -> Failure {
    let text = errors.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join("; ");
    let message = format!("the library answered with an error{}", http_call::quoted(&text));
    if PASSING.iter().any(|passing| text.contains(passing)) {
        Failure::retry(message)
    } else {
        Failure::Fatal(message)
    }
}

/// The failure when a call was refused.
pub(super) fn refusal(status: StatusCode, after: Option<Duration>, body: &str) -> Failure {
    let message = format!("the library answered {status}{}", http_call::quoted(body));
    match status.as_u16() {
        401 | 403 => Failure::fatal(format_args!("{message}; check stash.api_key_env or stash.api_key_file")),
        404 => Failure::fatal(format_args!("{message}; check stash.url")),
        422 => Failure::fatal(format_args!("{message}; this version of the server does not know the query")),
        300..=399 => Failure::fatal(format_args!("{message}; it redirects, so stash.url is not its address")),
        408 | 425 | 429 | 500.. => Failure::Retry { message, after },
        _ => Failure::Fatal(message),
    }
}
