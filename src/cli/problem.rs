//! A refusal by the server, for people.

use std::fmt;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::error::FieldFault;

/// What the server said, from `application/problem+json` or, failing that, from the status.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    retry_after: Option<String>,
    body: Body,
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    title: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    errors: Vec<FieldFault>,
}

impl Problem {
    /// Reads an answer that is not a success.
    pub(super) fn read(status: StatusCode, retry_after: Option<String>, text: &str) -> Self {
        Self { status, retry_after, body: serde_json::from_str(text).unwrap_or_default() }
    }

    /// Whether the server may answer otherwise in a while.
    pub(super) fn is_passing(&self) -> bool {
        self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS
    }

    fn headline(&self) -> String {
        let title = self.body.title.as_deref().or(self.status.canonical_reason()).unwrap_or("refused");
        match &self.body.detail {
            Some(detail) => format!("{detail} ({} {title})", self.status.as_u16()),
            None => format!("the server answered {} {title}", self.status.as_u16()),
        }
    }

    fn hint(&self) -> Option<String> {
        match self.status {
            StatusCode::UNAUTHORIZED => Some("give a token with --token or CALLBOARD_TOKEN".into()),
            StatusCode::FORBIDDEN => Some("the role of this token does not allow it".into()),
            status if status.is_redirection() => {
                Some("the server has moved: name its new address with --url".into())
            }
            _ => self.retry_after.as_ref().map(|secs| format!("try again in {secs} s")),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        for fault in &self.body.errors {
            write!(f, "\n  {}: {}", fault.field, fault.message)?;
        }
        if let Some(hint) = self.hint() {
            write!(f, "\n{hint}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_wrong_field_on_a_line_of_its_own() {
        let text = r#"{"title":"Unprocessable Content","status":422,"detail":"2 fields are wrong",
            "errors":[{"field":"priority","message":"must be from 1 to 10"},{"field":"tags","message":"at most 20"}]}"#;
        let shown = Problem::read(StatusCode::UNPROCESSABLE_ENTITY, None, text).to_string();
        assert_eq!(
            shown,
            "2 fields are wrong (422 Unprocessable Content)\n  priority: must be from 1 to 10\n  tags: at most 20"
        );
    }

    #[test]
    fn makes_do_with_a_bare_status() {
        let shown = Problem::read(StatusCode::BAD_GATEWAY, Some("5".into()), "<html>").to_string();
        assert_eq!(shown, "the server answered 502 Bad Gateway\ntry again in 5 s");
    }
}
