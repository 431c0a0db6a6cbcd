//! What an error of a program means for the job.

use std::fmt;

use serde::Serialize;

use crate::workers::Failure;

/// The kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The job asks for something that cannot be.
    BadInput,
    /// Somebody must sign in, or may not.
    Auth,
    /// It is not there.
    NotFound,
    /// It may work the next time.
    Transient,
    /// Not the job's fault: callboard or its configuration is wrong.
    Internal,
}

impl Class {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadInput => "bad_input",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::Transient => "transient",
            Self::Internal => "internal",
        }
    }
}

/// An error with its kind. Shown as `not_found: …`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Its kind.
    pub class: Class,
    /// What went wrong.
    pub error: String,
}

impl Trouble {
    /// One of a kind.
    pub fn new(class: Class, error: impl fmt::Display) -> Self {
        Self { class, error: error.to_string() }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class.as_str(), self.error)
    }
}

impl From<Trouble> for Failure {
    /// Only what may work the next time is tried again.
    fn from(trouble: Trouble) -> Self {
        match trouble.class {
            Class::Transient => Self::retry(trouble),
            _ => Self::fatal(trouble),
        }
    }
}
