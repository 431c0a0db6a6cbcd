//! What it means when the endpoint says no.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::workers::{Failure, http_call};

/// What the endpoint complains about.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Complaint {
    message: Option<String>,
    code: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Complaint {
    /// Whether nothing will change before somebody pays.
    fn is_about_money(&self) -> bool {
        let code = self.code.as_ref().and_then(Value::as_str);
        [code, self.kind.as_deref()].contains(&Some("insufficient_quota"))
    }

    /// The failure when it comes in the middle of an answer.
    pub fn in_the_middle(&self) -> Failure {
        let message = self.message.as_deref().unwrap_or("it does not say why");
        let message = format!("the endpoint broke off its answer{}", http_call::quoted(message));
        if self.is_about_money() { Failure::Fatal(message) } else { Failure::retry(message) }
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: Complaint,
}

/// The failure when a whole call was refused.
pub(super) fn refusal(status: StatusCode, retry_after: Option<Duration>, body: &str) -> Failure {
    let complaint = serde_json::from_str(body).map_or_else(|_| Complaint::default(), |r: Refusal| r.error);
    let said = complaint.message.as_deref().unwrap_or(body);
    let message = format!("the endpoint answered {status}{}", http_call::quoted(said));
    if complaint.is_about_money() {
        return Failure::fatal(format_args!("{message} (the account's quota is used up)"));
    }
    match status.as_u16() {
        408 | 409 | 425 | 429 | 500.. => Failure::Retry { message, after: retry_after },
        401 | 403 => Failure::fatal(format_args!("{message}; check llm.api_key_env or llm.api_key_file")),
        404 => Failure::fatal(format_args!("{message}; check llm.base_url and llm.model")),
        300..=399 => {
            Failure::fatal(format_args!("{message}; it redirects, so llm.base_url is not its address"))
        }
        _ => Failure::Fatal(message),
    }
}
