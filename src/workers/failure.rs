//! The ways in which a worker can end other than with a result.

use std::fmt;
use std::time::Duration;

use crate::domain::Timestamp;

/// What a worker gives back.
pub type RunResult<T> = Result<T, Failure>;

/// Why a worker did not finish. Any error turns into [`Failure::Retry`] by `?`, with its chain of
/// causes.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// Try again, after the backoff or after the delay named here.
    Retry {
        /// What went wrong.
        message: String,
        /// Instead of the backoff.
        after: Option<Duration>,
    },
    /// Do not try again.
    Fatal(String),
    /// Not a failure: call again after this time.
    Snooze(Duration),
    /// Not a failure: call again when this signal has come, or when the time is up. It is what
    /// [`wait_for_signal`](super::Context::wait_for_signal) ends an attempt with.
    Wait {
        /// The signal.
        signal: String,
        /// Until when.
        until: Timestamp,
    },
    /// It stopped because its token was cancelled.
    Cancelled,
}

impl Failure {
    /// Try again after the backoff.
    pub fn retry(message: impl fmt::Display) -> Self {
        Self::Retry { message: message.to_string(), after: None }
    }

    /// Try again after this delay.
    pub fn retry_after(message: impl fmt::Display, after: Duration) -> Self {
        Self::Retry { message: message.to_string(), after: Some(after) }
    }

    /// Do not try again.
    pub fn fatal(message: impl fmt::Display) -> Self {
        Self::Fatal(message.to_string())
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::retry(chain(&error))
    }
}

/// An error and its causes, joined by `: `, leaving out a cause that its parent's text repeats.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
