//! Every way in which an attempt can end.

use std::time::Duration;

use super::{Json, Outcome, Timestamp};

/// What became of an attempt, as the runtime tells the store.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The worker is done; its result, if it has one.
    Success(Option<Json>),
    /// It failed and may be tried again; the worker may have named its own delay.
    Error {
        /// What went wrong, with its chain of causes.
        message: String,
        /// Instead of the backoff.
        retry_in: Option<Duration>,
    },
    /// It failed and must not be tried again.
    Fatal(String),
    /// It took longer than it may.
    Timeout(String),
    /// The worker wants to be called again after this time; not a failure.
    Snooze(Duration),
    /// The worker waits for a signal; not a failure.
    Wait {
        /// For which.
        signal: String,
        /// Until when.
        until: Timestamp,
    },
    /// It stopped because it was asked to.
    Cancelled,
    /// Shutdown took it back before it was done.
    Released,
}

impl Verdict {
    /// How the attempt's row names it.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Success(_) => Outcome::Success,
            Self::Error { .. } => Outcome::Error,
            Self::Fatal(_) => Outcome::Fatal,
            Self::Timeout(_) => Outcome::Timeout,
            Self::Snooze(_) | Self::Wait { .. } => Outcome::Snoozed,
            Self::Cancelled => Outcome::Cancelled,
            Self::Released => Outcome::Released,
        }
    }

    /// The same with the failure's text, if it is one, put in other words.
    #[must_use]
    pub fn reworded(self, say: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Error { message, retry_in } => Self::Error { message: say(&message), retry_in },
            Self::Fatal(message) => Self::Fatal(say(&message)),
            Self::Timeout(message) => Self::Timeout(say(&message)),
            other => other,
        }
    }

    /// The failure's text, if it is one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Error { message, .. } | Self::Fatal(message) | Self::Timeout(message) => Some(message),
            _ => None,
        }
    }
}
